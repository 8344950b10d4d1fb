//! `mappe wallet`: the citizen's wallet in a folder.

mod offer;
mod open;
mod present;
mod receive;
mod words;

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use wallet_core::codec::{Json, Object};
use wallet_core::credential::Format;
use wallet_core::rulebook::Rulebook;
use wallet_core::wallet::{Entry, Event, Holding, HoldingId, Outcome as EntryOutcome, Renewal};

use crate::args::{WalletArgs, WalletCommand};
use crate::report::{Failure, Outcome, Paint, marked, safe, table};

pub(crate) use open::{OpenWallet, failed};
pub(crate) use present::{Wish, present};
pub(crate) use receive::receive;
pub(crate) use words::language;

pub(crate) fn run(args: WalletArgs) -> Outcome {
    if let WalletCommand::Init = args.command {
        let wallet = OpenWallet::create(&args)?;
        let report = Object::new()
            .with("dir", Json::from(wallet.dir.display().to_string()))
            .with("environment", Json::from(wallet.wallet.environment().name()));
        if args.json {
            outln!("{}", marked(report));
        } else {
            outln!(
                "made a wallet in {} for {}",
                wallet.dir.display(),
                wallet.wallet.environment().name()
            );
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut wallet = OpenWallet::open(&args)?;
    match &args.command {
        WalletCommand::Init => {}
        WalletCommand::Receive { offer, tx_code, yes } => receive::run(&mut wallet, offer, tx_code.as_deref(), *yes)?,
        WalletCommand::Present {
            request,
            origin,
            yes,
            select,
        } => {
            let wish = Wish { yes: *yes, select };
            return match origin {
                Some(origin) => present::run(&mut wallet, &present::Asked::of_page(request, origin)?, &wish),
                None => present::run(&mut wallet, &present::Asked::Link(request), &wish),
            };
        }
        WalletCommand::OfferInPerson { listen, yes, select } => {
            let (listen, yes) = (*listen, *yes);
            return offer::run(&mut wallet, offer::Wish { listen, yes, select });
        }
        WalletCommand::List => list(&wallet)?,
        WalletCommand::Show { id } => show(&wallet, id)?,
        WalletCommand::History => history(&wallet)?,
        WalletCommand::Delete { id, yes } => delete(&mut wallet, id, *yes)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks a person; whoever is no person at a terminal gets `None`.
pub(crate) fn ask(question: &str) -> Option<bool> {
    if !io::stdin().is_terminal() {
        return None;
    }
    err!("{question} [y/N] ");
    let _ = io::stderr().flush();
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).ok()?;
    Some(matches!(line.trim().to_lowercase().as_str(), "y" | "yes" | "j" | "ja"))
}

/// Asks a person for a number up to `most`; nothing, or something else, is `None`.
pub(crate) fn number(question: &str, most: usize) -> Option<usize> {
    err!("{question} ");
    let _ = io::stderr().flush();
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).ok()?;
    line.trim().parse().ok().filter(|number| *number <= most)
}

fn holding(wallet: &OpenWallet, id: &str) -> Result<Holding, Failure> {
    let unknown = || {
        Failure::new(
            "wallet.no_such_holding",
            format!("{} is not there", safe(id)),
            "the wallet holds no credential of this identifier",
            "see `mappe wallet list`",
        )
    };
    let id = HoldingId::parse(id).ok_or_else(unknown)?;
    wallet.wallet.holding(id).map_err(|_| unknown())
}

/// A holding as JSON, without the values.
pub(crate) fn describe(holding: &Holding, rulebook: &Rulebook) -> Object {
    let time = |time: Option<wallet_core::time::Timestamp>| time.map(|time| Json::from(time.to_string()));
    Object::new()
        .with("id", Json::from(holding.id.to_string()))
        .with("format", Json::from(holding.format.name()))
        .with(
            match holding.format {
                Format::MsoMdoc => "doctype",
                _ => "vct",
            },
            holding.type_names.first().map(|name| Json::from(name.as_str())),
        )
        .with("name", Json::from(holding.display_name(rulebook, language())))
        .with("issuer", Json::from(holding.issuer.party.name.as_str()))
        .with("environment", Json::from(holding.issuer.party.environment.name()))
        .with("received", Json::from(holding.received_at.to_string()))
        .with("valid_until", time(holding.valid_until))
        .with("copies_left", Json::from(holding.unused()))
}

fn list(open: &OpenWallet) -> Result<(), Failure> {
    let rulebook = Rulebook::bundled();
    let holdings = open.wallet.holdings().map_err(failed("the wallet is not listed"))?;
    if open.json {
        outln!(
            "{}",
            Json::Array(
                holdings
                    .iter()
                    .map(|holding| describe(holding, &rulebook).into())
                    .collect()
            )
        );
        return Ok(());
    }
    if holdings.is_empty() {
        outln!("the wallet is empty; `mappe wallet receive OFFER` collects a credential");
        return Ok(());
    }
    let head = ["id", "credential", "format", "issuer", "copies", "note"]
        .map(str::to_owned)
        .to_vec();
    let rows = holdings.iter().map(|holding| {
        let note = match holding.renewal(open.now()) {
            Renewal::NotNeeded => String::new(),
            _ => "needs renewal".to_owned(),
        };
        vec![
            holding.id.to_string(),
            safe(holding.display_name(&rulebook, language())),
            words::format_label(holding.format.name()),
            safe(&holding.issuer.party.name),
            holding.unused().to_string(),
            note,
        ]
    });
    out!("{}", table(&std::iter::once(head).chain(rows).collect::<Vec<_>>()));
    Ok(())
}

fn show(open: &OpenWallet, id: &str) -> Result<(), Failure> {
    let rulebook = Rulebook::bundled();
    let holding = holding(open, id)?;
    let credential = open
        .wallet
        .read_credential(&holding)
        .map_err(failed("the credential is not shown"))?;
    let claims = credential.credential().claims();
    if open.json {
        outln!(
            "{}",
            marked(describe(&holding, &rulebook).with("claims", Json::Object(claims.clone())))
        );
        return Ok(());
    }
    let paint = Paint::stdout();
    outln!("{}", paint.bold(safe(holding.display_name(&rulebook, language()))));
    outln!(
        "{} from {}, received {}, {} copies left",
        words::format_label(holding.format.name()),
        safe(&holding.issuer.party.name),
        holding.received_at,
        holding.unused()
    );
    let type_name = credential.credential().type_name();
    for line in words::lines(&rulebook, holding.format, type_name, claims, |_| None) {
        outln!("  {line}");
    }
    // Lessons S34: a wallet's screen is no proof.
    outln!(
        "{}",
        paint.dim("shown for you alone: only a verifier can say that a credential is valid")
    );
    Ok(())
}

fn history(open: &OpenWallet) -> Result<(), Failure> {
    let entries = open.wallet.history().map_err(failed("the history is not shown"))?;
    if open.json {
        outln!(
            "{}",
            Json::Array(entries.iter().map(|entry| entry.to_transaction().into()).collect())
        );
        return Ok(());
    }
    for entry in &entries {
        outln!("{}", line(entry));
    }
    Ok(())
}

fn line(entry: &Entry) -> String {
    let rulebook = Rulebook::bundled();
    let what = match &entry.event {
        Event::Issuance(event) => format!(
            "received {} copies of {} from {}",
            event.issued,
            words::type_label(&rulebook, &event.credential_type),
            safe(&event.issuer.name)
        ),
        Event::Presentation(event) => {
            let sent = event
                .sent
                .iter()
                .map(|sent| {
                    let paths = sent
                        .paths
                        .iter()
                        .map(|path| words::place(&rulebook, &sent.credential_type, path));
                    let paths = paths.collect::<Vec<_>>().join(", ");
                    format!("{}: {paths}", words::type_label(&rulebook, &sent.credential_type))
                })
                .collect::<Vec<_>>();
            let sent = if sent.is_empty() {
                "nothing".to_owned()
            } else {
                sent.join("; ")
            };
            format!("{} asked, was shown {sent}", safe(&event.party.name))
        }
        Event::Deletion(event) => format!(
            "deleted {} of {}",
            words::type_label(&rulebook, &event.credential_type),
            safe(&event.issuer.name)
        ),
        _ => "something else".to_owned(),
    };
    let outcome = match &entry.outcome {
        EntryOutcome::Completed => String::new(),
        EntryOutcome::NotCompleted(code) => format!(" (not completed: {code})"),
        _ => " (not finished)".to_owned(),
    };
    format!("{}  {what}{outcome}", entry.time)
}

fn delete(open: &mut OpenWallet, id: &str, yes: bool) -> Result<(), Failure> {
    let holding = holding(open, id)?;
    if !yes && !open.json && ask("Delete this credential with all its copies and keys?") == Some(false) {
        return Err(Failure::new(
            "user.refused",
            "nothing was deleted",
            "you said no",
            "run the command again to delete",
        ));
    }
    let now = open.now();
    open.wallet
        .delete(holding.id, now, &mut wallet_server::SystemRandom::new())
        .map_err(failed("the credential is not deleted"))?;
    if open.json {
        outln!(
            "{}",
            marked(Object::new().with("deleted", Json::from(holding.id.to_string())))
        );
    } else {
        outln!("deleted; the issuer was not told");
    }
    Ok(())
}
