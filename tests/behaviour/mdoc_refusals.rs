//! A valid mdoc, one mutation, the exact refusal: the MUST-reject rules of ISO 18013-5.

use wallet_core::codec::{Budget, CborValue};
use wallet_core::credential::mdoc::{DeviceBinding, DeviceResponse, Mdoc, MdocError, SessionTranscript, VerifyOptions};
use wallet_core::credential::{Unverified, Verified};
use wallet_core::crypto::{AgreementKey, Curve, HashAlgorithm, SignatureAlgorithm, SigningKey};
use wallet_core::envelope::cose::{UnsignedSign1, UntaggedMac0};
use wallet_core::envelope::session::device_mac_key;
use wallet_core::keys::PublicKey;
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::{Certificate, Environment, Role, TrustStore};
use wallet_tests::TestRandom;

const DOCTYPE: &str = "org.iso.18013.5.1.mDL";
const NAMESPACE: &str = "org.iso.18013.5.1";
const DAY: i64 = 86_400;

fn now() -> Timestamp {
    Timestamp::parse("2027-01-15T08:00:00Z").unwrap()
}

fn device_key() -> SigningKey {
    SigningKey::generate(Curve::P256, &mut TestRandom::new(7))
}

fn reader_key() -> AgreementKey {
    AgreementKey::generate(&mut TestRandom::new(8))
}

fn transcript() -> SessionTranscript {
    SessionTranscript::openid4vp("x509_hash:abc", "nonce-1", None, "https://v.example/response")
}

/// The issuer's side: an authority, a document signer below it, and who trusts them.
struct Issuer {
    trust: TrustStore,
    key: SigningKey,
    certificate: Certificate,
}

impl Issuer {
    fn new() -> Self {
        let mut random = TestRandom::new(1);
        let validity = Validity::new(Some(now().plus(-30 * DAY)), Some(now().plus(300 * DAY)));
        let name = CertificateName::new("Test IACA").country("DE");
        let iaca = CertificateAuthority::generate_iaca(name, "https://a.example", Curve::P256, validity, &mut random);
        let iaca = iaca.unwrap();
        let key = SigningKey::generate(Curve::P256, &mut random);
        let profile = LeafProfile::new(CertificateName::new("Test DS").country("DE"));
        let crl = "https://a.example/crl";
        let certificate = iaca.issue_document_signer(&profile, &PublicKey::from(&key), crl, validity, &mut random);
        let mut trust = TrustStore::new(Environment::Test);
        trust.add_anchor(Role::Issuers, iaca.certificate().clone());
        Self {
            trust,
            key,
            certificate: certificate.unwrap(),
        }
    }
}

/// The member at a path of names, to be changed.
fn at<'a>(value: &'a mut CborValue, path: &[&str]) -> &'a mut CborValue {
    path.iter().fold(value, |value, name| {
        let CborValue::Map(pairs) = value else {
            panic!("{name} is looked for in a map")
        };
        let position = pairs.iter().position(|(key, _)| key.as_str() == Some(name));
        &mut pairs[position.unwrap_or_else(|| panic!("there is no {name}"))].1
    })
}

fn remove(value: &mut CborValue, name: &str) {
    let CborValue::Map(pairs) = value else {
        panic!("{name} is removed from a map")
    };
    pairs.retain(|(key, _)| key.as_str() != Some(name));
}

fn add(value: &mut CborValue, name: &str, member: CborValue) {
    let CborValue::Map(pairs) = value else {
        panic!("{name} is added to a map")
    };
    pairs.push((CborValue::from(name), member));
}

fn item(id: u64, name: &str, value: impl Into<CborValue>) -> CborValue {
    CborValue::map([
        ("digestID", CborValue::from(id)),
        ("random", CborValue::bytes([u8::try_from(id).unwrap(); 16])),
        ("elementIdentifier", CborValue::from(name)),
        ("elementValue", value.into()),
    ])
}

fn tagged(value: &CborValue) -> CborValue {
    CborValue::embedded(value.encode())
}

fn time(at: Timestamp) -> CborValue {
    CborValue::date_time(at.to_string())
}

/// A change to the headers of the issuer's signature.
type Signed = dyn Fn(UnsignedSign1, &Issuer) -> UnsignedSign1;

/// Writes by hand what an honest issuer and an honest device would not, in the order in which it comes about.
struct Forge {
    /// The elements, before their digests are taken.
    items: Vec<CborValue>,
    /// The mobile security object, after the digests were taken.
    object: Box<dyn Fn(&mut CborValue)>,
    /// The payload of the signature, before signing.
    payload: Box<dyn Fn(CborValue) -> CborValue>,
    /// The signature's headers.
    sign: Box<Signed>,
    /// What is sent, after signing: `IssuerSigned`.
    sent: Box<dyn Fn(&mut CborValue)>,
    /// What the device says itself.
    device_elements: CborValue,
    /// The document, after the device signed.
    document: Box<dyn Fn(&mut CborValue)>,
    /// Whether the device makes a MAC.
    mac: bool,
}

impl Forge {
    fn valid() -> Self {
        Self {
            items: vec![
                item(0, "family_name", "Doe"),
                item(5, "birth_date", CborValue::full_date("1990-02-03")),
                item(3, "age_over_18", true),
            ],
            object: Box::new(|_| {}),
            payload: Box::new(|object| tagged(&object)),
            sign: Box::new(|unsigned, issuer| unsigned.x5chain(&[issuer.certificate.der().to_vec()])),
            sent: Box::new(|_| {}),
            device_elements: CborValue::map::<&str, CborValue>([]),
            document: Box::new(|_| {}),
            mac: false,
        }
    }

    fn object(edit: impl Fn(&mut CborValue) + 'static) -> Self {
        Self {
            object: Box::new(edit),
            ..Self::valid()
        }
    }

    fn sent(edit: impl Fn(&mut CborValue) + 'static) -> Self {
        Self {
            sent: Box::new(edit),
            ..Self::valid()
        }
    }

    fn document(edit: impl Fn(&mut CborValue) + 'static) -> Self {
        Self {
            document: Box::new(edit),
            ..Self::valid()
        }
    }

    fn item(edit: impl Fn(&mut CborValue)) -> Self {
        let mut forge = Self::valid();
        edit(&mut forge.items[0]);
        forge
    }

    fn mobile_security_object(&self) -> CborValue {
        let digests = self.items.iter().map(|item| {
            let digest = HashAlgorithm::Sha256.digest(&tagged(item).encode());
            (item.get("digestID").cloned().unwrap_or(CborValue::Null), digest)
        });
        let mut object = CborValue::map([
            ("version", CborValue::from("1.0")),
            ("digestAlgorithm", CborValue::from("SHA-256")),
            ("valueDigests", CborValue::map([(NAMESPACE, CborValue::map(digests))])),
            (
                "deviceKeyInfo",
                CborValue::map([("deviceKey", PublicKey::from(&device_key()).to_cose_key())]),
            ),
            ("docType", CborValue::from(DOCTYPE)),
            (
                "validityInfo",
                CborValue::map([
                    ("signed", time(now().plus(-DAY))),
                    ("validFrom", time(now().plus(-DAY))),
                    ("validUntil", time(now().plus(20 * DAY))),
                ]),
            ),
        ]);
        (self.object)(&mut object);
        object
    }

    fn issuer_signed(&self, issuer: &Issuer) -> CborValue {
        let payload = (self.payload)(self.mobile_security_object());
        let unsigned = UnsignedSign1::new(SignatureAlgorithm::Es256, payload.encode());
        let auth = (self.sign)(unsigned, issuer).sign(&issuer.key);
        let items = CborValue::array(self.items.iter().map(tagged));
        let mut sent = CborValue::map([
            ("nameSpaces", CborValue::map([(NAMESPACE, items)])),
            ("issuerAuth", auth),
        ]);
        (self.sent)(&mut sent);
        sent
    }

    fn document_of(&self, issuer: &Issuer) -> CborValue {
        let namespaces = tagged(&self.device_elements);
        let session = CborValue::parse(transcript().as_bytes(), &mut Budget::default()).unwrap();
        let payload = CborValue::array([
            CborValue::from("DeviceAuthentication"),
            session,
            CborValue::from(DOCTYPE),
            namespaces.clone(),
        ]);
        let payload = tagged(&payload).encode();
        let (form, auth) = if self.mac {
            let device = PublicKey::from(&device_key());
            let key = device_mac_key(&reader_key(), &device, &transcript().to_tagged()).unwrap();
            (
                "deviceMac",
                UntaggedMac0::detached(payload).authenticate(key.as_slice()),
            )
        } else {
            let unsigned = UnsignedSign1::detached(SignatureAlgorithm::Es256, payload);
            ("deviceSignature", unsigned.sign(&device_key()))
        };
        let mut document = CborValue::map([
            ("docType", CborValue::from(DOCTYPE)),
            ("issuerSigned", self.issuer_signed(issuer)),
            (
                "deviceSigned",
                CborValue::map([
                    ("nameSpaces", namespaces),
                    ("deviceAuth", CborValue::map([(form, auth)])),
                ]),
            ),
        ]);
        (self.document)(&mut document);
        document
    }

    /// Verified at rest: `IssuerSigned` alone.
    fn at_rest(&self) -> Result<Verified<Mdoc>, MdocError> {
        let issuer = Issuer::new();
        let encoded = self.issuer_signed(&issuer).encode();
        let parsed = Unverified::<Mdoc>::parse(&encoded, &mut Budget::default())?;
        parsed.verify(&issuer.trust, &VerifyOptions::at_rest(), now())
    }

    /// Verified as the answer to a request.
    fn presented(&self) -> Result<Verified<Mdoc>, MdocError> {
        let issuer = Issuer::new();
        let reader = reader_key();
        let binding = DeviceBinding::new(transcript()).with_reader_key(&reader);
        self.judge(&issuer, &VerifyOptions::presentation(binding))
    }

    fn judge(&self, issuer: &Issuer, options: &VerifyOptions<'_>) -> Result<Verified<Mdoc>, MdocError> {
        let response = response([self.document_of(issuer)]);
        let mut parsed = DeviceResponse::parse(&response.encode(), &mut Budget::default())?;
        parsed.documents.remove(0).verify(&issuer.trust, options, now())
    }
}

fn response(documents: impl IntoIterator<Item = CborValue>) -> CborValue {
    CborValue::map([
        ("version", CborValue::from("1.0")),
        ("documents", CborValue::array(documents)),
        ("status", CborValue::from(0_u64)),
    ])
}

fn code<T: std::fmt::Debug>(outcome: Result<T, MdocError>) -> &'static str {
    match outcome {
        Err(error) => error.code(),
        Ok(_) => "accepted",
    }
}

/// An embedded item, changed from inside.
fn reopen(embedded: &mut CborValue, edit: impl FnOnce(&mut CborValue)) {
    let CborValue::Tag(24, content) = embedded else {
        panic!("not an embedded item")
    };
    let mut inner = CborValue::parse(content.as_bytes().unwrap(), &mut Budget::default()).unwrap();
    edit(&mut inner);
    **content = CborValue::Bytes(inner.encode());
}

fn elements(sent: &mut CborValue) -> &mut Vec<CborValue> {
    match at(sent, &["nameSpaces", NAMESPACE]) {
        CborValue::Array(items) => items,
        _ => panic!("elements are an array"),
    }
}

/// The parts of a COSE message.
fn parts<'a>(value: &'a mut CborValue, path: &[&str]) -> &'a mut Vec<CborValue> {
    match at(value, path) {
        CborValue::Array(parts) => parts,
        _ => panic!("a COSE message is an array"),
    }
}

#[test]
fn what_nobody_changed_is_accepted() {
    assert_eq!(code(Forge::valid().at_rest()), "accepted");
    assert_eq!(code(Forge::valid().presented()), "accepted");
    let mac = Forge {
        mac: true,
        ..Forge::valid()
    };
    assert_eq!(code(mac.presented()), "accepted");
}

#[test]
fn elements_that_are_not_the_signed_ones_are_refused() {
    // ISO 18013-5 §9.3.1 step 3, §9.1.2.4, §9.1.2.5.
    let cases: Vec<(&str, Forge, &str)> = vec![
        (
            "another value",
            Forge::sent(|sent| {
                reopen(&mut elements(sent)[2], |item| {
                    *at(item, &["elementValue"]) = false.into()
                });
            }),
            "mdoc.digest_mismatch",
        ),
        (
            "another name",
            Forge::sent(|sent| {
                reopen(&mut elements(sent)[2], |item| {
                    *at(item, &["elementIdentifier"]) = "age_over_21".into();
                });
            }),
            "mdoc.digest_mismatch",
        ),
        (
            "the digest of another element",
            Forge::sent(|sent| {
                reopen(&mut elements(sent)[2], |item| *at(item, &["digestID"]) = 5_u64.into());
                elements(sent).remove(1);
            }),
            "mdoc.digest_mismatch",
        ),
        (
            "an element that was never signed",
            Forge::sent(|sent| elements(sent).push(tagged(&item(9, "portrait", "x")))),
            "mdoc.digest_unknown",
        ),
        (
            "a namespace that was never signed",
            Forge::sent(|sent| {
                let stolen = elements(sent).remove(0);
                add(at(sent, &["nameSpaces"]), "org.example", CborValue::array([stolen]));
            }),
            "mdoc.digest_unknown",
        ),
        (
            "an element twice",
            Forge::sent(|sent| {
                let first = elements(sent)[0].clone();
                elements(sent).push(first);
            }),
            "mdoc.digest_id_repeated",
        ),
        (
            "two elements of one name",
            Forge {
                items: vec![item(0, "family_name", "Doe"), item(1, "family_name", "Roe")],
                ..Forge::valid()
            },
            "mdoc.element_repeated",
        ),
        (
            "a short random value",
            Forge::item(|item| *at(item, &["random"]) = CborValue::bytes([7; 15])),
            "mdoc.random_too_short",
        ),
        (
            "no random value",
            Forge::item(|item| remove(item, "random")),
            "mdoc.member_missing",
        ),
        (
            "a digest id beyond 32 bits",
            Forge::item(|item| *at(item, &["digestID"]) = (1_u64 << 32).into()),
            "mdoc.digest_id_range",
        ),
        (
            "a negative digest id",
            Forge::item(|item| *at(item, &["digestID"]) = (-1_i64).into()),
            "mdoc.bad_member",
        ),
        (
            "a digest of another length",
            Forge::object(|object| {
                let CborValue::Map(digests) = at(object, &["valueDigests", NAMESPACE]) else {
                    panic!("digests are a map")
                };
                digests[0].1 = CborValue::bytes([0; 31]);
            }),
            "mdoc.digest_length",
        ),
        (
            "elements under another name",
            Forge::sent(|sent| add(sent, "namespaces", CborValue::Null)),
            "mdoc.unknown_member",
        ),
        (
            "an element without its tag",
            Forge::sent(|sent| {
                let inner = elements(sent)[0].tagged().unwrap().1.clone();
                elements(sent)[0] = inner;
            }),
            "mdoc.bad_tag",
        ),
        (
            "an element under another tag",
            Forge::sent(|sent| {
                let inner = elements(sent)[0].tagged().unwrap().1.clone();
                elements(sent)[0] = CborValue::tag(25, inner);
            }),
            "mdoc.bad_tag",
        ),
        (
            "a day that does not exist",
            Forge::item(|item| *at(item, &["elementValue"]) = CborValue::full_date("1990-02-30")),
            "mdoc.bad_date",
        ),
        (
            "a time as a day",
            Forge::item(|item| *at(item, &["elementValue"]) = CborValue::full_date("1990-02-03T00:00:00Z")),
            "mdoc.bad_date",
        ),
    ];
    for (name, forge, expected) in cases {
        assert_eq!(code(forge.at_rest()), expected, "{name}");
        assert_eq!(code(forge.presented()), expected, "{name}, presented");
    }
}

#[test]
fn mobile_security_objects_that_break_a_rule_are_refused() {
    let set = |path: &'static [&'static str], value: fn() -> CborValue| {
        Forge::object(move |object| *at(object, path) = value())
    };
    let cases: Vec<(&str, Forge, &str)> = vec![
        ("a later version", set(&["version"], || "1.1".into()), "mdoc.version"),
        (
            "a weak hash",
            set(&["digestAlgorithm"], || "SHA-1".into()),
            "mdoc.digest_algorithm",
        ),
        (
            "the JOSE name of the hash",
            set(&["digestAlgorithm"], || "sha-256".into()),
            "mdoc.digest_algorithm",
        ),
        (
            "another hash than the digests are of",
            set(&["digestAlgorithm"], || "SHA-512".into()),
            "mdoc.digest_length",
        ),
        (
            "no type",
            Forge::object(|object| remove(object, "docType")),
            "mdoc.member_missing",
        ),
        (
            "no device key",
            Forge::object(|object| remove(at(object, &["deviceKeyInfo"]), "deviceKey")),
            "mdoc.member_missing",
        ),
        (
            "no validity",
            Forge::object(|object| remove(object, "validityInfo")),
            "mdoc.member_missing",
        ),
        (
            "no digests",
            Forge::object(|object| remove(object, "valueDigests")),
            "mdoc.member_missing",
        ),
        (
            "a device key off its curve",
            Forge::object(|object| {
                let CborValue::Map(members) = at(object, &["deviceKeyInfo", "deviceKey"]) else {
                    panic!("a key is a map")
                };
                for (label, value) in members {
                    if *label == CborValue::from(-2_i64) {
                        *value = CborValue::bytes([1; 32]);
                    }
                }
            }),
            "mdoc.device_key",
        ),
        (
            "a device key of a kind that is not supported",
            set(&["deviceKeyInfo", "deviceKey"], || {
                CborValue::map([(CborValue::from(1_i64), CborValue::from(3_i64))])
            }),
            "mdoc.device_key",
        ),
        (
            "validity before it was signed",
            set(&["validityInfo", "signed"], || time(now())),
            "mdoc.validity_order",
        ),
        (
            "an end before the beginning",
            set(&["validityInfo", "validUntil"], || time(now().plus(-DAY))),
            "mdoc.validity_order",
        ),
        (
            "an end in the past",
            set(&["validityInfo", "validUntil"], || time(now().plus(-3600))),
            "mdoc.expired",
        ),
        (
            "a beginning in the future",
            set(&["validityInfo", "validFrom"], || time(now().plus(3600))),
            "mdoc.not_yet_valid",
        ),
        (
            "a time without its tag",
            set(&["validityInfo", "validUntil"], || "2027-02-01T00:00:00Z".into()),
            "mdoc.bad_tag",
        ),
        (
            "a time under the tag of a number",
            set(&["validityInfo", "validUntil"], || CborValue::tag(1, 1_900_000_000_u64)),
            "mdoc.bad_tag",
        ),
        (
            "a time with a fraction",
            set(&["validityInfo", "validUntil"], || {
                CborValue::date_time("2027-02-01T00:00:00.5Z")
            }),
            "mdoc.bad_date",
        ),
        (
            "a time with an offset",
            set(&["validityInfo", "validUntil"], || {
                CborValue::date_time("2027-02-01T00:00:00+00:00")
            }),
            "mdoc.bad_date",
        ),
        (
            "signed before the signer had a certificate",
            set(&["validityInfo", "signed"], || time(now().plus(-40 * DAY))),
            "certificate_profile.signed_within_validity",
        ),
        (
            "a namespace authorised twice",
            Forge::object(|object| {
                let whole = CborValue::array([CborValue::from("org.example")]);
                let part = CborValue::map([("org.example", CborValue::array([CborValue::from("a")]))]);
                let both = CborValue::map([("nameSpaces", whole), ("dataElements", part)]);
                add(at(object, &["deviceKeyInfo"]), "keyAuthorizations", both);
            }),
            "mdoc.key_authorizations_overlap",
        ),
        (
            "another country than the signer's",
            Forge {
                items: vec![item(0, "issuing_country", "FR")],
                ..Forge::valid()
            },
            "certificate_profile.country_of_document",
        ),
    ];
    for (name, forge, expected) in cases {
        assert_eq!(code(forge.at_rest()), expected, "{name}");
        assert_eq!(code(forge.presented()), expected, "{name}, presented");
    }
}

#[test]
fn issuer_signatures_that_break_a_rule_are_refused() {
    let chain = |issuer: &Issuer| CborValue::bytes(issuer.certificate.der());
    let sign = |sign: fn(UnsignedSign1, &Issuer) -> UnsignedSign1| Forge {
        sign: Box::new(sign),
        ..Forge::valid()
    };
    let cases: Vec<(&str, Forge, &str)> = vec![
        ("no certificates", sign(|unsigned, _| unsigned), "mdoc.x5chain_missing"),
        (
            "certificates that are none",
            sign(|unsigned, _| unsigned.x5chain(&[vec![1, 2, 3]])),
            "certificate.der",
        ),
        (
            "an empty list of certificates",
            sign(|unsigned, _| unsigned.unprotected(33, CborValue::array([]))),
            "cose.bad_header",
        ),
        (
            "an extension that must be understood",
            sign(|unsigned, issuer| {
                let unsigned = unsigned.x5chain(&[issuer.certificate.der().to_vec()]);
                unsigned
                    .protected(2, CborValue::array([CborValue::from(99_i64)]))
                    .protected(99, 1_u64)
            }),
            "cose.critical_header",
        ),
        (
            "another thumbprint",
            sign(|unsigned, issuer| {
                let thumbprint = CborValue::array([CborValue::from(-16_i64), CborValue::bytes([0; 32])]);
                unsigned
                    .x5chain(&[issuer.certificate.der().to_vec()])
                    .protected(34, thumbprint)
            }),
            "cose.thumbprint_mismatch",
        ),
        (
            "another signature",
            Forge::sent(|sent| {
                let CborValue::Bytes(signature) = &mut parts(sent, &["issuerAuth"])[3] else {
                    panic!("a signature is bytes")
                };
                signature[10] ^= 1;
            }),
            "cose.bad_signature",
        ),
        (
            "the algorithm where anyone may change it",
            Forge::sent(move |sent| {
                let auth = parts(sent, &["issuerAuth"]);
                auth[0] = CborValue::Bytes(Vec::new());
                let CborValue::Map(unprotected) = &mut auth[1] else {
                    panic!("headers are a map")
                };
                unprotected.push((CborValue::from(1_i64), CborValue::from(-7_i64)));
            }),
            "cose.alg_not_protected",
        ),
        (
            "another algorithm",
            Forge::sent(|sent| {
                let header = CborValue::map([(CborValue::from(1_i64), CborValue::from(-37_i64))]);
                parts(sent, &["issuerAuth"])[0] = CborValue::Bytes(header.encode());
            }),
            "cose.unsupported_alg",
        ),
        (
            "an object that is not embedded",
            Forge {
                payload: Box::new(|object| object),
                ..Forge::valid()
            },
            "mdoc.bad_member",
        ),
        (
            "an object under another tag",
            Forge {
                payload: Box::new(|object| CborValue::tag(25, object.encode())),
                ..Forge::valid()
            },
            "mdoc.bad_tag",
        ),
        (
            "a detached object",
            Forge::sent(|sent| parts(sent, &["issuerAuth"])[2] = CborValue::Null),
            "mdoc.bad_member",
        ),
        (
            "three parts of four",
            Forge::sent(|sent| {
                parts(sent, &["issuerAuth"]).pop();
            }),
            "cose.not_cose",
        ),
        (
            "no signature at all",
            Forge::sent(|sent| remove(sent, "issuerAuth")),
            "mdoc.member_missing",
        ),
    ];
    for (name, forge, expected) in cases {
        assert_eq!(code(forge.at_rest()), expected, "{name}");
    }
    // The certificates may stand in the protected header (second edition §9.1.2.4).
    let protected = Forge {
        sign: Box::new(move |unsigned, issuer| unsigned.protected(33, chain(issuer))),
        ..Forge::valid()
    };
    assert_eq!(code(protected.at_rest()), "accepted");
    // Somebody else's anchor.
    let stranger = Issuer {
        trust: TrustStore::new(Environment::Test),
        ..Issuer::new()
    };
    let binding = DeviceBinding::new(transcript());
    let judged = Forge::valid().judge(&stranger, &VerifyOptions::presentation(binding));
    assert_eq!(code(judged), "trust.untrusted_path");
}

#[test]
fn device_signatures_that_break_a_rule_are_refused() {
    let cases: Vec<(&str, Forge, &str)> = vec![
        (
            "none",
            Forge::document(|document| remove(document, "deviceSigned")),
            "mdoc.device_auth_missing",
        ),
        (
            "neither signature nor MAC",
            Forge::document(|document| {
                *at(document, &["deviceSigned", "deviceAuth"]) = CborValue::map::<&str, CborValue>([]);
            }),
            "mdoc.device_auth_forms",
        ),
        (
            "signature and MAC",
            Forge::document(|document| {
                let auth = at(document, &["deviceSigned", "deviceAuth"]);
                let signature = at(auth, &["deviceSignature"]).clone();
                add(auth, "deviceMac", signature);
            }),
            "mdoc.device_auth_forms",
        ),
        (
            "no namespaces",
            Forge::document(|document| remove(at(document, &["deviceSigned"]), "nameSpaces")),
            "mdoc.member_missing",
        ),
        (
            "namespaces without their tag",
            Forge::document(|document| {
                *at(document, &["deviceSigned", "nameSpaces"]) = CborValue::map::<&str, CborValue>([]);
            }),
            "mdoc.bad_member",
        ),
        (
            "another signature",
            Forge::document(|document| {
                let CborValue::Bytes(signature) =
                    &mut parts(document, &["deviceSigned", "deviceAuth", "deviceSignature"])[3]
                else {
                    panic!("a signature is bytes")
                };
                signature[10] ^= 1;
            }),
            "mdoc.device_auth_invalid",
        ),
        (
            "another payload in it",
            Forge::document(|document| {
                let auth = parts(document, &["deviceSigned", "deviceAuth", "deviceSignature"]);
                auth[2] = CborValue::bytes([0xf6]);
            }),
            "cose.payload_twice",
        ),
        (
            "an element that nobody authorised",
            Forge {
                device_elements: CborValue::map([("org.example", CborValue::map([("a", CborValue::from(1_u64))]))]),
                ..Forge::valid()
            },
            "mdoc.device_element_not_authorized",
        ),
        (
            "an element beside the one that is authorised",
            Forge {
                device_elements: CborValue::map([("org.example", CborValue::map([("b", CborValue::from(1_u64))]))]),
                ..authorizing(CborValue::map([(
                    "dataElements",
                    CborValue::map([("org.example", CborValue::array([CborValue::from("a")]))]),
                )]))
            },
            "mdoc.device_element_not_authorized",
        ),
        (
            "an element that the issuer signed too",
            Forge {
                device_elements: CborValue::map([(
                    NAMESPACE,
                    CborValue::map([("family_name", CborValue::from("Roe"))]),
                )]),
                ..authorizing(CborValue::map([(
                    "nameSpaces",
                    CborValue::array([CborValue::from(NAMESPACE)]),
                )]))
            },
            "mdoc.element_signed_twice",
        ),
        (
            "elements exchanged after signing",
            Forge {
                document: Box::new(|document| {
                    reopen(at(document, &["deviceSigned", "nameSpaces"]), |namespaces| {
                        *at(namespaces, &["org.example", "a"]) = 2_u64.into();
                    });
                }),
                device_elements: CborValue::map([("org.example", CborValue::map([("a", CborValue::from(1_u64))]))]),
                ..authorizing(CborValue::map([(
                    "nameSpaces",
                    CborValue::array([CborValue::from("org.example")]),
                )]))
            },
            "mdoc.device_auth_invalid",
        ),
        (
            "another type than was signed",
            Forge::document(|document| *at(document, &["docType"]) = "org.example".into()),
            "mdoc.doctype_mismatch",
        ),
        (
            "another MAC",
            Forge {
                mac: true,
                ..Forge::document(|document| {
                    let CborValue::Bytes(tag) = &mut parts(document, &["deviceSigned", "deviceAuth", "deviceMac"])[3]
                    else {
                        panic!("a MAC is bytes")
                    };
                    tag[0] ^= 1;
                })
            },
            "mdoc.device_auth_invalid",
        ),
        (
            "a MAC of another algorithm",
            Forge {
                mac: true,
                ..Forge::document(|document| {
                    let header = CborValue::map([(CborValue::from(1_i64), CborValue::from(4_i64))]);
                    parts(document, &["deviceSigned", "deviceAuth", "deviceMac"])[0] =
                        CborValue::Bytes(header.encode());
                })
            },
            "cose.unsupported_alg",
        ),
    ];
    for (name, forge, expected) in cases {
        assert_eq!(code(forge.presented()), expected, "{name}");
    }
    for elements in [
        CborValue::map([("org.example", CborValue::map([("a", CborValue::from(1_u64))]))]),
        CborValue::map::<&str, CborValue>([]),
    ] {
        let allowed = Forge {
            device_elements: elements,
            ..authorizing(CborValue::map([(
                "nameSpaces",
                CborValue::array([CborValue::from("org.example")]),
            )]))
        };
        assert_eq!(code(allowed.presented()), "accepted");
    }
}

fn authorizing(authorizations: CborValue) -> Forge {
    Forge::object(move |object| {
        add(
            at(object, &["deviceKeyInfo"]),
            "keyAuthorizations",
            authorizations.clone(),
        );
    })
}

#[test]
fn answers_to_another_session_are_refused() {
    let issuer = Issuer::new();
    let ask = |client: &str, nonce: &str, thumbprint: Option<&[u8]>, uri: &str| {
        let transcript = SessionTranscript::openid4vp(client, nonce, thumbprint, uri);
        code(Forge::valid().judge(&issuer, &VerifyOptions::presentation(DeviceBinding::new(transcript))))
    };
    let (client, nonce, uri) = ("x509_hash:abc", "nonce-1", "https://v.example/response");
    assert_eq!(ask(client, nonce, None, uri), "accepted");
    assert_eq!(ask("x509_hash:abd", nonce, None, uri), "mdoc.device_auth_invalid");
    assert_eq!(ask(client, "nonce-2", None, uri), "mdoc.device_auth_invalid");
    assert_eq!(ask(client, nonce, Some(&[0; 32]), uri), "mdoc.device_auth_invalid");
    assert_eq!(
        ask(client, nonce, None, "https://w.example/response"),
        "mdoc.device_auth_invalid"
    );
    let browser = SessionTranscript::openid4vp_dc_api(client, nonce, None);
    let browser = VerifyOptions::presentation(DeviceBinding::new(browser));
    assert_eq!(
        code(Forge::valid().judge(&issuer, &browser)),
        "mdoc.device_auth_invalid"
    );
}

#[test]
fn what_is_asked_for_is_decided_before_what_was_sent() {
    let issuer = Issuer::new();
    assert_eq!(
        code(Forge::valid().judge(&issuer, &VerifyOptions::at_rest())),
        "mdoc.device_auth_unexpected"
    );
    let options = VerifyOptions::presentation(DeviceBinding::new(transcript())).with_doctype("org.example");
    assert_eq!(code(Forge::valid().judge(&issuer, &options)), "mdoc.doctype_unexpected");
    let mac = Forge {
        mac: true,
        ..Forge::valid()
    };
    let without_key = VerifyOptions::presentation(DeviceBinding::new(transcript()));
    assert_eq!(code(mac.judge(&issuer, &without_key)), "mdoc.device_mac_key");
    let other = AgreementKey::generate(&mut TestRandom::new(9));
    let binding = DeviceBinding::new(transcript()).with_reader_key(&other);
    assert_eq!(
        code(mac.judge(&issuer, &VerifyOptions::presentation(binding))),
        "mdoc.device_auth_invalid"
    );
    let p384 = AgreementKey::generate_on(Curve::P384, &mut TestRandom::new(9)).unwrap();
    let binding = DeviceBinding::new(transcript()).with_reader_key(&p384);
    assert_eq!(
        code(mac.judge(&issuer, &VerifyOptions::presentation(binding))),
        "mdoc.device_mac_key"
    );
}

#[test]
fn a_status_that_is_not_understood_is_not_no_status() {
    let with = |status: CborValue| {
        let forge = Forge::object(move |object| add(object, "status", status.clone()));
        let verified = forge.at_rest().unwrap();
        let reference = verified.credential().status_reference();
        match reference {
            Ok(Some(_)) => "a list",
            Ok(None) => "none",
            Err(error) => error.code(),
        }
    };
    let list = |members: &[(&str, CborValue)]| CborValue::map([("status_list", CborValue::map(members.to_vec()))]);
    let (index, uri) = (
        ("idx", CborValue::from(7_u64)),
        ("uri", CborValue::from("https://s.example/1")),
    );
    assert_eq!(with(list(&[index.clone(), uri.clone()])), "a list");
    let identifier = CborValue::map([("id", CborValue::bytes([1, 2])), uri.clone()]);
    assert_eq!(with(CborValue::map([("identifier_list", identifier)])), "a list");
    let nameless = CborValue::map([uri.clone()]);
    assert_eq!(
        with(CborValue::map([("identifier_list", nameless)])),
        "status.reference_malformed"
    );
    assert_eq!(with(list(&[uri])), "status.reference_malformed");
    assert_eq!(with(list(&[index])), "status.reference_malformed");
    assert_eq!(
        with(CborValue::map([("other_list", CborValue::map::<&str, CborValue>([]))])),
        "status.unsupported_mechanism"
    );
    assert_eq!(with(CborValue::Null), "status.reference_malformed");
    assert_eq!(
        Forge::valid().at_rest().unwrap().credential().status_reference(),
        Ok(None)
    );
}

#[test]
fn responses_that_break_a_rule_are_refused() {
    let document = Forge::valid().document_of(&Issuer::new());
    let parse = |response: &CborValue| code(DeviceResponse::parse(&response.encode(), &mut Budget::default()));
    let changed = |name: &str, value: CborValue| {
        let mut response = response([document.clone()]);
        *at(&mut response, &[name]) = value;
        parse(&response)
    };
    assert_eq!(parse(&response([document.clone()])), "accepted");
    assert_eq!(changed("version", "2.0".into()), "mdoc.version");
    assert_eq!(changed("version", "1.1".into()), "mdoc.version");
    assert_eq!(changed("version", 1_u64.into()), "mdoc.bad_member");
    assert_eq!(changed("status", 10_u64.into()), "mdoc.response_status");
    assert_eq!(changed("documents", "none".into()), "mdoc.bad_member");
    assert_eq!(
        changed("documents", CborValue::array([CborValue::Null])),
        "mdoc.bad_member"
    );
    let many = CborValue::array(std::iter::repeat_n(document.clone(), 65));
    assert_eq!(changed("documents", many), "mdoc.too_many");
    for name in ["version", "status"] {
        let mut response = response([document.clone()]);
        remove(&mut response, name);
        assert_eq!(parse(&response), "mdoc.member_missing", "{name}");
    }
    for name in ["docType", "issuerSigned"] {
        let mut document = document.clone();
        remove(&mut document, name);
        assert_eq!(parse(&response([document])), "mdoc.member_missing", "{name}");
    }
    let encoded = response([document]).encode();
    let cut = DeviceResponse::parse(&encoded[..encoded.len() - 1], &mut Budget::default());
    assert_eq!(code(cut), "cbor.end_of_input");
    let longer = [encoded.as_slice(), &[0]].concat();
    assert_eq!(
        code(DeviceResponse::parse(&longer, &mut Budget::default())),
        "cbor.trailing_bytes"
    );
}

#[test]
fn longer_forms_of_cbor_are_accepted_and_hashed_as_received() {
    // What cbor-x writes: maps with two-byte lengths.
    let issuer = Issuer::new();
    let short = item(0, "family_name", "Doe").encode();
    let long = [&[0xb9, 0, 4], &short[1..]].concat();
    let mut forge = Forge::valid();
    forge.items.truncate(1);
    let mut tagged_long = CborValue::embedded(long).encode();
    let digest = HashAlgorithm::Sha256.digest(&tagged_long);
    forge.object = Box::new(move |object| {
        let digests = CborValue::map([(CborValue::from(0_u64), CborValue::bytes(digest.as_slice()))]);
        *at(object, &["valueDigests", NAMESPACE]) = digests;
    });
    let mut sent = forge.issuer_signed(&issuer);
    let encoded = |sent: &CborValue, item: &[u8]| {
        let auth = sent.get("issuerAuth").unwrap().encode();
        let name = CborValue::from(NAMESPACE).encode();
        let head = CborValue::from("nameSpaces").encode();
        let auth_name = CborValue::from("issuerAuth").encode();
        [
            &[0xb9, 0, 2],
            &*head,
            &[0xbf],
            &*name,
            &[0x9f],
            item,
            &[0xff, 0xff],
            &*auth_name,
            &*auth,
        ]
        .concat()
    };
    let judge = |bytes: Vec<u8>| {
        let parsed = Unverified::<Mdoc>::parse(&bytes, &mut Budget::default())?;
        parsed.verify(&issuer.trust, &VerifyOptions::at_rest(), now())
    };
    let verified = judge(encoded(&sent, &tagged_long)).unwrap();
    assert_eq!(
        verified.credential().claims_json().to_string(),
        r#"{"org.iso.18013.5.1":{"family_name":"Doe"}}"#
    );
    // The same value, encoded again, is not what was signed.
    tagged_long = CborValue::embedded(short).encode();
    assert_eq!(code(judge(encoded(&sent, &tagged_long))), "mdoc.digest_mismatch");
    remove(&mut sent, "nameSpaces");
    assert_eq!(code(judge(sent.encode())), "accepted");
}
