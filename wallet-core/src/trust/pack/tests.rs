//! Certificates come from the authority, which is a part of issuer and verifier.
#![cfg(any(feature = "issuer", feature = "verifier"))]

use super::*;
use crate::crypto::{Curve, Random};
use crate::trust::authority::CertificateAuthority;

struct Counter(u8);

impl Random for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_mul(29).wrapping_add(17);
            *byte = self.0;
        }
    }
}

fn now() -> Timestamp {
    Timestamp::parse("2026-07-05T12:00:00Z").unwrap()
}

fn root() -> Certificate {
    let window = Validity::new(Some(now()), Some(now().plus(86_400)));
    let root = CertificateAuthority::generate("Land", Curve::P256, window, &mut Counter(1)).unwrap();
    root.certificate().clone()
}

fn keys() -> JwkSet {
    let key = PublicKey::from(&SigningKey::generate(Curve::P256, &mut Counter(2)));
    let jwk = Json::from(key.to_jwk().with("kid", Json::from("1")));
    JwkSet::new(vec![Jwk::parse(&jwk).unwrap()])
}

fn pack() -> TrustPack {
    let limited = Anchor::certificate(root())
        .for_types(["urn:schule:*"])
        .entitled(Validity::new(Some(now()), None));
    let pinned = Anchor::keys(Some("https://schule.example".to_owned()), keys()).named("Gymnasium Süd");
    TrustPack {
        sequence: Some(3),
        next_update: Some(now().plus(86_400)),
        anchors: vec![
            (Role::Issuers, limited),
            (Role::Issuers, pinned),
            (Role::RelyingParties, Anchor::certificate(root())),
        ],
        web_issuers: vec!["https://pid.example".to_owned()],
        ..TrustPack::new("Länder", Environment::Test)
    }
}

#[test]
fn a_pack_survives_folder_and_signed_file() {
    assert_eq!(TrustPack::from_folder(&pack().to_folder()), Ok(pack()));
    let key = SigningKey::generate(Curve::P256, &mut Counter(3));
    let signed = pack().sign(&key).unwrap();
    let verify = |text: &str, environment, last, at| TrustPack::verify(text, &(&key).into(), environment, last, at);
    assert_eq!(verify(&signed, Environment::Test, Some(3), now()), Ok(pack()));
    let mut store = TrustStore::new(Environment::Test);
    store.add_pack(&pack()).unwrap();
    assert_eq!(store.anchors(Role::Issuers).count(), 2);
    assert!(store.trusts_web_issuer("https://pid.example"));

    let back = PackError::GoesBack { sequence: 3, last: 4 };
    assert_eq!(verify(&signed, Environment::Test, Some(4), now()), Err(back));
    let next_update = now().plus(86_400);
    let expired = PackError::Expired { next_update };
    assert_eq!(verify(&signed, Environment::Test, None, next_update), Err(expired));
    let mixed = PackError::Trust(TrustError::EnvironmentMixed);
    assert_eq!(verify(&signed, Environment::Production, None, now()), Err(mixed));
    let other = SigningKey::generate(Curve::P256, &mut Counter(4));
    let forged = PackError::Jws(JwsError::BadSignature);
    assert_eq!(
        verify(&pack().sign(&other).unwrap(), Environment::Test, None, now()),
        Err(forged)
    );
    let plain = UnsignedJws::new(key.algorithm(), Object::new(), pack().write().to_string()).sign(&key);
    let expected = PackError::Jws(JwsError::WrongType { expected: TYPE });
    assert_eq!(verify(&plain, Environment::Test, None, now()), Err(expected));
    let endless = TrustPack {
        next_update: None,
        ..pack()
    };
    assert_eq!(endless.sign(&key), Err(PackError::Malformed("next_update")));
}

#[test]
fn environments_never_mix() {
    let mut store = TrustStore::new(Environment::Production);
    assert_eq!(store.add_pack(&pack()), Err(TrustError::EnvironmentMixed));
    assert_eq!(store.anchors(Role::Issuers).count(), 0);
}

#[test]
fn a_folder_names_its_files() {
    let description = |anchor: &str| {
        let text = format!(r#"{{"name":"n","environment":"test","anchors":[{anchor}]}}"#);
        let mut files = BTreeMap::from([(DESCRIPTION.to_owned(), text.into_bytes())]);
        files.insert("land.pem".to_owned(), root().to_pem().into_bytes());
        files.insert("land.der".to_owned(), root().der().to_vec());
        files.insert("keys.json".to_owned(), write_keys_text());
        TrustPack::from_folder(&files).map(|pack| pack.anchors)
    };
    let certificate = vec![(Role::Issuers, Anchor::certificate(root()))];
    assert_eq!(
        description(r#"{"role":"issuers","file":"land.pem"}"#),
        Ok(certificate.clone())
    );
    assert_eq!(description(r#"{"role":"issuers","file":"land.der"}"#), Ok(certificate));
    let named = Anchor::keys(Some("https://a.example".to_owned()), keys());
    assert_eq!(
        description(r#"{"role":"issuers","file":"keys.json","issuer":"https://a.example"}"#),
        Ok(vec![(Role::Issuers, named)])
    );
    for (anchor, error) in [
        (
            r#"{"role":"issuers","file":"x"}"#,
            PackError::FileMissing("x".to_owned()),
        ),
        (r#"{"role":"issuers"}"#, PackError::Malformed("anchors")),
        (r#"{"role":"all","file":"land.pem"}"#, PackError::Malformed("role")),
        (
            r#"{"role":"issuers","file":"land.pem","issuer":"https://a.example"}"#,
            PackError::Malformed("issuer"),
        ),
        (
            r#"{"role":"issuers","file":"land.pem","until":"2026-01-01"}"#,
            PackError::UnknownMember("until".to_owned()),
        ),
        (
            r#"{"role":"relying_parties","file":"keys.json"}"#,
            PackError::Trust(TrustError::KeysForRole),
        ),
    ] {
        assert_eq!(description(anchor), Err(error), "{anchor}");
    }
}

fn write_keys_text() -> Vec<u8> {
    write_keys(&keys()).to_string().into_bytes()
}

#[test]
fn anchor_files_of_every_kind_are_read() {
    let two = format!("Land\n{}\n{}", root().to_pem(), root().to_pem());
    let certificate = Anchor::certificate(root());
    assert_eq!(
        read_anchor_file(two.as_bytes()),
        Ok(vec![certificate.clone(), certificate.clone()])
    );
    assert_eq!(read_anchor_file(root().der()), Ok(vec![certificate]));
    let nameless = Ok(vec![Anchor::keys(None, keys())]);
    assert_eq!(read_anchor_file(&write_keys_text()), nameless);
    let jwk = keys().keys()[0].key.to_jwk().with("kid", Json::from("1")).to_string();
    assert_eq!(read_anchor_file(jwk.as_bytes()), nameless);
    let metadata = Object::new()
        .with("issuer", Json::from("https://a.example"))
        .with("jwks", Json::from(write_keys(&keys())));
    let named = Anchor::keys(Some("https://a.example".to_owned()), keys());
    assert_eq!(read_anchor_file(metadata.to_string().as_bytes()), Ok(vec![named]));

    let private = jwk.replace("\"kid\"", "\"d\":\"AA\",\"kid\"");
    assert_eq!(
        read_anchor_file(private.as_bytes()),
        Err(PackError::Key(KeyError::PrivateMember))
    );
    assert_eq!(
        read_anchor_file(b"{\"keys\":[]}"),
        Err(PackError::Key(KeyError::UnsupportedType))
    );
    assert_eq!(read_anchor_file(b"hello"), Err(PackError::UnknownKind));
    assert_eq!(
        read_anchor_file(&pack().to_folder()[DESCRIPTION]),
        Err(PackError::IsPack)
    );
    let signed = pack()
        .sign(&SigningKey::generate(Curve::P256, &mut Counter(3)))
        .unwrap();
    assert_eq!(read_anchor_file(signed.as_bytes()), Err(PackError::IsPack));
    assert_eq!(
        read_anchor_file(&root().der()[..100]),
        Err(PackError::Certificate(CertificateError::Der))
    );
}
