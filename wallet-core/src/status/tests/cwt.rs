//! Lists as CWT: status lists and lists of identifiers.

use super::*;
use crate::codec::cbor::CborValue;
use crate::envelope::cose::{CoseError, TAG_SIGN1, TYP, UnsignedSign1, UntaggedMac0, X5CHAIN};
use crate::trust::authority::CertificateName;
use crate::trust::{DocumentSignerClaim, ProfileRule};

const CRL: &str = "https://land.example/crl";

/// An authority with a document signer, and what it signs lists with.
struct Registry {
    root: CertificateAuthority,
    key: SigningKey,
    leaf: Certificate,
    issuer: TrustedIssuer,
}

fn iaca(name: &str, random: &mut Counter) -> CertificateAuthority {
    let name = CertificateName::new(name).country("DE");
    CertificateAuthority::generate_iaca(name, CRL, Curve::P256, window(), random).unwrap()
}

fn registry() -> Registry {
    let mut random = Counter(5);
    let root = iaca("Land", &mut random);
    let key = SigningKey::generate(Curve::P256, &mut random);
    let public = PublicKey::from(&key);
    let leaf = root
        .issue_document_signer(&LeafProfile::new("Meldeamt"), &public, CRL, window(), &mut random)
        .unwrap();
    let mut trust = TrustStore::new(Environment::Test);
    trust.add_anchor(Role::Issuers, root.certificate().clone());
    let chain = [leaf.der().to_vec()];
    let claim = DocumentSignerClaim::new(&chain, "eu.europa.ec.eudi.pid.1", now());
    let issuer = trust.resolve_document_signer(&claim, now()).unwrap();
    Registry {
        root,
        key,
        leaf,
        issuer,
    }
}

/// The parts of a list, so that one can be changed.
struct Parts {
    protected: Vec<(i64, CborValue)>,
    unprotected: Vec<(i64, CborValue)>,
    claims: Vec<(i64, CborValue)>,
}

impl Parts {
    fn claim(&mut self, label: i64, value: Option<CborValue>) {
        self.claims.retain(|(other, _)| *other != label);
        self.claims.extend(value.map(|value| (label, value)));
    }

    fn sign(self, key: &SigningKey) -> Vec<u8> {
        let mut message = UnsignedSign1::new(key.algorithm(), CborValue::map(self.claims).encode());
        for (label, value) in self.protected {
            message = message.protected(label, value);
        }
        for (label, value) in self.unprotected {
            message = message.unprotected(label, value);
        }
        CborValue::tag(TAG_SIGN1, message.sign(key)).encode()
    }
}

impl Registry {
    fn token(&self) -> StatusListToken {
        let mut list = StatusList::new(StatusWidth::One, 1000).unwrap();
        list.set(7, 1).unwrap();
        let times = TokenTimes::new(now()).expires(now().plus(3600)).time_to_live(600);
        StatusListToken::new(URI, list, times)
    }

    fn parts(&self) -> Parts {
        let list = CborValue::map([
            ("bits", CborValue::from(1_u64)),
            ("lst", CborValue::bytes(self.token().list.compress())),
        ]);
        Parts {
            protected: vec![
                (TYP, CborValue::text("application/statuslist+cwt")),
                (X5CHAIN, CborValue::bytes(self.leaf.der())),
            ],
            unprotected: Vec::new(),
            claims: vec![
                (2, CborValue::text(URI)),
                (6, CborValue::from(now().unix())),
                (4, CborValue::from(now().plus(3600).unix())),
                (65_534, CborValue::from(600_u64)),
                (65_533, list),
            ],
        }
    }

    fn judge(&self, bytes: &[u8]) -> Result<StatusListToken, StatusError> {
        StatusListToken::verify_cwt(bytes, URI, &self.issuer, None, now())
    }

    /// A key with a certificate of the same authority.
    fn other(&self, issue: impl FnOnce(&PublicKey, &mut Counter) -> Certificate) -> (SigningKey, Certificate) {
        let mut random = Counter(77);
        let key = SigningKey::generate(Curve::P256, &mut random);
        let leaf = issue(&PublicKey::from(&key), &mut random);
        (key, leaf)
    }

    fn paper(&self, reference: StatusListReference) -> Verified<Paper> {
        let paper = Paper {
            reference: Ok(Some(reference)),
            validity: Validity::default(),
        };
        Verified::new(paper, self.issuer.clone(), now())
    }
}

#[test]
fn a_list_is_read_as_it_was_signed() {
    let registry = registry();
    let signed = registry
        .token()
        .sign_cwt(&registry.key, std::slice::from_ref(&registry.leaf));
    assert_eq!(signed[0], 0xd2, "tag 18");
    assert_eq!(registry.judge(&signed), Ok(registry.token()));
    assert_eq!(
        registry.judge(&registry.parts().sign(&registry.key)),
        Ok(registry.token())
    );
    // Without its tag the message means the same.
    assert_eq!(registry.judge(&signed[1..]), Ok(registry.token()));
}

#[test]
fn each_change_to_a_list_is_refused_with_its_own_error() {
    let registry = registry();
    type Change = fn(&mut Parts);
    let ended = StatusError::Expired { expired: now() };
    let ahead = StatusError::IssuedInFuture {
        issued_at: now().plus(61),
    };
    let cases: Vec<(Change, StatusError)> = vec![
        (
            |p| p.protected.retain(|(label, _)| *label != TYP),
            StatusError::WrongType,
        ),
        (
            |p| p.protected[0].1 = CborValue::text("application/identifierlist+cwt"),
            StatusError::WrongType,
        ),
        (
            |p| p.protected[0].1 = CborValue::text("statuslist+jwt"),
            StatusError::WrongType,
        ),
        (|p| drop(p.protected.pop()), StatusError::ChainMissing),
        (
            |p| {
                let chain = p.protected.pop().unwrap();
                p.unprotected.push(chain);
            },
            StatusError::ChainNotProtected,
        ),
        (
            |p| p.protected[1].1 = CborValue::text("x"),
            StatusError::Cose(CoseError::BadHeader(X5CHAIN)),
        ),
        (|p| p.claim(2, None), StatusError::WrongList),
        (
            |p| p.claim(2, Some(CborValue::text("https://schule.example/status/2"))),
            StatusError::WrongList,
        ),
        (|p| p.claim(6, None), StatusError::Malformed("iat")),
        (|p| p.claim(6, Some(CborValue::from(now().plus(61).unix()))), ahead),
        (|p| p.claim(4, None), StatusError::EndMissing),
        (
            |p| p.claim(4, Some(CborValue::text("x"))),
            StatusError::Malformed("exp"),
        ),
        (|p| p.claim(4, Some(CborValue::from(now().unix()))), ended),
        (
            |p| p.claim(65_534, Some(CborValue::from(0_u64))),
            StatusError::Malformed("ttl"),
        ),
        (|p| p.claim(65_533, None), StatusError::Malformed("status_list")),
        (
            |p| p.claim(65_533, Some(CborValue::map([("bits", CborValue::from(3_u64))]))),
            StatusError::Malformed("bits"),
        ),
        (
            |p| p.claim(65_533, Some(CborValue::map([("bits", CborValue::from(1_u64))]))),
            StatusError::Malformed("lst"),
        ),
        (
            |p| {
                let list = [("bits", CborValue::from(1_u64)), ("lst", CborValue::bytes([1, 2]))];
                p.claim(65_533, Some(CborValue::map(list)));
            },
            StatusError::Compression,
        ),
    ];
    for (change, error) in cases {
        let mut parts = registry.parts();
        change(&mut parts);
        assert_eq!(registry.judge(&parts.sign(&registry.key)), Err(error));
    }
    let mut bent = registry.parts().sign(&registry.key);
    *bent.last_mut().unwrap() ^= 1;
    assert_eq!(registry.judge(&bent), Err(StatusError::Cose(CoseError::BadSignature)));
    let parts = registry.parts();
    let mac = UntaggedMac0::new(CborValue::map(parts.claims).encode()).authenticate(&[7; 32]);
    assert_eq!(registry.judge(&CborValue::tag(17, mac).encode()), Err(StatusError::Mac));
    let stranger = StatusListToken::verify_cwt(
        &registry.parts().sign(&registry.key),
        "x",
        &registry.issuer,
        None,
        now(),
    );
    assert_eq!(stranger, Err(StatusError::WrongList));
}

#[test]
fn lists_are_signed_under_the_authority_of_the_issuer() {
    let registry = registry();
    let profile = LeafProfile::new("Sperrdienst");
    let sign = |(key, leaf): &(SigningKey, Certificate)| registry.token().sign_cwt(key, std::slice::from_ref(leaf));
    // A colleague under the same authority, with a certificate for signing.
    let named = LeafProfile::new(CertificateName::new("Sperrdienst").country("DE"));
    let colleague = registry.other(|key, random| registry.root.issue_leaf(&named, key, window(), random).unwrap());
    assert_eq!(registry.judge(&sign(&colleague)), Ok(registry.token()));
    // A reader that the same authority certified.
    let reader = registry.other(|key, random| {
        registry
            .root
            .issue_reader(&profile, key, CRL, window(), random)
            .unwrap()
    });
    let made_for_something_else = TrustError::Profile {
        rule: ProfileRule::ExtendedKeyUsagePurpose,
        certificate: 0,
    };
    assert_eq!(
        registry.judge(&sign(&reader)),
        Err(StatusError::Untrusted(made_for_something_else))
    );
    // A stranger, unless the credential names it.
    let elsewhere = iaca("Anderes Land", &mut Counter(50));
    let stranger = registry.other(|key, random| elsewhere.issue_leaf(&named, key, window(), random).unwrap());
    let signed = sign(&stranger);
    assert_eq!(
        registry.judge(&signed),
        Err(StatusError::Untrusted(TrustError::UntrustedPath))
    );
    let judge = |signed: &[u8], point: &Certificate| {
        StatusListToken::verify_cwt(signed, URI, &registry.issuer, Some(point.der()), now())
    };
    assert_eq!(judge(&signed, elsewhere.certificate()), Ok(registry.token()));
    assert_eq!(judge(&signed, &stranger.1), Ok(registry.token()));
    // The trust point counts instead of the issuer's authority, not beside it.
    let own = registry
        .token()
        .sign_cwt(&registry.key, std::slice::from_ref(&registry.leaf));
    assert_eq!(
        judge(&own, elsewhere.certificate()),
        Err(StatusError::Untrusted(TrustError::UntrustedPath))
    );
}

#[test]
fn a_list_of_identifiers_holds_what_is_revoked() {
    let registry = registry();
    let chain = std::slice::from_ref(&registry.leaf);
    let list: IdentifierList = [vec![1, 2, 3], vec![9; 40]].into_iter().collect();
    let times = TokenTimes::new(now()).expires(now().plus(3600));
    let token = IdentifierListToken::new(URI, list, times);
    let signed = token.sign(&registry.key, chain);
    let judge = |bytes: &[u8]| IdentifierListToken::verify(bytes, URI, &registry.issuer, None, now());
    assert_eq!(judge(&signed), Ok(token));
    // One kind does not stand in for the other.
    let other = registry.token().sign_cwt(&registry.key, chain);
    assert_eq!(judge(&other), Err(StatusError::WrongType));
    assert_eq!(registry.judge(&signed), Err(StatusError::WrongType));

    let mut evidence = StatusEvidence::new();
    let reference = |id: &[u8]| StatusListReference::identifier(id, URI);
    let request = evidence.request(&reference(&[1])).unwrap();
    assert_eq!(request.headers().get("Accept"), Some("application/identifierlist+cwt"));
    let response = HttpResponse::of_type(200, "application/identifierlist+cwt", signed);
    evidence.add_response(URI, &response, now());
    for _ in 0..2 {
        let status = |reference| registry.paper(reference).status(&evidence, now());
        assert_eq!(status(reference(&[1, 2, 3])), Status::Revoked);
        assert_eq!(status(reference(&[1, 2])), Status::Valid);
        let wrong = Status::Unknown(StatusError::WrongType.into());
        assert_eq!(status(StatusListReference::cwt(7, URI)), wrong);
        evidence.prepare(URI, &registry.issuer, now());
    }
    let malformed = |identifiers: CborValue| {
        let mut parts = registry.parts();
        parts.protected[0].1 = CborValue::text("application/identifierlist+cwt");
        parts.claim(65_530, Some(CborValue::map([("identifiers", identifiers)])));
        judge(&parts.sign(&registry.key))
    };
    let bad = Err(StatusError::Malformed("identifiers"));
    assert_eq!(malformed(CborValue::array([])), bad);
    assert_eq!(malformed(CborValue::map([("x", CborValue::Map(Vec::new()))])), bad);
    assert_eq!(
        malformed(CborValue::map([(CborValue::bytes([1]), CborValue::Null)])),
        bad
    );
}

#[test]
fn the_credential_and_not_the_server_chooses_the_form() {
    let registry = registry();
    let chain = std::slice::from_ref(&registry.leaf);
    let jwt = registry.token().sign(&registry.key, chain);
    let cwt = registry.token().sign_cwt(&registry.key, chain);
    let answer = |media_type: &str, body: &[u8]| {
        let mut evidence = StatusEvidence::new();
        evidence.add_response(URI, &HttpResponse::of_type(200, media_type, body.to_vec()), now());
        evidence
    };
    let status = |evidence: &StatusEvidence, reference| registry.paper(reference).status(evidence, now());
    let unsupported = || Status::Unknown(StatusError::UnsupportedFormat.into());
    let evidence = answer("application/statuslist+cwt", &cwt);
    assert_eq!(status(&evidence, StatusListReference::cwt(7, URI)), Status::Revoked);
    assert_eq!(status(&evidence, StatusListReference::cwt(8, URI)), Status::Valid);
    assert_eq!(status(&evidence, StatusListReference::new(7, URI)), unsupported());
    let evidence = answer("application/statuslist+jwt", jwt.as_bytes());
    assert_eq!(status(&evidence, StatusListReference::new(7, URI)), Status::Revoked);
    assert_eq!(status(&evidence, StatusListReference::cwt(7, URI)), unsupported());
    // Of one document in two formats each asks for its own.
    assert!(!evidence.is_needed(&StatusListReference::new(7, URI), now()));
    assert!(evidence.is_needed(&StatusListReference::cwt(7, URI), now()));

    // Both forms stand side by side, are kept, and come back.
    let mut evidence = answer("application/octet-stream", &cwt);
    evidence.add_token(URI, &jwt, now().plus(1));
    let kept = serde_json::to_string(&evidence.only([URI, "https://schule.example/other"])).unwrap();
    let mut evidence: StatusEvidence = serde_json::from_str(&kept).unwrap();
    assert_eq!(evidence.fetched(URI), Some(now().plus(1)));
    assert_eq!(evidence.cwt(URI), Some((cwt.as_slice(), now())));
    for reference in [StatusListReference::new(7, URI), StatusListReference::cwt(7, URI)] {
        assert_eq!(status(&evidence, reference.clone()), Status::Revoked);
        assert!(!evidence.is_needed(&reference, now().plus(5)));
        evidence.prepare_for(&reference, &registry.issuer, now());
        assert!(!evidence.is_needed(&reference, now().plus(500)));
        assert!(evidence.is_needed(&reference, now().plus(700)));
    }
    evidence.forget(URI);
    assert_eq!(
        status(&evidence, StatusListReference::cwt(7, URI)),
        Status::Unknown(UnknownReason::NotFetched)
    );
    let stale = answer("application/statuslist+cwt", &cwt);
    let later = registry
        .paper(StatusListReference::cwt(8, URI))
        .status(&stale, now().plus(3600));
    let expired = now().plus(3600);
    assert_eq!(later, Status::Unknown(StatusError::Expired { expired }.into()));
}
