//! A citizen identifies across a counter: the phone shows a QR code, the reader asks, the citizen agrees, the reader
//! judges. Both ends are in this program; what a radio would carry goes from hand to hand.

use wallet_core::codec::Budget;
use wallet_core::credential::Unverified;
use wallet_core::credential::mdoc::{Mdoc, VerifyOptions};
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::issuer::eid::{PidRequest, RecordFile};
use wallet_core::issuer::{Approval, Signer, issue_mdoc};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::proximity::{self, Config, Context, Decision, HeldDocument, Opening};
use wallet_core::rulebook::Rulebook;
use wallet_core::time::Validity;
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::{Environment, Role, TrustStore};
use wallet_core::verifier::AssessOptions;
use wallet_core::verifier::reader::{self, Question, ReaderIdentity, scan};
use wallet_examples::{Outcome, SystemRandom, now};

const QUESTION: &str = r#"{"docType": "eu.europa.ec.eudi.pid.1", "nameSpaces": {
    "eu.europa.ec.eudi.pid.1": {"family_name": true, "birth_date": false}}}"#;

fn main() -> Outcome {
    let random = &mut SystemRandom;
    let year = Validity::new(Some(now()), Some(now().plus(365 * 86_400)));
    let name = |common: &str| CertificateName::new(common).country("DE");
    let root = |common: &str, random: &mut SystemRandom| {
        CertificateAuthority::generate_iaca(name(common), "https://root.example", Curve::P256, year, random)
    };

    // The registry office has issued a PID to the key in the citizen's phone.
    let (phone, office) = (
        SigningKey::generate(Curve::P256, random),
        SigningKey::generate(Curve::P256, random),
    );
    let pid_root = root("PID Root", random)?;
    let profile = LeafProfile::new(name("Registry office"));
    let leaf =
        pid_root.issue_document_signer(&profile, &PublicKey::from(&office), "https://crl.example", year, random)?;
    let card = RecordFile::parse(include_bytes!("../../data/identity-card.json"))?.into_record()?;
    let rulebook = Rulebook::bundled();
    let approval = Approval::new("registry office, clerk 3", "an example");
    let record = card.to_record(&rulebook, &PidRequest::default(), approval, now())?;
    let signer = Signer::new(office, pid_root.chain_of(&leaf))?;
    let issued = issue_mdoc(&record, &PublicKey::from(&phone), &signer, &rulebook, now(), random)?;

    // The phone has verified it, and trusts the readers of one root; the counter trusts the PIDs of the other.
    let mut issuers = TrustStore::new(Environment::Test);
    issuers.add_anchor(Role::Issuers, pid_root.certificate().clone());
    let verified = Unverified::<Mdoc>::parse(&issued, &mut Budget::default())?;
    let verified = verified.verify(&issuers, &VerifyOptions::at_rest(), now())?;
    let held = HeldDocument::new("pid", verified.into_held().into_any(), KeyHandle::new("pid"));
    let holding = [held.ok_or("not an mdoc")?];
    let reader_root = root("Reader Root", random)?;
    let mut readers = TrustStore::new(Environment::Test);
    readers.add_anchor(Role::RelyingParties, reader_root.certificate().clone());
    let context = Context::new(&readers, &holding);
    let key = SigningKey::generate(Curve::P256, random);
    let profile = LeafProfile::new(name("Enrolment office"));
    let leaf = reader_root.issue_reader(&profile, &PublicKey::from(&key), "https://crl.example", year, random)?;
    let identity = ReaderIdentity::new(key, &reader_root.chain_of(&leaf))?;

    // The phone shows the code, the counter scans it and sends its request, signed and encrypted.
    let proximity::Step::Engage(engagement) = proximity::offer(&Config::new(Vec::new()), now(), random)? else {
        return Err("no engagement".into());
    };
    println!("QR code    {}", engagement.qr_text());
    let question = Question::parse(QUESTION, &mut Budget::default())?;
    let reader::Step::Connect(connect) = scan(&engagement.qr_text(), &identity, &question, now(), random)? else {
        return Err("no connection".into());
    };
    let mut phone_step = engagement.answer(Opening::Qr, connect.message(), &context, now())?;
    let mut counter_step = connect.answer(now());

    // From here on each side answers its steps, until both are done.
    loop {
        phone_step = match phone_step {
            proximity::Step::Ask(consent) => {
                println!("asks       {} (from its certificate)", consent.party().name);
                for offer in consent.requested().iter().flat_map(|requested| &requested.offers) {
                    println!("would see  {}", offer.claims);
                }
                let choice = consent.proposal().ok_or("nothing to show")?;
                consent.answer(Decision::Share(choice), now())?
            }
            proximity::Step::Sign(signing) => {
                let requests = signing.requests().iter();
                let signatures: Vec<_> = requests.map(|request| phone.sign(request.message()).to_vec()).collect();
                signing.answer(&signatures)?
            }
            proximity::Step::Send(sending) => {
                if let reader::Step::Receive(receiving) = counter_step {
                    counter_step = receiving.answer(sending.message(), now());
                }
                sending.answer(now())
            }
            proximity::Step::Done(outcome) => {
                println!("phone      done, regular: {}", outcome.end.is_regular());
                return Ok(());
            }
            waiting @ (proximity::Step::Receive(_) | proximity::Step::Engage(_)) => waiting,
        };
        counter_step = match counter_step {
            reader::Step::Judge(answered) => {
                let reading = answered.judge(&AssessOptions::new(&issuers, now()));
                println!("counter    {}", reading.verdict());
                answered.terminate()
            }
            reader::Step::Send(sending) => match phone_step {
                proximity::Step::Receive(listening) => {
                    phone_step = listening.answer(sending.message(), &context, now())?;
                    sending.answer(now())
                }
                other => {
                    phone_step = other;
                    reader::Step::Send(sending)
                }
            },
            other => other,
        };
        if let (proximity::Step::Receive(_), reader::Step::Receive(_)) = (&phone_step, &counter_step) {
            return Err("both wait for each other".into());
        }
    }
}
