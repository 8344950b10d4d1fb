//! A registry office issues the PID of an invented identity card as mdoc and as SD-JWT VC; both say the same.

use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::issuer::eid::{PidRequest, RecordFile};
use wallet_core::issuer::{Approval, Signer, issue, issue_mdoc};
use wallet_core::keys::PublicKey;
use wallet_core::rulebook::Rulebook;
use wallet_core::rulebook::pid::PidView;
use wallet_core::time::Validity;
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::{Environment, Role, TrustStore};
use wallet_core::verifier::{AssessOptions, assess};
use wallet_examples::{Outcome, SystemRandom, now};

fn main() -> Outcome {
    let random = &mut SystemRandom;
    let year = Validity::new(Some(now()), Some(now().plus(365 * 86_400)));

    // A root as ISO 18013-5 Annex B has it, and a document signer under it.
    let name = |common: &str| CertificateName::new(common).country("DE");
    let contact = "https://pid.example";
    let root = CertificateAuthority::generate_iaca(name("PID Root"), contact, Curve::P256, year, random)?;
    let key = SigningKey::generate(Curve::P256, random);
    let leaf = root.issue_document_signer(
        &LeafProfile::new(name("Registry office of Musterhausen")),
        &PublicKey::from(&key),
        "https://pid.example/crl",
        year,
        random,
    )?;
    let office = Signer::new(key, root.chain_of(&leaf))?;

    // The data come from the card; here from a file, and for ever marked as test data.
    let card = RecordFile::parse(include_bytes!("../../data/identity-card.json"))?.into_record()?;
    let rulebook = Rulebook::bundled();
    let approval = Approval::new("registry office, clerk 3", "an example");
    let record = card.to_record(&rulebook, &PidRequest::default(), approval, now())?;

    // One set of values in two formats, each for a key of its own in the citizen's wallet.
    let keys = [(); 2].map(|()| PublicKey::from(&SigningKey::generate(Curve::P256, random)));
    let mdoc = issue_mdoc(&record, &keys[0], &office, &rulebook, now(), random)?;
    let sd_jwt = issue(&record, Some(&keys[1]), &office, now(), random)?;

    // Whoever trusts the root reads the same person out of either.
    let mut trust = TrustStore::new(Environment::Test);
    trust.add_anchor(Role::Issuers, root.certificate().clone());
    let options = AssessOptions::new(&trust, now());
    let [of_mdoc, of_sd_jwt] = [assess(&mdoc, &options), assess(&sd_jwt, &options)];
    println!("mdoc       {:>5} bytes, {}", mdoc.len(), of_mdoc.verdict());
    println!("SD-JWT VC  {:>5} bytes, {}", sd_jwt.len(), of_sd_jwt.verdict());
    let claims = of_sd_jwt.claims().ok_or("nothing was verified")?;
    let view = PidView::from_mdoc(of_mdoc.claims().ok_or("nothing was verified")?)?;
    let shown = |value: Option<String>| value.unwrap_or_default();
    println!(
        "{} {}, born {}, test data: {}",
        shown(view.given_name.clone()),
        shown(view.family_name.clone()),
        shown(view.birth_date.map(|day| day.to_string())),
        view.is_test
    );
    let same = view.compare(claims).ok_or("nothing to compare")?;
    println!("the person in both: {same:?}");
    Ok(())
}
