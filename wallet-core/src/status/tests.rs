//! Certificates come from the authority, which is a part of issuer and verifier.
#![cfg(any(feature = "issuer", feature = "verifier"))]

mod cwt;

use super::*;
use crate::codec::{Budget, Json, Object};
use crate::credential::{StatusListReference, StatusReferenceError, Verified};
use crate::crypto::{Curve, Random, SigningKey};
use crate::envelope::jws::{Header, JwsError, UnsignedJws, UnverifiedJws};
use crate::http::{HttpResponse, LinkPolicy, UrlError};
use crate::keys::PublicKey;
use crate::time::{OutsideValidity, Timestamp, Validity};
use crate::trust::authority::{CertificateAuthority, LeafProfile};
use crate::trust::{Certificate, Environment, IssuerClaim, Role, TrustError, TrustStore, TrustedIssuer};

const URI: &str = "https://schule.example/status/1";

struct Counter(u8);

impl Random for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_mul(29).wrapping_add(17);
            *byte = self.0;
        }
    }
}

/// A credential of which only the status matters.
#[derive(Clone, Debug, PartialEq)]
struct Paper {
    reference: Result<Option<StatusListReference>, StatusReferenceError>,
    validity: Validity,
}

impl HasStatus for Paper {
    fn status_reference(&self) -> Result<Option<StatusListReference>, StatusReferenceError> {
        self.reference.clone()
    }

    fn validity(&self) -> Validity {
        self.validity
    }
}

struct Office {
    key: SigningKey,
    leaf: Certificate,
    issuer: TrustedIssuer,
    root: CertificateAuthority,
}

fn now() -> Timestamp {
    Timestamp::parse("2026-07-05T12:00:00Z").unwrap()
}

fn window() -> Validity {
    Validity::new(Some(now().plus(-86_400)), Some(now().plus(100 * 86_400)))
}

fn office() -> Office {
    let mut random = Counter(1);
    let root = CertificateAuthority::generate("Land", Curve::P256, window(), &mut random).unwrap();
    let key = SigningKey::generate(Curve::P256, &mut random);
    let leaf = LeafProfile::new("Gymnasium");
    let leaf = root
        .issue_leaf(&leaf, &PublicKey::from(&key), window(), &mut random)
        .unwrap();
    let mut trust = TrustStore::new(Environment::Test);
    trust.add_anchor(Role::Issuers, root.certificate().clone());
    let header = Object::new()
        .with("alg", Json::from("ES256"))
        .with("x5c", Certificate::to_x5c([&leaf]));
    let header = Header::new(header).unwrap();
    let issuer = trust
        .resolve_issuer(&IssuerClaim::new(&header, None, "t"), now())
        .unwrap();
    Office {
        key,
        leaf,
        issuer,
        root,
    }
}

impl Office {
    fn paper(&self, index: u64) -> Verified<Paper> {
        let paper = Paper {
            reference: Ok(Some(StatusListReference::new(index, URI))),
            validity: Validity::default(),
        };
        Verified::new(paper, self.issuer.clone(), now())
    }

    /// Two bits: 0 valid, 1 revoked, 2 suspended, 3 the application's own.
    fn token(&self) -> StatusListToken {
        let mut list = StatusList::new(StatusWidth::Two, 100).unwrap();
        for (index, value) in [(1, 1), (2, 2), (3, 3)] {
            list.set(index, value).unwrap();
        }
        let times = TokenTimes::new(now()).expires(now().plus(3600)).time_to_live(600);
        StatusListToken::new(URI, list, times)
    }

    fn text(&self) -> String {
        self.token().sign(&self.key, std::slice::from_ref(&self.leaf))
    }

    fn evidence(&self) -> StatusEvidence {
        let mut evidence = StatusEvidence::new();
        evidence.add_response(
            URI,
            &HttpResponse::of_type(200, "application/statuslist+jwt", self.text()),
            now(),
        );
        evidence
    }

    /// The token with one change to header or claims, signed anew.
    fn tampered(&self, change: impl FnOnce(&mut Object, &mut Object)) -> String {
        let jws = UnverifiedJws::parse(&self.text(), &mut Budget::default()).unwrap();
        let mut header = jws.header().json().clone();
        let claims = Json::parse(jws.inspect(), &mut Budget::default()).unwrap();
        let mut claims = claims.as_object().unwrap().clone();
        change(&mut header, &mut claims);
        UnsignedJws::new(self.key.algorithm(), header, claims.to_string()).sign(&self.key)
    }
}

#[test]
fn each_value_is_what_it_says() {
    let office = office();
    let mut evidence = office.evidence();
    for prepared in [false, true] {
        if prepared {
            evidence.prepare(URI, &office.issuer, now());
        }
        for (index, status, refusal) in [
            (0, Status::Valid, None),
            (1, Status::Revoked, Some(StatusError::Revoked)),
            (2, Status::Suspended, Some(StatusError::Suspended)),
            (3, Status::Other(3), Some(StatusError::UnknownValue { value: 3 })),
        ] {
            assert_eq!(office.paper(index).status(&evidence, now()), status);
            for policy in [StatusPolicy::RefuseUnknown, StatusPolicy::AcceptUnavailable] {
                let accepted = office.paper(index).accept(&evidence, policy, now());
                assert_eq!(accepted.err(), refusal);
            }
        }
    }
    assert_eq!(office.paper(99).status(&evidence, now()), Status::Valid);
    let beyond = StatusError::IndexOutOfRange {
        index: 100,
        length: 100,
    };
    let accepted = office
        .paper(100)
        .accept(&evidence, StatusPolicy::AcceptUnavailable, now());
    assert_eq!(accepted.err(), Some(beyond));
}

#[test]
fn a_token_is_refused_for_each_change() {
    let office = office();
    let verify = |text: &str| StatusListToken::verify(text, URI, &office.issuer, now());
    assert_eq!(verify(&office.text()), Ok(office.token()));
    let set = |name: &'static str, value: &'static str| {
        let value = Json::parse(value, &mut Budget::default()).unwrap();
        office.tampered(|_, claims| {
            claims.insert(name, value);
        })
    };
    let without = |name: &'static str| {
        office.tampered(|_, claims| {
            claims.remove(name);
        })
    };
    let malformed = StatusError::Malformed;
    for (text, error) in [
        (
            set("sub", "\"https://schule.example/status/1/\""),
            StatusError::WrongList,
        ),
        (without("sub"), StatusError::WrongList),
        (without("iat"), malformed("iat")),
        (set("iat", "\"1\""), malformed("iat")),
        (set("iat", "1e9"), malformed("iat")),
        (
            set("iat", "1793231443"),
            StatusError::IssuedInFuture {
                issued_at: Timestamp::from_unix(1_793_231_443),
            },
        ),
        (
            set("exp", "1783252800"),
            StatusError::Expired {
                expired: Timestamp::from_unix(1_783_252_800),
            },
        ),
        (set("exp", "true"), malformed("exp")),
        (set("ttl", "0"), malformed("ttl")),
        (set("ttl", "-5"), malformed("ttl")),
        (without("status_list"), malformed("status_list")),
        (
            set("status_list", r#"{"bits":3,"lst":"eNrbuRgAAhcBXQ"}"#),
            malformed("bits"),
        ),
        (
            set("status_list", r#"{"bits":1,"lst":"eNrbuRgAAhcBXQ=="}"#),
            malformed("lst"),
        ),
        (
            set("status_list", r#"{"bits":1,"lst":"eNrbuRgAAhcB"}"#),
            StatusError::Compression,
        ),
        (
            set("status_list", r#"{"bits":1,"lst":"eNrbuRgAAhcBXQA"}"#),
            StatusError::Compression,
        ),
        (
            set("status_list", r#"{"bits":1,"lst":"eNrbuRgAAhcBXA"}"#),
            StatusError::Compression,
        ),
        (
            office.tampered(|header, _| {
                header.insert("typ", "JWT");
            }),
            StatusError::Jws(JwsError::WrongType {
                expected: "statuslist+jwt",
            }),
        ),
    ] {
        assert_eq!(verify(&text), Err(error), "{text}");
    }
    let mac = crate::codec::base64url::encode(r#"{"alg":"HS256","typ":"statuslist+jwt"}"#);
    let rest = office.text();
    let text = format!("{mac}.{}", rest.split_once('.').unwrap().1);
    assert_eq!(verify(&text), Err(StatusError::Jws(JwsError::UnsupportedAlgorithm)));
    let mut text = office.text();
    text.truncate(text.len() - 86);
    text.push_str(&"A".repeat(86));
    assert_eq!(verify(&text), Err(StatusError::Jws(JwsError::BadSignature)));
}

#[test]
fn the_signer_is_bound_to_the_issuer() {
    let office = office();
    let mut random = Counter(9);
    let verify = |text: &str| StatusListToken::verify(text, URI, &office.issuer, now());
    // Another certificate under the same anchor may sign: a state's status service.
    let service = SigningKey::generate(Curve::P256, &mut random);
    let profile = LeafProfile::new("Statusdienst");
    let leaf = office
        .root
        .issue_leaf(&profile, &PublicKey::from(&service), window(), &mut random);
    let text = office.token().sign(&service, &[leaf.unwrap()]);
    assert!(verify(&text).is_ok());
    // The issuer's own key needs no certificate; another key does.
    assert!(verify(&office.token().sign(&office.key, &[])).is_ok());
    let text = office.token().sign(&service, &[]);
    assert_eq!(verify(&text), Err(StatusError::Jws(JwsError::BadSignature)));
    // A certificate of another root may not, whoever trusts that root.
    let other = CertificateAuthority::generate("Anderes Land", Curve::P256, window(), &mut random).unwrap();
    let leaf = other.issue_leaf(&profile, &PublicKey::from(&service), window(), &mut random);
    let text = office.token().sign(&service, &[leaf.unwrap()]);
    assert_eq!(verify(&text), Err(StatusError::Untrusted(TrustError::UntrustedPath)));
}

#[test]
fn what_cannot_be_told_is_unknown() {
    let office = office();
    let paper = || office.paper(0);
    let accept = |evidence: &StatusEvidence, policy, at| paper().accept(evidence, policy, at).map(drop);
    let (strict, offline) = (StatusPolicy::RefuseUnknown, StatusPolicy::AcceptUnavailable);

    let mut evidence = StatusEvidence::new();
    let reason = UnknownReason::NotFetched;
    assert_eq!(paper().status(&evidence, now()), Status::Unknown(reason.clone()));
    assert_eq!(accept(&evidence, strict, now()), Err(StatusError::Undetermined(reason)));
    assert_eq!(accept(&evidence, offline, now()), Ok(()));

    evidence.add_response(URI, &HttpResponse::of_type(404, "text/plain", "no"), now());
    let reason = UnknownReason::Unreachable {
        status: Some(404),
        tried: now(),
    };
    assert_eq!(paper().status(&evidence, now()), Status::Unknown(reason));

    // A later failure keeps the list; it ages, and then it ends.
    let mut evidence = office.evidence();
    evidence.add_failure(URI, None, now().plus(300));
    assert_eq!(paper().status(&evidence, now().plus(600)), Status::Valid);
    let late = now().plus(601);
    let reason = UnknownReason::Stale { age: 601, limit: 600 };
    assert_eq!(paper().status(&evidence, late), Status::Unknown(reason.clone()));
    assert_eq!(
        accept(&evidence, strict, late),
        Err(StatusError::Undetermined(reason.clone()))
    );
    assert_eq!(
        accept(&evidence, StatusPolicy::AcceptStale { most_age: 601 }, late),
        Ok(())
    );
    let shorter = StatusPolicy::AcceptStale { most_age: 600 };
    assert_eq!(accept(&evidence, shorter, late), Err(StatusError::Undetermined(reason)));
    assert_eq!(accept(&evidence, offline, late), Ok(()));
    let revoked = office.paper(1).accept(&evidence, offline, late);
    assert_eq!(revoked.err(), Some(StatusError::Revoked));
    let end = now().plus(3600);
    assert_eq!(
        accept(&evidence, offline, end),
        Err(StatusError::Expired { expired: end })
    );

    // What is no list is worse than none.
    evidence.add_response(URI, &HttpResponse::of_type(200, "text/html", "<html>"), now());
    assert_eq!(
        accept(&evidence, offline, now()),
        Err(StatusError::Jws(JwsError::NotThreeParts))
    );
    evidence.forget(URI);
    evidence.add_response(
        URI,
        &HttpResponse::of_type(200, "application/statuslist+cwt", "d2"),
        now(),
    );
    assert_eq!(accept(&evidence, offline, now()), Err(StatusError::UnsupportedFormat));
}

#[test]
fn a_list_without_end_does_not_last_for_ever() {
    let office = office();
    let token = StatusListToken::new(URI, office.token().list, TokenTimes::new(now().plus(-31 * 86_400)));
    let mut evidence = StatusEvidence::new();
    evidence.add_token(URI, &token.sign(&office.key, &[]), now());
    let reason = UnknownReason::Stale {
        age: 31 * 86_400,
        limit: 30 * 86_400,
    };
    assert_eq!(office.paper(0).status(&evidence, now()), Status::Unknown(reason));
}

#[test]
fn a_valid_status_does_not_prolong_a_credential() {
    let office = office();
    let paper = |reference, expires| {
        let validity = Validity::new(None, Some(expires));
        Verified::new(Paper { reference, validity }, office.issuer.clone(), now())
    };
    let reference = StatusListReference::new(0, URI);
    let ended = now().plus(-3600);
    let accepted = paper(Ok(Some(reference)), ended).accept(&office.evidence(), StatusPolicy::default(), now());
    let expired = OutsideValidity::Expired { expired: ended };
    assert_eq!(accepted.err(), Some(StatusError::CredentialValidity(expired)));

    let untracked = paper(Ok(None), now().plus(3600));
    assert_eq!(untracked.status(&StatusEvidence::new(), now()), Status::Untracked);
    assert!(
        untracked
            .accept(&StatusEvidence::new(), StatusPolicy::default(), now())
            .is_ok()
    );
    // Another mechanism is not "no status".
    let error = StatusReferenceError::UnsupportedMechanism;
    let other = paper(Err(error.clone()), now().plus(3600));
    let accepted = other.accept(&StatusEvidence::new(), StatusPolicy::AcceptUnavailable, now());
    assert_eq!(accepted.err(), Some(StatusError::Reference(error)));
}

#[test]
fn evidence_asks_when_it_must_and_survives() {
    let office = office();
    let reference = StatusListReference::new(0, URI);
    let mut evidence = office.evidence();
    evidence.prepare(URI, &office.issuer, now());
    assert!(!evidence.is_needed(&reference, now().plus(600)));
    assert!(evidence.is_needed(&reference, now().plus(601)));
    let request = evidence.request(&reference).unwrap();
    assert_eq!(request.url().as_str(), URI);
    assert_eq!(request.headers().get("Accept"), Some("application/statuslist+jwt"));
    let inside = StatusListReference::new(0, "http://localhost/1");
    assert_eq!(evidence.request(&inside), Err(StatusError::Link(UrlError::NotHttps)));
    assert!(
        StatusEvidence::with_links(LinkPolicy::LoopbackHttp)
            .request(&inside)
            .is_ok()
    );

    let saved = serde_json::to_vec(&evidence).unwrap();
    let loaded: StatusEvidence = serde_json::from_slice(&saved).unwrap();
    assert_eq!(loaded.fetched(URI), Some(now()));
    assert_eq!(office.paper(1).status(&loaded, now()), Status::Revoked);
    evidence.forget(URI);
    assert_eq!(evidence.fetched(URI), None);
}

#[test]
fn a_bomb_is_noticed() {
    let bomb = StatusList::from_bytes(StatusWidth::One, vec![0; 8 << 20]).unwrap();
    assert_eq!(StatusList::decompress(StatusWidth::One, &bomb.compress()), Ok(bomb));
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), 64 << 20), &mut encoder).unwrap();
    let refused = StatusList::decompress(StatusWidth::One, &encoder.finish().unwrap());
    assert_eq!(refused, Err(StatusError::ListTooLong { limit: 8 << 20 }));
}

#[test]
fn entries_do_not_touch_their_neighbours() {
    for (width, largest) in [
        (StatusWidth::One, 1),
        (StatusWidth::Two, 3),
        (StatusWidth::Four, 15),
        (StatusWidth::Eight, 255),
    ] {
        let mut list = StatusList::new(width, 24).unwrap();
        assert_eq!(list.len(), 24);
        list.set(9, largest).unwrap();
        list.set(9, 1).unwrap();
        let values: Vec<u8> = (0..24).map(|index| list.get(index).unwrap()).collect();
        assert_eq!(values.iter().map(|value| u32::from(*value)).sum::<u32>(), 1);
        assert_eq!(values[9], 1);
        assert_eq!(
            list.set(24, 0),
            Err(StatusError::IndexOutOfRange { index: 24, length: 24 })
        );
        if let Some(value) = largest.checked_add(1) {
            assert_eq!(list.set(0, value), Err(StatusError::ValueTooLarge { value, largest }));
        }
    }
    assert_eq!(
        StatusList::new(StatusWidth::Eight, (8 << 20) + 1),
        Err(StatusError::ListTooLong { limit: 8 << 20 })
    );
    assert_eq!(
        StatusList::new(StatusWidth::One, u64::MAX),
        Err(StatusError::ListTooLong { limit: 8 << 20 })
    );
}

#[test]
fn a_drawn_index_is_free() {
    let mut random = Counter(5);
    let index = draw_index(1000, &mut random, &|index| index % 2 == 0).unwrap();
    assert!(index < 1000 && index % 2 == 1);
    assert_eq!(draw_index(1000, &mut random, &|_| true), None);
}

#[test]
fn an_aggregation_names_lists() {
    let mut budget = Budget::default();
    let lists = aggregated_lists(br#"{"status_lists":["https://a.example/1"]}"#, &mut budget);
    assert_eq!(lists, Ok(vec!["https://a.example/1".to_owned()]));
    let lists = aggregated_lists(br#"{"status_lists":[1]}"#, &mut budget);
    assert_eq!(lists, Err(StatusError::Malformed("status_lists")));
}
