//! The counter of the demonstration: a phone and a reader meet (ISO 18013-5). A socket of this machine stands for the
//! radio; the reader runs in a thread of its own, and only what goes through that socket is known to both.

use std::net::TcpListener;
use std::thread;

use wallet_core::codec::Budget;
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::http::LinkPolicy;
use wallet_core::keys::PublicKey;
use wallet_core::proximity::{self, Config, Consent, Context, Decision, Engagement, Opening, Verdict, offer};
use wallet_core::status::StatusEvidence;
use wallet_core::time::Validity;
use wallet_core::trust::TrustStore;
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::verifier::AssessOptions;
use wallet_core::verifier::reader::{self, Answered, Question, ReaderIdentity, Reading, scan};
use wallet_core::wallet::{KeyStore as _, Outcome as EntryOutcome, Presentation};
use wallet_server::{SystemRandom, now};

use crate::commands::in_person::reader::fetch_lists;
use crate::commands::in_person::{Arrived, Link, accept, address, method};
use crate::commands::wallet::OpenWallet;
use crate::report::Failure;

const DAY: i64 = 86_400;

/// The office behind the counter, with its reader.
pub(super) struct Office {
    identity: ReaderIdentity,
    /// Whose documents it believes.
    issuers: TrustStore,
}

/// What a meeting came to.
pub(super) struct Met {
    /// What the office found.
    pub(super) reading: Reading,
    /// The `DeviceResponse` that it judged.
    pub(super) response: Vec<u8>,
    /// The session that the response answers.
    pub(super) transcript: Vec<u8>,
}

impl Office {
    /// An office whose reader has a certificate (ISO 18013-5 Annex B.1.7) under a root of its own, which comes along.
    pub(super) fn open(name: &str, issuers: TrustStore) -> Result<(Self, CertificateAuthority), Failure> {
        let random = &mut SystemRandom::new();
        let year = Validity::new(Some(now().plus(-DAY)), Some(now().plus(365 * DAY)));
        let named = |common: String| CertificateName::new(common).country("DE");
        let (root_name, contact) = (named(format!("{name} (test root)")), "https://reader.invalid");
        let root = CertificateAuthority::generate_iaca(root_name, contact, Curve::P256, year, random)
            .map_err(|error| stopped(error.code(), error))?;
        let key = SigningKey::generate(Curve::P256, random);
        let profile = LeafProfile::new(named(name.to_owned()));
        let crl = "https://reader.invalid/crl";
        let leaf = root
            .issue_reader(&profile, &PublicKey::from(&key), crl, year, random)
            .map_err(|error| stopped(error.code(), error))?;
        let identity = ReaderIdentity::new(key, &root.chain_of(&leaf)).map_err(|error| stopped(error.code(), error))?;
        Ok((Self { identity, issuers }, root))
    }

    /// The phone shows its code to `shown`, the office reads it and asks, `look` sees what would leave; all of it does.
    pub(super) fn meet(
        &self,
        open: &mut OpenWallet,
        question: &str,
        shown: &mut dyn FnMut(&str),
        look: &mut dyn FnMut(&Consent),
    ) -> Result<Met, Failure> {
        let question =
            Question::parse(question, &mut Budget::default()).map_err(|error| stopped(error.code(), error))?;
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| stopped("proximity.cut", error))?;
        let here = listener.local_addr().map_err(|error| stopped("proximity.cut", error))?;
        let first = offer(&Config::new(vec![method(here)]), open.now(), &mut SystemRandom::new());
        let proximity::Step::Engage(engagement) = first.map_err(|error| stopped(error.code(), error))? else {
            return Err(stopped("proximity.engagement", "the phone made no engagement"));
        };
        let text = engagement.qr_text();
        shown(&text);
        thread::scope(|scope| {
            let reader = scope.spawn(|| self.read(&text, &question));
            // The listener goes with the phone: a reader must not wait for one that gave up.
            let held = hold(open, engagement, listener, look);
            let read = reader.join();
            held?;
            read.unwrap_or_else(|_| Err(stopped("reader.ended", "the reader came to no end")))
        })
    }

    fn read(&self, text: &str, question: &Question) -> Result<Met, Failure> {
        let first = scan(text, &self.identity, question, now(), &mut SystemRandom::new());
        let reader::Step::Connect(connect) = first.map_err(|error| stopped(error.code(), error))? else {
            return Err(stopped("reader.no_way", "the reader has nowhere to go"));
        };
        let there = address(connect.methods()).ok_or_else(|| stopped("reader.no_way", "no socket is named"))?;
        let mut link = Link::connect(there).map_err(|error| stopped("reader.cut", error))?;
        let mut step = match link.send(connect.message()) {
            Ok(()) => connect.answer(now()),
            Err(_) => connect.cut(),
        };
        let mut met = None;
        loop {
            step = match step {
                reader::Step::Connect(connect) => connect.cut(),
                reader::Step::Receive(receiving) => match link.receive(receiving.until()) {
                    Arrived::Message(message) => receiving.answer(&message, now()),
                    Arrived::Nothing => receiving.time_out(),
                    Arrived::Cut => receiving.cut(),
                },
                reader::Step::Judge(answered) => {
                    met = Some(Met {
                        reading: self.judge(&answered),
                        response: answered.response().to_vec(),
                        transcript: answered.transcript().as_bytes().to_vec(),
                    });
                    answered.terminate()
                }
                reader::Step::Send(sending) => match link.send(sending.message()) {
                    Ok(()) => sending.answer(now()),
                    Err(_) => sending.cut(),
                },
                reader::Step::Done(end) => {
                    link.hang_up();
                    let code = end.code().unwrap_or("reader.ended");
                    return met.ok_or_else(|| stopped(code, "the reader got no answer"));
                }
            };
        }
    }

    /// Judges with the status lists that the documents name.
    fn judge(&self, answered: &Answered) -> Reading {
        let (at, links) = (now(), LinkPolicy::LoopbackHttp);
        let mut evidence = StatusEvidence::with_links(links);
        let reading = answered.judge(&AssessOptions::new(&self.issuers, at));
        fetch_lists(&reading, &mut evidence, links, at);
        answered.judge(&AssessOptions::new(&self.issuers, at).with_status(&evidence, at))
    }
}

/// The phone's side, from the first message to the end.
fn hold(
    open: &mut OpenWallet,
    engagement: Engagement,
    listener: TcpListener,
    look: &mut dyn FnMut(&Consent),
) -> Result<(), Failure> {
    let random = &mut SystemRandom::new();
    let failed = crate::commands::wallet::failed("nothing was shown");
    let holding = open.wallet.hand_documents().map_err(&failed)?;
    let trust = open.trust.clone();
    let context = Context::new(&trust, &holding);
    let arrived = accept(&listener, engagement.until()).map_err(|error| stopped("proximity.cut", error))?;
    let mut link = arrived.ok_or_else(|| stopped("proximity.timed_out", "no reader came"))?;
    let refused = |error: proximity::ProximityError| stopped(error.code(), error);
    let mut step = match link.receive(engagement.until()) {
        Arrived::Message(message) => engagement
            .answer(Opening::Qr, &message, &context, open.now())
            .map_err(refused)?,
        Arrived::Nothing | Arrived::Cut => engagement.cut(),
    };
    let mut about = None;
    loop {
        let now = open.now();
        step = match step {
            proximity::Step::Engage(engagement) => engagement.give_up(),
            proximity::Step::Ask(consent) => {
                look(&consent);
                about = Some(Presentation::of_meeting(&consent));
                let decision = consent.proposal().map_or(Decision::Decline, Decision::Share);
                consent.answer(decision, now).map_err(refused)?
            }
            proximity::Step::Sign(signing) => {
                let signatures = open.wallet.software_keys().sign(signing.requests());
                let signatures = signatures.map_err(|error| stopped(error.code(), error))?;
                signing.answer(&signatures).map_err(refused)?
            }
            proximity::Step::Send(sending) => {
                let mut entry = None;
                if let (Some(receipt), Some(presentation)) = (sending.receipt(), about.take()) {
                    let noted = open.wallet.release_in_person(presentation, receipt, None, now, random);
                    entry = Some(noted.map_err(&failed)?).filter(|_| receipt.verdict == Verdict::Shared);
                }
                match link.send(sending.message()) {
                    Ok(()) => {
                        if let Some(entry) = entry {
                            let _ = open.wallet.conclude(entry, EntryOutcome::Completed, random);
                        }
                        sending.answer(now)
                    }
                    Err(_) => sending.cut(),
                }
            }
            proximity::Step::Receive(listening) => match link.receive(listening.until()) {
                Arrived::Message(message) => listening.answer(&message, &context, now).map_err(refused)?,
                Arrived::Nothing => listening.time_out(),
                Arrived::Cut => listening.cut(),
            },
            proximity::Step::Done(outcome) => {
                link.hang_up();
                return match outcome.end.code() {
                    Some(code) => Err(stopped(code, "the meeting ended early")),
                    None => Ok(()),
                };
            }
        };
    }
}

fn stopped(code: &str, why: impl std::fmt::Display) -> Failure {
    Failure::new(code, "the demonstration stops", why, "report this")
}
