//! Certificates that others made for mdocs, held against the profiles of ISO 18013-5 Annex B: what each of them meets
//! and breaks. The rules that protect are met by all that sign or read documents; who makes test certificates is
//! free with the rest.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::Path;

use wallet_core::codec::{Budget, Json};
use wallet_core::trust::{Certificate, CertificateProfile, Environment, ProfileFinding, Role, TrustStore};
use wallet_tests::vectors;

fn pem(folder: &Path, name: &str) -> Certificate {
    Certificate::parse_pem(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

/// The rules that are broken, each with the position of the certificate and whether the policy refuses that.
fn broken(store: &TrustStore, profile: CertificateProfile, leaf: &Certificate) -> Vec<String> {
    let at = leaf.not_before().plus(1);
    let findings = store.explain_profile(Role::Issuers, profile, &[leaf.der().to_vec()], at);
    let findings = findings.unwrap();
    let broken = findings.iter().filter(|finding| !finding.holds);
    let tell = |finding: &ProfileFinding| {
        let mark = if finding.enforced { "!" } else { "" };
        format!("{}{mark}{}", finding.certificate, finding.rule.name())
    };
    broken.map(tell).collect()
}

fn store(anchor: Option<&Certificate>) -> TrustStore {
    let mut store = TrustStore::new(Environment::Test);
    if let Some(anchor) = anchor {
        store.add_anchor(Role::Issuers, anchor.clone());
    }
    store
}

/// Leaf, anchor, and the rules of a document signer that are broken: position, `!` where that is refused, rule.
const ISOMDL: &[(&str, Option<&str>, &[&str])] = &[
    (
        "presentation/isomdl_iaca_signer",
        Some("presentation/isomdl_iaca_root_cert"),
        // 18 days longer than its root.
        &["0!validity_within_authority"],
    ),
    (
        "presentation/owf_multipaz_ds_p384",
        Some("presentation/owf_multipaz_iaca_p384"),
        // A negative serial number, and countries in UTF-8.
        &["0serial_positive", "0country_encoding", "1country_encoding"],
    ),
    (
        "issuance/256-cert",
        None,
        &[
            "0country",
            "0common_name",
            "0key_usage",
            "0extended_key_usage",
            "0issuer_alt_name",
            "0crl_distribution_point",
            "0!end_entity",
        ],
    ),
    ("issuance/384-cert", None, ROOT),
    ("issuance/521-cert", None, ROOT),
];

/// What a root breaks that signs documents itself.
const ROOT: &[&str] = &[
    "0common_name",
    "0key_usage",
    "0extended_key_usage",
    "0issuer_alt_name",
    "0crl_distribution_point",
    "0!end_entity",
];

#[test]
fn certificates_of_isomdl_break_the_rules_that_they_break() {
    let Some(folder) = vectors("mdoc") else {
        return;
    };
    let read = |name: &str| pem(&folder, &format!("isomdl/{name}.pem"));
    for (leaf, anchor, expected) in ISOMDL {
        let anchor = anchor.map(read);
        let found = broken(&store(anchor.as_ref()), CertificateProfile::DocumentSigner, &read(leaf));
        assert_eq!(found, *expected, "{leaf}");
    }
    let reader = read("presentation/reader_auth");
    assert_eq!(CertificateProfile::of(&reader), Some(CertificateProfile::Reader));
    assert_eq!(broken(&store(None), CertificateProfile::Reader, &reader), [""; 0]);
    let auth0 = broken(
        &store(None),
        CertificateProfile::DocumentSigner,
        &pem(&folder, "auth0/issuer.pem"),
    );
    assert!(auth0.contains(&"0validity_maximum".to_owned()), "{auth0:?}");
}

/// The standard's own examples name their revocation lists by DNS name, where Annex B asks for a URI.
#[test]
fn certificates_of_annex_d_break_one_rule() {
    let Some(folder) = vectors("mdoc") else {
        return;
    };
    let text = std::fs::read(folder.join("iso18013-5-annex-d.json")).unwrap();
    let json = Json::parse(text, &mut Budget::default()).unwrap();
    for (name, profile) in [
        ("DS", CertificateProfile::DocumentSigner),
        ("READER", CertificateProfile::Reader),
    ] {
        let hex = json.get(&format!("ISO_18013_5_ANNEX_D_{name}_CERT"));
        let hex = hex.and_then(Json::as_str).unwrap();
        let der: Vec<u8> = (0..hex.len() / 2)
            .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        let certificate = Certificate::parse(&der).unwrap();
        assert_eq!(CertificateProfile::of(&certificate), Some(profile));
        assert_eq!(broken(&store(None), profile, &certificate), ["0crl_form"], "{name}");
    }
}
