//! A credential that its issuer marked as one for tests counts for nothing in production (lessons S36).

use wallet_core::codec::Json;
use wallet_core::trust::{Environment, Role, TrustStore};
use wallet_core::verifier::{AssessOptions, Verdict, assess};
use wallet_tests::campus::Campus;

/// The campus's issuers, as anchors of an environment.
fn anchors(campus: &Campus, environment: Environment) -> TrustStore {
    let mut store = TrustStore::new(environment);
    for anchor in campus.university_trust().anchors(Role::Issuers) {
        store.add(Role::Issuers, anchor.clone()).unwrap();
    }
    store
}

#[test]
fn production_refuses_a_credential_for_tests_and_hides_its_claims() {
    let mut campus = Campus::new();
    let text = campus.issue_unbound(campus.claims().with("test", Json::Bool(true)));
    let production = anchors(&campus, Environment::Production);
    let assessment = assess(&text, &AssessOptions::new(&production, campus.now).for_production());
    assert_eq!(
        (assessment.verdict(), assessment.code()),
        (Verdict::Refused, Some("trust.test_credential"))
    );
    assert_eq!(assessment.claims(), None);
}

#[test]
fn tests_accept_it_and_production_accepts_the_same_without_the_mark() {
    let mut campus = Campus::new();
    let marked = campus.issue_unbound(campus.claims().with("test", Json::Bool(true)));
    let plain = campus.issue_unbound(campus.claims());
    let test = anchors(&campus, Environment::Test);
    let production = anchors(&campus, Environment::Production);
    for (text, store) in [(&marked, &test), (&plain, &production)] {
        let assessment = assess(text, &AssessOptions::new(store, campus.now).for_production());
        assert_ne!(assessment.verdict(), Verdict::Refused, "{assessment:?}");
    }
}
