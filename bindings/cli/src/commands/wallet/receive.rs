//! `mappe wallet receive`: the driver of an issuance.

use std::io::{self, IsTerminal as _};

use wallet_core::codec::{Json, Object};
use wallet_core::credential::Format;
use wallet_core::issuance::{
    Answer, Config, IssuanceError, OfferSummary, Outcome, Preview, Report, Step, Topic, begin,
};
use wallet_core::rulebook::Rulebook;
use wallet_core::wallet::{Code, Event, HoldingId, Issuance, Outcome as EntryOutcome, Party, make_keys};
use wallet_server::SystemRandom;

use super::open::{OpenWallet, failed};
use super::words;
use crate::report::{Failure, Paint, marked, safe};

/// No honest issuance needs more; a peer that answers each request with another must not keep us for ever.
const MOST_STEPS: usize = 64;
/// Longer than a person waits at a command line.
const LONGEST_WAIT: i64 = 30;

pub(super) fn run(open: &mut OpenWallet, offer: &str, tx_code: Option<&str>, yes: bool) -> Result<(), Failure> {
    let ids = receive(open, offer, tx_code, yes)?;
    let rulebook = Rulebook::bundled();
    let mut holdings = Vec::new();
    for id in ids {
        holdings.push(open.wallet.holding(id).map_err(failed("the credential is not shown"))?);
    }
    if open.json {
        let credentials = holdings
            .iter()
            .map(|holding| super::describe(holding, &rulebook).into())
            .collect();
        outln!(
            "{}",
            marked(Object::new().with("credentials", Json::Array(credentials)))
        );
        return Ok(());
    }
    for holding in &holdings {
        let name = safe(holding.display_name(&rulebook, words::language()));
        outln!(
            "{} {name} from {}, {} copies ({})",
            Paint::stdout().green("received"),
            safe(&holding.issuer.party.name),
            holding.unused(),
            holding.id
        );
    }
    Ok(())
}

/// Runs an issuance to its end and stores what came; one that fails is noted in the history (ARF `DASH_02`).
pub(crate) fn receive(
    open: &mut OpenWallet,
    offer: &str,
    tx_code: Option<&str>,
    yes: bool,
) -> Result<Vec<HoldingId>, Failure> {
    let mut about = None;
    let result = collect(open, offer, tx_code, yes, &mut about);
    if let (Err(failure), Some(summary)) = (&result, &about) {
        let (now, environment) = (open.now(), open.wallet.environment());
        // Nobody has vouched for the issuer yet: what is noted is the identifier that it goes by.
        let party = Party::new(summary.issuer.as_str(), None, environment);
        let (vct, copies) = summary
            .credentials
            .first()
            .map_or(("", 0), |first| (first.type_name.as_str(), first.copies));
        let event = Event::Issuance(Issuance::failed(party, vct, copies));
        let outcome = Code::parse(&failure.code).map_or(EntryOutcome::Unfinished, EntryOutcome::NotCompleted);
        let _ = open.wallet.record(event, outcome, now, &mut SystemRandom::new());
    }
    result
}

fn collect(
    open: &mut OpenWallet,
    offer: &str,
    tx_code: Option<&str>,
    yes: bool,
    about: &mut Option<OfferSummary>,
) -> Result<Vec<HoldingId>, Failure> {
    let random = &mut SystemRandom::new();
    let mut config = Config::default();
    config.links = open.links;
    config.languages = vec!["de".to_owned(), "en".to_owned()];
    let mut step = begin(offer, &config, random).map_err(|error| refused(&error))?;
    for _ in 0..MOST_STEPS {
        let now = open.now();
        step = match step {
            Step::Send(exchange) => {
                let response = open.client.execute(exchange.request()).map_err(|error| {
                    Failure::new(
                        "http",
                        "the offer was not collected",
                        &error,
                        "check the connection and try again",
                    )
                })?;
                exchange
                    .answer(&response, &open.trust, now)
                    .map_err(|error| refused(&error))?
            }
            Step::Keys(order) => {
                let keys = make_keys(&mut open.wallet.software_keys(), &order, now, random).map_err(|error| {
                    Failure::new(
                        error.code(),
                        "no key was made",
                        error,
                        "check the wallet's folder and the disk",
                    )
                })?;
                order.answer(keys, now).map_err(|error| refused(&error))?
            }
            Step::Sign(signing) => {
                let signatures = open.sign(&signing.requests())?;
                signing.answer(&signatures).map_err(|error| refused(&error))?
            }
            Step::Ask(question) => {
                if let Topic::Offer(summary) = question.topic() {
                    *about = Some(summary.clone());
                }
                let answer = decide(open, question.topic(), tx_code, yes)?;
                if let Answer::Code(code) = &answer {
                    question.check_code(code).map_err(|error| {
                        Failure::usage(
                            "tx_code.form",
                            "the transaction code is not sent",
                            error,
                            "check the code that you got and give it with --tx-code",
                        )
                    })?;
                }
                question
                    .answer(answer, &open.trust, now)
                    .map_err(|error| refused(&error))?
            }
            Step::Wait(deferred) => {
                let wait = deferred.until().since(now);
                if wait > LONGEST_WAIT {
                    return Err(Failure::new(
                        "issuance.deferred",
                        "the credential is not there yet",
                        format!("the issuer says to come back at {}", deferred.until()),
                        "ask the issuer for a new offer later",
                    ));
                }
                std::thread::sleep(std::time::Duration::from_secs(u64::try_from(wait).unwrap_or(0)));
                deferred.answer(open.now()).map_err(|error| refused(&error))?
            }
            Step::Done(outcome) => return finish(open, outcome),
        };
    }
    Err(Failure::new(
        "issuance.too_many_steps",
        "the offer was not collected",
        "the issuer does not come to an end",
        "tell the issuer",
    ))
}

fn finish(open: &mut OpenWallet, outcome: Outcome) -> Result<Vec<HoldingId>, Failure> {
    let random = &mut SystemRandom::new();
    match outcome {
        Outcome::Received(receipt) => {
            let kept = open.wallet.keep(receipt, &Rulebook::bundled(), open.now(), random);
            let (ids, notice) = kept.map_err(failed("the credential is not stored"))?;
            report(open, notice);
            Ok(ids)
        }
        Outcome::Declined { report: notice } => {
            report(open, notice);
            Err(Failure::new(
                "user.refused",
                "nothing was received",
                "you said no",
                "run the command again to collect the offer",
            ))
        }
        Outcome::Refused { error, report: notice } => {
            report(open, notice);
            Err(refused(&error))
        }
        _ => Err(Failure::new(
            "issuance.ended",
            "nothing was received",
            "the issuance ended before anything came",
            "ask the issuer for a new offer",
        )),
    }
}

/// Tells the issuer what became of its credentials; whether it hears changes nothing.
fn report(open: &OpenWallet, notice: Option<Report>) {
    let Some(Ok(mut step)) = notice.map(|notice| notice.send(open.now())) else {
        return;
    };
    for _ in 0..MOST_STEPS {
        step = match step {
            Step::Send(exchange) => match open
                .client
                .execute(exchange.request())
                .map(|response| exchange.answer(&response, &open.trust, open.now()))
            {
                Ok(Ok(step)) => step,
                _ => return,
            },
            _ => return,
        };
    }
}

fn refused(error: &IssuanceError) -> Failure {
    let remedy = match error.code() {
        "url.not_https" => "ask the issuer for an https link; a test on this machine needs a test wallet and --dev",
        _ => error.remedy(),
    };
    Failure::new(error.code(), "the offer was not collected", error, remedy)
}

/// Shows what is asked and finds the answer: the person's at a terminal, else that of the command line.
fn decide(open: &OpenWallet, topic: &Topic, tx_code: Option<&str>, yes: bool) -> Result<Answer, Failure> {
    let asks = !yes && !open.json && io::stdin().is_terminal();
    let agree = |question: &str| {
        if !asks || super::ask(question) == Some(true) {
            Answer::Yes
        } else {
            Answer::No
        }
    };
    match topic {
        Topic::Contact { host } => Ok(agree(&format!("Contact {}?", safe(host)))),
        Topic::Offer(summary) => {
            if !open.json {
                show_offer(summary);
            }
            let agreed = agree("Collect these credentials?");
            if summary.tx_code.is_none() || agreed == Answer::No {
                return Ok(agreed);
            }
            let code = match tx_code {
                Some(code) => code.to_owned(),
                None if io::stdin().is_terminal() => {
                    rpassword::prompt_password(format!("Transaction code for {}: ", safe(&summary.code_goes_to)))
                        .unwrap_or_default()
                }
                None => {
                    return Err(Failure::usage(
                        "tx_code.missing",
                        "the offer was not collected",
                        "it needs the transaction code that you got by another way",
                        "give it with --tx-code",
                    ));
                }
            };
            Ok(Answer::Code(code))
        }
        Topic::Keep(preview) => {
            if !open.json {
                show_preview(preview);
            }
            Ok(agree("Keep these credentials?"))
        }
        _ => Ok(Answer::No),
    }
}

fn show_offer(summary: &OfferSummary) {
    outln!("offer of {}", Paint::stdout().bold(safe(&summary.issuer)));
    if let Some(name) = &summary.claimed_name {
        outln!("  calls itself {} (not verified)", safe(name));
    }
    for credential in &summary.credentials {
        outln!(
            "  {} ({}, {}), {} copies",
            safe(credential.name.as_deref().unwrap_or(&credential.type_name)),
            words::format_label(&credential.format),
            safe(&credential.type_name),
            credential.copies
        );
    }
    for left_out in &summary.left_out {
        outln!("  left out, format not supported: {}", safe(left_out));
    }
}

fn show_preview(preview: &Preview) {
    let mark = if preview.test { "  (TEST)" } else { "" };
    outln!("issued by {}{mark}", Paint::stdout().bold(safe(&preview.issuer_name)));
    let rulebook = Rulebook::bundled();
    for credential in &preview.credentials {
        outln!(
            "{} ({}), {} copies, by {}",
            Paint::stdout().bold(words::type_label(&rulebook, &credential.type_name)),
            words::format_label(&credential.format),
            credential.copies,
            safe(&credential.issuer_name)
        );
        let format = Format::from_name(&credential.format).unwrap_or(Format::DcSdJwt);
        let (type_name, claims) = (&credential.type_name, &credential.claims);
        for line in words::lines(&rulebook, format, type_name, claims, |_| None) {
            outln!("  {line}");
        }
    }
}
