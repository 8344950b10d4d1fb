//! `mappe wallet present`: the driver of a presentation.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::ExitCode;

use wallet_core::codec::{Json, Object};
use wallet_core::credential::{ClaimPath, Format};
use wallet_core::presentation::{
    Arrival, Choice, Consent, Context, DcApiResponse, Decision, Outcome, PresentationError, Receipt, Step, Verdict,
    Warning, begin, begin_dc_api,
};
use wallet_core::protocol::openid4vp::DcApiProtocol;
use wallet_core::rulebook::Rulebook;
use wallet_core::trust::Environment;
use wallet_core::wallet::{Code, EntryId, Event, Outcome as EntryOutcome, Party, Presentation};
use wallet_server::SystemRandom;

use super::open::{OpenWallet, failed, holding_of};
use super::words;
use crate::commands::input;
use crate::report::{Failure, Outcome as CommandOutcome, Paint, marked, safe};

const MOST_STEPS: usize = 16;

/// What the user decided beforehand on the command line.
pub(crate) struct Wish<'a> {
    pub(crate) yes: bool,
    pub(crate) select: &'a [String],
}

/// What became of a request.
pub(crate) struct Presented {
    pub(crate) receipt: Receipt,
    pub(crate) redirect: Option<String>,
    /// What the platform hands back to the page.
    response: Option<DcApiResponse>,
}

/// How the request came.
pub(super) enum Asked<'a> {
    Link(&'a str),
    Page {
        protocol: String,
        data: Json,
        origin: &'a str,
    },
}

impl<'a> Asked<'a> {
    /// Reads what a page gave to `navigator.credentials.get`: of its requests the first in a protocol spoken here, as
    /// the platform would choose.
    pub(super) fn of_page(file: &str, origin: &'a str) -> Result<Self, Failure> {
        let given = input::read_json(Path::new(file))?;
        let digital = given.get("digital").unwrap_or(&given);
        let one = std::slice::from_ref(digital);
        let requests = digital.get("requests").and_then(Json::as_array).unwrap_or(one);
        let protocol = |request: &Json| request.get("protocol").and_then(Json::as_str).map(str::to_owned);
        let spoken = |request: &&Json| protocol(request).is_some_and(|name| DcApiProtocol::from_name(&name).is_some());
        let request = requests.iter().find(spoken).or(requests.first());
        let read = || Some((protocol(request?)?, request?.get("data")?.clone()));
        let (protocol, data) = read().ok_or_else(|| {
            Failure::usage(
                "presentation.dc_api_form",
                "nothing was shown",
                "the file holds no request with `protocol` and `data`",
                "give the JSON that the page hands to navigator.credentials.get",
            )
        })?;
        Ok(Self::Page { protocol, data, origin })
    }
}

pub(super) fn run(open: &mut OpenWallet, asked: &Asked<'_>, wish: &Wish<'_>) -> CommandOutcome {
    let mut answerable = true;
    let presented = noted(open, asked, wish, &mut |open, consent| {
        answerable = consent.proposal().is_some();
        if !open.json {
            show(consent);
        }
    })?;
    let shared = presented.receipt.verdict == Verdict::Shared;
    if open.json {
        let reason = (!answerable).then(|| Json::from("no_credential"));
        outln!("{}", marked(to_json(&presented).with("reason", reason)));
    } else if shared {
        outln!(
            "{} shown to {}",
            Paint::stdout().green("done:"),
            safe(&presented.receipt.party)
        );
        if let Some(link) = &presented.redirect {
            outln!("continue in the browser: {}", safe(link));
        }
        if let Some(response) = &presented.response {
            outln!("for the page: {}", answer(response));
        }
    } else {
        outln!("nothing was shown to {}", safe(&presented.receipt.party));
        if !answerable {
            outln!(
                "    why: no credential in this wallet answers the request; the verifier is told no more than of a no"
            );
            outln!("     do: collect what is missing with `mappe wallet receive`");
        }
    }
    Ok(ExitCode::from(u8::from(!shared)))
}

fn answer(response: &DcApiResponse) -> Json {
    let answer = Object::new().with("protocol", Json::from(response.protocol.as_str()));
    Json::Object(answer.with("data", response.data.clone()))
}

fn to_json(presented: &Presented) -> Object {
    let receipt = &presented.receipt;
    let shared = receipt.shared.iter().map(|shared| {
        let paths = shared.disclosed.iter().map(ClaimPath::to_json).collect();
        Object::new()
            .with("query", Json::from(shared.query.as_str()))
            .with("credential_type", Json::from(shared.credential_type.as_str()))
            .with("disclosed", Json::Array(paths))
            .into()
    });
    let outcome = match receipt.verdict {
        Verdict::Shared => "shared",
        Verdict::OtherWay => "other_way",
        _ => "declined",
    };
    Object::new()
        .with("outcome", Json::from(outcome))
        .with("party", Json::from(receipt.party.as_str()))
        .with("client_id", Json::from(receipt.client_id.as_str()))
        .with("shared", Json::Array(shared.collect()))
        .with("redirect_uri", presented.redirect.as_deref().map(Json::from))
        .with("response", presented.response.as_ref().map(answer))
}

/// Runs a presentation to its end. `look` is shown the consent before anything is decided. A request that is refused
/// is noted in the history too (ARF `DASH_02`).
pub(crate) fn present(
    open: &mut OpenWallet,
    request: &str,
    wish: &Wish<'_>,
    look: &mut dyn FnMut(&OpenWallet, &Consent),
) -> Result<Presented, Failure> {
    noted(open, &Asked::Link(request), wish, look)
}

fn noted(
    open: &mut OpenWallet,
    asked: &Asked<'_>,
    wish: &Wish<'_>,
    look: &mut dyn FnMut(&OpenWallet, &Consent),
) -> Result<Presented, Failure> {
    let mut entry = None;
    let result = go_through(open, asked, wish, look, &mut entry);
    if let (Err(failure), None) = (&result, entry) {
        // Who asked is not known: what a stranger calls itself is not written down as a name (lessons S11).
        let party = Party::new("unauthenticated", None, open.wallet.environment());
        let event = Event::Presentation(Presentation::new(party, Vec::new(), Vec::new()));
        let outcome = Code::parse(&failure.code).map_or(EntryOutcome::Unfinished, EntryOutcome::NotCompleted);
        let now = open.now();
        let _ = open.wallet.record(event, outcome, now, &mut SystemRandom::new());
    }
    result
}

fn go_through(
    open: &mut OpenWallet,
    asked: &Asked<'_>,
    wish: &Wish<'_>,
    look: &mut dyn FnMut(&OpenWallet, &Consent),
    entry: &mut Option<EntryId>,
) -> Result<Presented, Failure> {
    let random = &mut SystemRandom::new();
    let holding = open.wallet.hand().map_err(failed("nothing was shown"))?;
    let trust = open.trust.clone();
    let context = Context::new(&trust, &holding).with_links(open.links);
    let begun = match asked {
        Asked::Link(request) => begin(request, Arrival::Link, &context, open.now(), random),
        Asked::Page { protocol, data, origin } => begin_dc_api(protocol, data, origin, &context, open.now()),
    };
    let mut step = begun.map_err(|error| refused(&error))?;
    let mut about: Option<Presentation> = None;
    let mut declined = false;
    for _ in 0..MOST_STEPS {
        let now = open.now();
        step = match step {
            Step::Send(exchange) => {
                if let (Some(receipt), Some(presentation)) = (exchange.receipt(), about.take()) {
                    // On the disk before it leaves: a crash may lose a copy, but never show one twice.
                    let noted = open.wallet.release(presentation, receipt, now, random);
                    *entry = Some(noted.map_err(failed("nothing was shown"))?);
                    declined = receipt.verdict != Verdict::Shared;
                }
                let sent = open.client.execute(exchange.request());
                let answered = match sent {
                    Ok(response) => exchange
                        .answer(&response, &context, now)
                        .map_err(|error| refused(&error)),
                    Err(error) => Err(Failure::new(
                        "http",
                        "the request was not answered",
                        &error,
                        "check the connection and try again",
                    )),
                };
                match answered {
                    Ok(step) => step,
                    Err(failure) => {
                        conclude(open, entry.filter(|_| !declined), Err(&failure.code));
                        return Err(failure);
                    }
                }
            }
            Step::Ask(consent) => {
                look(open, &consent);
                let presentation = Presentation::of_consent(&consent);
                let decision = match decide(open, &consent, wish) {
                    Ok(decision) => decision,
                    Err(failure) => {
                        let outcome =
                            Code::parse(&failure.code).map_or(EntryOutcome::Unfinished, EntryOutcome::NotCompleted);
                        let noted = open
                            .wallet
                            .record(Event::Presentation(presentation), outcome, now, random);
                        *entry = noted.ok();
                        return Err(failure);
                    }
                };
                about = Some(presentation);
                consent.answer(decision, now, random).map_err(|error| refused(&error))?
            }
            Step::Sign(signing) => {
                let signatures = open.sign(signing.requests())?;
                signing.answer(&signatures, random).map_err(|error| refused(&error))?
            }
            Step::Done(Outcome {
                receipt,
                redirect,
                response,
                ..
            }) => {
                // What the platform will hand over has not left yet.
                if let Some(presentation) = about.take() {
                    let noted = open.wallet.release(presentation, &receipt, now, random);
                    *entry = Some(noted.map_err(failed("nothing was shown"))?);
                    declined = receipt.verdict != Verdict::Shared;
                }
                conclude(open, entry.filter(|_| !declined), Ok(()));
                return Ok(Presented {
                    receipt,
                    redirect: redirect.map(|link| link.to_string()),
                    response,
                });
            }
        };
    }
    Err(Failure::new(
        "presentation.too_many_steps",
        "nothing was shown",
        "the verifier does not come to an end",
        "tell the verifier",
    ))
}

fn conclude(open: &mut OpenWallet, entry: Option<EntryId>, result: Result<(), &str>) {
    let Some(entry) = entry else { return };
    let outcome = match result {
        Ok(()) => EntryOutcome::Completed,
        Err(code) => Code::parse(code).map_or(EntryOutcome::Unfinished, EntryOutcome::NotCompleted),
    };
    let _ = open.wallet.conclude(entry, outcome, &mut SystemRandom::new());
}

fn refused(error: &PresentationError) -> Failure {
    let remedy = match error {
        _ if error.code() == "url.not_https" => {
            "ask the verifier for an https link; a test on this machine needs a test wallet and --dev"
        }
        _ if error.code() == "presentation.request_not_served" => {
            "ask the verifier for a new request; one serves once, and not for long"
        }
        PresentationError::Refused(_) => {
            "do not go on unless you know who asks; a relying party is trusted with `mappe trust add --role relying-parties`"
        }
        PresentationError::PeerMisbehaved(_) | PresentationError::Malformed(_) => {
            "tell the verifier; the request is not as the protocol has it"
        }
        PresentationError::Unsupported(_) => "ask the verifier for another way",
        _ => "try again",
    };
    Failure::new(error.code(), "nothing was shown", error, remedy)
}

/// The person's decision at a terminal, else that of the command line.
fn decide(open: &OpenWallet, consent: &Consent, wish: &Wish<'_>) -> Result<Decision, Failure> {
    let Some(proposal) = consent.proposal() else {
        // The verifier cannot tell whether nothing fits or the answer is no.
        return Ok(Decision::Decline);
    };
    let asks = !wish.yes && !open.json && io::stdin().is_terminal();
    let proposal = match wish.select.is_empty() && asks {
        true => pick(consent).unwrap_or(proposal),
        false => with_options(consent, proposal, wish.select),
    };
    let choice = choose(consent, proposal, wish.select)?;
    if wish.yes {
        return Ok(Decision::Share(choice));
    }
    if !asks {
        return Err(Failure::usage(
            "consent.missing",
            "nothing was shown",
            "you have not agreed, and there is no terminal to ask you",
            "look at the request in a terminal, or agree with --yes",
        ));
    }
    Ok(if super::ask("Show these values?") == Some(true) {
        Decision::Share(choice)
    } else {
        Decision::Decline
    })
}

/// Lets the person pick among several options.
fn pick(consent: &Consent) -> Option<Choice> {
    let sets = consent.sets();
    let mut picked = Vec::new();
    for (number, set) in sets.iter().enumerate() {
        let first = set.options.first()?.index;
        picked.push(match (set.options.len(), set.required) {
            (1, true) => Some(first),
            (count, required) => {
                let none = if required { "" } else { ", or 0 for none" };
                let question = format!("choice {}: which, 1 to {count}{none}? [1]", number + 1);
                match super::number(&question, count) {
                    Some(0) if !required => None,
                    Some(place) if place > 0 => Some(set.options[place - 1].index),
                    _ => Some(first),
                }
            }
        });
    }
    (!picked.is_empty())
        .then(|| consent.proposal_with(&picked).ok())
        .flatten()
}

/// The proposal with those options that the selected queries belong to.
fn with_options(consent: &Consent, proposal: Choice, select: &[String]) -> Choice {
    let queries: Vec<&str> = select.iter().filter_map(|item| Some(item.split_once('=')?.0)).collect();
    let sets = consent.sets();
    let picked: Vec<Option<usize>> = sets
        .iter()
        .map(|set| {
            let named = |query: &String| queries.contains(&query.as_str());
            let mut options = set.options.iter();
            let selected = options.find(|option| option.queries.iter().any(named));
            let first = set.options.first().filter(|_| set.required);
            selected.or(first).map(|option| option.index)
        })
        .collect();
    match picked.is_empty() {
        true => proposal,
        false => consent.proposal_with(&picked).unwrap_or(proposal),
    }
}

/// The smallest answer, changed as the command line says; people name a credential as `mappe wallet list` does.
fn choose(consent: &Consent, proposal: Choice, select: &[String]) -> Result<Choice, Failure> {
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    for item in select {
        let refused = |why: &str| {
            Failure::usage(
                "usage.select",
                format!("--select {} is not used", safe(item)),
                why,
                "see the queries of the request, and `mappe wallet list`",
            )
        };
        let (query, id) = item
            .split_once('=')
            .ok_or_else(|| refused("it is not of the form QUERY=ID"))?;
        let requested = consent.requested().iter().find(|requested| requested.query == query);
        let requested = requested.ok_or_else(|| refused("the request has no such query"))?;
        let mut offers = requested.offers.iter();
        let offer = offers.find(|offer| offer.credential == id || holding_of(&offer.credential) == id);
        wanted.push((
            query,
            &offer
                .ok_or_else(|| refused("that credential does not answer the query"))?
                .credential,
        ));
    }
    let mut choice = Choice::new();
    for (query, credentials) in proposal.iter() {
        if !wanted.iter().any(|(selected, _)| *selected == query) {
            choice = credentials
                .iter()
                .fold(choice, |choice, credential| choice.with(query, credential));
        }
    }
    Ok(wanted
        .into_iter()
        .fold(choice, |choice, (query, credential)| choice.with(query, credential)))
}

/// Shows who asks, for what, and exactly which values would leave.
pub(crate) fn show(consent: &Consent) {
    let paint = Paint::stdout();
    let rulebook = Rulebook::bundled();
    let mark = if consent.environment() == Environment::Test {
        "  (TEST)"
    } else {
        ""
    };
    match consent.party() {
        Some(party) => outln!("{} asks{mark}", paint.bold(safe(&party.name))),
        None => outln!("{}", paint.red("SOMEBODY asks, and nobody vouches for who it is")),
    }
    outln!("  the answer goes to {}", safe(consent.receiver()));
    if let Some(purpose) = consent.stated_purpose() {
        outln!("  says it is for: {} (not verified)", safe(purpose));
    }
    for warning in consent.warnings() {
        let text = match warning {
            Warning::CrossDevice => {
                "the request came from another screen: compare the address with the one you see there"
            }
            Warning::ForeignReceiver => "the answer goes to a host that the certificate does not name",
            Warning::TestEnvironment => "this verifier is one of a test environment",
            Warning::Unauthenticated => "nobody vouches for who asks: show nothing unless you know this page",
            Warning::Unencrypted => "the answer is protected by the connection alone",
            _ => "be careful",
        };
        outln!("  {}", paint.yellow(format!("note: {text}")));
    }
    let sets = consent.sets();
    for (number, set) in sets
        .iter()
        .enumerate()
        .filter(|(_, set)| set.options.len() > 1 || !set.required)
    {
        let kind = if set.required {
            "one of these"
        } else {
            "if you like, one of these"
        };
        outln!("\n{} {kind}:", paint.bold(format!("choice {}", number + 1)));
        for (place, option) in set.options.iter().enumerate() {
            let queries: Vec<_> = option.queries.iter().map(|query| safe(query)).collect();
            outln!("  {}. {}", place + 1, queries.join(" and "));
        }
    }
    for requested in consent.requested() {
        let kind = if requested.required { "" } else { " (optional)" };
        outln!("\n{}{kind}", paint.bold(safe(&requested.query)));
        for offer in &requested.offers {
            outln!(
                "  {} ({}), these values would leave:",
                words::type_label(&rulebook, &offer.credential_type),
                words::format_label(offer.format.name())
            );
            let kept = |path: &ClaimPath| {
                let kept = offer.retained.contains(path);
                kept.then(|| paint.yellow("(the verifier will keep it)"))
            };
            for line in words::lines(&rulebook, offer.format, &offer.credential_type, &offer.claims, kept) {
                outln!("    {line}");
            }
            if offer.format == Format::MsoMdoc {
                outln!("    (with them go the document's type, its times, its issuer and its device key)");
            }
            if offer.shown_before {
                outln!(
                    "    {}",
                    paint.yellow("note: this copy was shown before; whoever saw it could compare notes")
                );
            }
        }
        for why in &requested.why_not {
            outln!("  {} {}: {}", paint.dim("not"), why.credential, why.reason);
        }
    }
}
