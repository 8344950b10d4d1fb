//! `mappe wallet offer-in-person`: the driver of a meeting in person.

use std::io::{self, IsTerminal as _};
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;

use wallet_core::codec::{Json, Object};
use wallet_core::credential::{ClaimPath, Format};
use wallet_core::proximity::{
    Choice, Config, Consent, Context, Decision, End, Engagement, Offer, Opening, Outcome, ProximityError, Step,
    Verdict, offer,
};
use wallet_core::rulebook::{Language, Rulebook};
use wallet_core::trust::Environment;
use wallet_core::wallet::{Code, EntryId, Event, Outcome as EntryOutcome, Party, Presentation};
use wallet_server::SystemRandom;

use super::open::{OpenWallet, failed, holding_of};
use super::words;
use crate::commands::in_person::{Arrived, Link, accept, method, print_qr};
use crate::report::{Failure, Outcome as CommandOutcome, Paint, marked, safe};

/// How the user wants to be asked, and what they decided beforehand.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub(crate) listen: SocketAddr,
    pub(crate) yes: bool,
    pub(crate) select: &'a [String],
}

pub(super) fn run(open: &mut OpenWallet, wish: Wish<'_>) -> CommandOutcome {
    if !wish.listen.ip().is_loopback() {
        return Err(Failure::usage(
            "usage.listen",
            "nothing is offered",
            "the socket stands for a radio of a few metres: it is one of this machine",
            "leave --listen out, or give an address like 127.0.0.1:0",
        ));
    }
    let unusable = |error: io::Error| {
        Failure::usage(
            "usage.listen",
            "nothing is offered",
            error,
            "choose another port with --listen, or leave it out",
        )
    };
    let listener = TcpListener::bind(wish.listen).map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    let meeting = Meeting::new(open, wish);
    meeting.run(&listener, address)
}

/// A meeting as this program drives it.
struct Meeting<'a> {
    open: &'a mut OpenWallet,
    wish: Wish<'a>,
    rulebook: Rulebook,
    /// What the question was, until it is in the history.
    about: Option<Presentation>,
    /// The entry of the answer that is on its way.
    entry: Option<EntryId>,
    /// What stopped us; the reader is told nothing of it.
    failure: Option<Failure>,
    asked: bool,
    answerable: bool,
}

impl<'a> Meeting<'a> {
    fn new(open: &'a mut OpenWallet, wish: Wish<'a>) -> Self {
        Self {
            open,
            wish,
            rulebook: Rulebook::bundled(),
            about: None,
            entry: None,
            failure: None,
            asked: false,
            answerable: true,
        }
    }

    fn run(mut self, listener: &TcpListener, address: SocketAddr) -> CommandOutcome {
        let config = Config::new(vec![method(address)]);
        let first = offer(&config, self.open.now(), &mut SystemRandom::new()).map_err(|error| refused(&error))?;
        let Step::Engage(engagement) = first else {
            return Err(refused(&ProximityError::from(wallet_core::proximity::Misuse::Curve)));
        };
        self.engage(&engagement, address);
        let arrived = accept(listener, engagement.until());
        let arrived = arrived.map_err(|error| Failure::new("proximity.cut", "nobody came", error, "offer again"))?;
        let Some(mut link) = arrived else {
            return Err(Failure::new(
                "proximity.timed_out",
                "nothing was shown",
                "nobody came in time",
                "offer again when the reader is ready",
            ));
        };
        let step = match link.receive(engagement.until()) {
            Arrived::Message(message) => {
                self.take(|context, now| engagement.answer(Opening::Qr, &message, context, now))?
            }
            Arrived::Nothing | Arrived::Cut => engagement.cut(),
        };
        let outcome = self.drive(step, &mut link)?;
        link.hang_up();
        self.report(&outcome)
    }

    fn engage(&self, engagement: &Engagement, address: SocketAddr) {
        let text = engagement.qr_text();
        if self.open.json {
            let line = Object::new()
                .with("engagement", Json::from(text.as_str()))
                .with("listen", Json::from(address.to_string()));
            outln!("{}", marked(line));
        } else {
            print_qr(&text);
            outln!("{text}");
            outln!(
                "{}",
                Paint::stdout().dim(say(
                    "zeigen Sie diesen Code dem Lesegerät; auf diesem Rechner: mappe reader --engagement TEXT",
                    "show this code to the reader; on this machine: mappe reader --engagement TEXT",
                ))
            );
        }
        let _ = io::Write::flush(&mut io::stdout());
    }

    /// Hands a message to the flow, with what is in hand at this moment: every answer spends copies.
    fn take(
        &self,
        step: impl FnOnce(&Context<'_>, wallet_core::time::Timestamp) -> Result<Step, ProximityError>,
    ) -> Result<Step, Failure> {
        let holding = self.open.wallet.hand_documents().map_err(failed("nothing was shown"))?;
        let context = Context::new(&self.open.trust, &holding);
        step(&context, self.open.now()).map_err(|error| refused(&error))
    }

    fn drive(&mut self, mut step: Step, link: &mut Link) -> Result<Outcome, Failure> {
        let random = &mut SystemRandom::new();
        loop {
            let now = self.open.now();
            step = match step {
                Step::Engage(engagement) => engagement.give_up(),
                Step::Ask(consent) => self.ask(consent)?,
                Step::Sign(signing) => {
                    let signatures = self.open.sign(signing.requests())?;
                    signing.answer(&signatures).map_err(|error| refused(&error))?
                }
                Step::Send(sending) => {
                    let shared = sending
                        .receipt()
                        .is_some_and(|receipt| receipt.verdict == Verdict::Shared);
                    if let (Some(receipt), Some(presentation)) = (sending.receipt(), self.about.take()) {
                        // On the disk before it leaves: a crash may lose a copy, but never show one twice.
                        let noted = self
                            .open
                            .wallet
                            .release_in_person(presentation, receipt, None, now, random);
                        let entry = noted.map_err(failed("nothing was shown"))?;
                        self.entry = shared.then_some(entry);
                    }
                    match link.send(sending.message()) {
                        Ok(()) => {
                            self.conclude(EntryOutcome::Completed);
                            sending.answer(now)
                        }
                        Err(_) => sending.cut(),
                    }
                }
                Step::Receive(listening) => match link.receive(listening.until()) {
                    Arrived::Message(message) => self.take(|context, now| listening.answer(&message, context, now))?,
                    Arrived::Nothing => listening.time_out(),
                    Arrived::Cut => listening.cut(),
                },
                Step::Done(outcome) => {
                    self.note(&outcome);
                    return Ok(outcome);
                }
            };
        }
    }

    fn conclude(&mut self, outcome: EntryOutcome) {
        if let Some(entry) = self.entry.take() {
            let _ = self.open.wallet.conclude(entry, outcome, &mut SystemRandom::new());
        }
    }

    /// Notes how it ended (ARF `DASH_02`): an answer that did not leave, or a request that was refused.
    fn note(&mut self, outcome: &Outcome) {
        let Some(code) = outcome.end.code().and_then(Code::parse) else {
            return;
        };
        self.conclude(EntryOutcome::NotCompleted(code.clone()));
        if self.asked {
            return;
        }
        // Who asked is not known: what a stranger calls itself is not written down as a name (lessons S11).
        let party = Party::new("unauthenticated", None, self.open.wallet.environment());
        let event = Event::Presentation(Presentation::new(party, Vec::new(), Vec::new()));
        let (now, random) = (self.open.now(), &mut SystemRandom::new());
        let _ = self
            .open
            .wallet
            .record(event, EntryOutcome::NotCompleted(code), now, random);
    }

    fn ask(&mut self, consent: Consent) -> Result<Step, Failure> {
        self.asked = true;
        self.answerable = consent.is_answerable();
        self.about = Some(Presentation::of_meeting(&consent));
        if !self.open.json {
            self.show(&consent);
        }
        let decision = match self.decide(&consent) {
            Ok(decision) => decision,
            Err(failure) => {
                // The reader gets the answer of an empty wallet, the user hears why.
                self.failure = Some(failure);
                Decision::Decline
            }
        };
        consent
            .answer(decision, self.open.now())
            .map_err(|error| refused(&error))
    }

    /// The person's decision at a terminal, else that of the command line.
    fn decide(&self, consent: &Consent) -> Result<Decision, Failure> {
        let Some(proposal) = consent.proposal() else {
            // A person takes their time here too, so that the reader cannot tell nothing from a no.
            if !self.wish.yes && !self.open.json {
                let _ = super::ask(say(
                    "Nichts davon ist hier. Antworten?",
                    "Nothing of it is here. Answer?",
                ));
            }
            return Ok(Decision::Decline);
        };
        let choice = choose(consent, proposal, self.wish.select)?;
        if self.wish.yes {
            return Ok(Decision::Share(choice));
        }
        if self.open.json || !io::stdin().is_terminal() {
            return Err(Failure::usage(
                "consent.missing",
                "nothing was shown",
                "you have not agreed, and there is no terminal to ask you",
                "look at the request in a terminal, or agree with --yes",
            ));
        }
        Ok(match super::ask(say("Diese Angaben zeigen?", "Show these values?")) {
            Some(true) => Decision::Share(choice),
            _ => Decision::Decline,
        })
    }

    /// Shows who asks, for what, and exactly which values would leave.
    fn show(&self, consent: &Consent) {
        let paint = Paint::stdout();
        let mark = match consent.environment() {
            Environment::Test => "  (TEST)",
            _ => "",
        };
        outln!(
            "{} {}{mark}",
            paint.bold(safe(&consent.party().name)),
            say("fragt, vor Ort", "asks, in person")
        );
        if let Some(organisation) = &consent.party().organisation {
            outln!("  {}", safe(organisation));
        }
        for (place, requested) in consent.requested().iter().enumerate() {
            let name = words::type_label(&self.rulebook, &requested.doctype);
            outln!("\n{}: {}", place + 1, paint.bold(name));
            if requested.offers.is_empty() {
                outln!("  {}", paint.dim(say("nichts davon ist hier", "nothing of it is here")));
            }
            if requested.offers.len() > 1 {
                let text = say(
                    "mehrere passen; das erste gilt, ein anderes mit --select NUMMER=ID",
                    "several fit; the first one counts, another one with --select NUMBER=ID",
                );
                outln!("  {}", paint.yellow(text));
            }
            for offer in &requested.offers {
                outln!(
                    "  {} {}:",
                    say("diese Angaben würden gezeigt, aus", "these values would leave, from"),
                    holding_of(&offer.credential)
                );
                let note = |path: &ClaimPath| self.note_on(offer, path);
                let (doctype, claims) = (&offer.doctype, &offer.claims);
                for line in words::lines(&self.rulebook, Format::MsoMdoc, doctype, claims, note) {
                    outln!("    {line}");
                }
                for path in &offer.missing {
                    let name = words::place(&self.rulebook, &offer.doctype, path);
                    let text = say("nicht enthalten", "asked for, and not in it");
                    outln!("    {}", paint.dim(format!("{name}: {text}")));
                }
            }
        }
        outln!();
    }

    /// What the citizen should know of one element.
    fn note_on(&self, offer: &Offer, path: &ClaimPath) -> Option<String> {
        let kept = offer.retained.contains(path);
        let kept = kept.then(|| say("wird gespeichert", "is kept by the reader"));
        let sensitive = offer.is_sensitive(path, &self.rulebook);
        let sensitive = sensitive.then(|| say("sensibel: nur zeigen, wenn nötig", "sensitive: only if you must"));
        let notes: Vec<&str> = kept.into_iter().chain(sensitive).collect();
        (!notes.is_empty()).then(|| Paint::stdout().yellow(format!("({})", notes.join("; "))))
    }

    fn report(self, outcome: &Outcome) -> CommandOutcome {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let shared = outcome
            .receipts
            .iter()
            .any(|receipt| receipt.verdict == Verdict::Shared);
        match &outcome.end {
            End::Failed(error) if !shared => return Err(refused(error)),
            End::Cut if !shared => {
                return Err(Failure::new(
                    "proximity.cut",
                    "nothing was shown",
                    "the connection was cut",
                    "offer again",
                ));
            }
            _ => {}
        }
        if self.open.json {
            let reason = (!self.answerable).then(|| Json::from("no_document"));
            outln!("{}", marked(to_json(outcome).with("reason", reason)));
        } else {
            for receipt in &outcome.receipts {
                let party = safe(&receipt.party);
                match receipt.verdict {
                    Verdict::Shared => {
                        let done = Paint::stdout().green(say("fertig:", "done:"));
                        outln!("{done} {} {party}", say("gezeigt an", "shown to"));
                    }
                    _ => outln!("{} {party}", say("nichts gezeigt an", "nothing was shown to")),
                }
            }
            if !self.answerable {
                outln!(
                    "    {}",
                    say(
                        "nichts in dieser Brieftasche passt; das Lesegerät erfährt nicht mehr als bei einem Nein",
                        "no document in this wallet answers; the reader is told no more than of a no",
                    )
                );
            }
            if let Some(code) = outcome.end.code() {
                outln!(
                    "    {} ({code})",
                    say("die Verbindung endete vorzeitig", "the session ended early")
                );
            }
        }
        Ok(ExitCode::from(u8::from(!shared)))
    }
}

/// In the language of the user.
fn say(german: &'static str, english: &'static str) -> &'static str {
    match words::language() {
        Language::German => german,
        _ => english,
    }
}

fn to_json(outcome: &Outcome) -> Object {
    let receipts = outcome.receipts.iter().map(|receipt| {
        let shared = receipt.shared.iter().map(|shared| {
            let paths = |paths: &[ClaimPath]| Json::Array(paths.iter().map(ClaimPath::to_json).collect());
            let document = Object::new()
                .with("doctype", Json::from(shared.doctype.as_str()))
                .with("disclosed", paths(&shared.disclosed))
                .with("retained", paths(&shared.retained));
            Json::Object(document)
        });
        let verdict = match receipt.verdict {
            Verdict::Shared => "shared",
            Verdict::OtherWay => "other_way",
            _ => "declined",
        };
        let receipt = Object::new()
            .with("outcome", Json::from(verdict))
            .with("party", Json::from(receipt.party.as_str()))
            .with("shared", Json::Array(shared.collect()));
        Json::Object(receipt)
    });
    let receipts: Vec<Json> = receipts.collect();
    let shared = outcome
        .receipts
        .iter()
        .any(|receipt| receipt.verdict == Verdict::Shared);
    Object::new()
        .with("outcome", Json::from(if shared { "shared" } else { "declined" }))
        .with("answers", Json::Array(receipts))
        .with("end", Json::from(outcome.end.code().unwrap_or("ended")))
}

/// The first fitting document for each request, changed as the command line says.
fn choose(consent: &Consent, proposal: Choice, select: &[String]) -> Result<Choice, Failure> {
    select.iter().try_fold(proposal, |choice, item| {
        let refused = |why: &str| {
            Failure::usage(
                "usage.select",
                format!("--select {} is not used", safe(item)),
                why,
                "see the numbers of the request, and `mappe wallet list`",
            )
        };
        let (number, id) = item
            .split_once('=')
            .ok_or_else(|| refused("it is not of the form NUMBER=ID"))?;
        let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let place = place.filter(|place| *place < consent.requested().len());
        let place = place.ok_or_else(|| refused("the request has no document of this number"))?;
        let mut offers = consent.requested()[place].offers.iter();
        let offer = offers.find(|offer| offer.credential == id || holding_of(&offer.credential) == id);
        let offer = offer.ok_or_else(|| refused("that credential does not answer"))?;
        Ok(choice.with(place, &offer.credential))
    })
}

fn refused(error: &ProximityError) -> Failure {
    let remedy = match error {
        ProximityError::Refused(_) => {
            "do not go on unless you know who asks; a reader is trusted with `mappe trust add --role relying-parties`"
        }
        ProximityError::PeerMisbehaved(_) | ProximityError::Malformed(_) => {
            "offer again; somebody may be between the two devices"
        }
        _ => "try again",
    };
    Failure::new(error.code(), "nothing was shown", error, remedy)
}
