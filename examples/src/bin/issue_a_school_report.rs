//! A school office issues an Abitur certificate from an XSchule 1.2 message, and a university checks it at rest.

use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::issuer::{Signer, issue_school_report};
use wallet_core::keys::PublicKey;
use wallet_core::rulebook::xschule::{ClaimOptions, Setting};
use wallet_core::time::Validity;
use wallet_core::trust::authority::{CertificateAuthority, LeafProfile};
use wallet_core::trust::{Environment, Role, TrustStore};
use wallet_core::verifier::{AssessOptions, assess};
use wallet_examples::{Outcome, SystemRandom, now};

fn main() -> Outcome {
    let random = &mut SystemRandom;
    let year = Validity::new(Some(now()), Some(now().plus(365 * 86_400)));

    // The state's authority vouches for the school.
    let state = CertificateAuthority::generate("Ministry of Schools", Curve::P256, year, random)?;
    let school = SigningKey::generate(Curve::P256, random);
    let leaf = state.issue_leaf(
        &LeafProfile::new("Gymnasium Musterhausen"),
        &PublicKey::from(&school),
        year,
        random,
    )?;
    let signer = Signer::new(school, state.chain_of(&leaf))?;

    // The pupil's wallet has a key; the school signs the message for it.
    let pupil = SigningKey::generate(Curve::P256, random);
    let message = include_bytes!("../../data/abitur.xml");
    let options = ClaimOptions::original(Setting::Test);
    let report = issue_school_report(message, &options, &PublicKey::from(&pupil), &signer, now(), random)?;
    println!(
        "issued {} bytes, {} disclosures",
        report.len(),
        report.matches('~').count() - 1
    );

    // A university that trusts the state checks it.
    let mut trust = TrustStore::new(Environment::Test);
    trust.add_anchor(Role::Issuers, state.certificate().clone());
    let assessment = assess(&report, &AssessOptions::new(&trust, now()));
    for check in &assessment.checks {
        println!("{:<10} {}", check.name.name(), check.outcome.name());
    }
    println!("verdict    {}", assessment.verdict());
    Ok(())
}
