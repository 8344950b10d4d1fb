//! ISO/IEC 18013-5: Annex D, and the test data of isomdl and of auth0-lab/mdl, each at its own time.

use std::fs;
use std::path::PathBuf;

use wallet_core::codec::cbor::{Cbor, CborValue};
use wallet_core::codec::{Budget, Json, base64url};
use wallet_core::credential::mdoc::{DeviceBinding, DeviceResponse, Mdoc, MdocError, SessionTranscript, VerifyOptions};
use wallet_core::credential::{Unverified, Verified};
use wallet_core::crypto::{AgreementKey, Curve, SigningKey};
use wallet_core::envelope::cose::{UnsignedSign1, UnverifiedMac0, UnverifiedSign1};
use wallet_core::envelope::session::{Role as Side, SessionCipher, SessionError};
use wallet_core::keys::PublicKey;
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::{
    Certificate, CertificateError, DocumentSignerClaim, Environment, ProfilePolicy, Role, TrustStore,
};
use wallet_tests::TestRandom;

fn folder() -> Option<PathBuf> {
    wallet_tests::vectors("mdoc")
}

fn hex(text: &str) -> Vec<u8> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.trim().as_bytes().chunks(2).map(digits).collect()
}

/// A file of hexadecimal digits.
fn hex_file(name: &str) -> Vec<u8> {
    hex(&fs::read_to_string(folder().unwrap().join(name)).unwrap())
}

/// Annex D by the names of its values.
struct AnnexD(Json);

impl AnnexD {
    fn read() -> Option<Self> {
        let text = fs::read(folder()?.join("iso18013-5-annex-d.json")).unwrap();
        Some(Self(Json::parse(text, &mut Budget::default()).unwrap()))
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        let value = self.0.get(&format!("ISO_18013_5_ANNEX_D_{name}"));
        hex(value.and_then(Json::as_str).expect(name))
    }

    fn agreement_key(&self, name: &str) -> AgreementKey {
        let key = AgreementKey::from_bytes(&self.bytes(&format!("{name}_D"))).unwrap();
        let (x, y) = (self.bytes(&format!("{name}_X")), self.bytes(&format!("{name}_Y")));
        assert_eq!(key.public_point(), [vec![4], x, y].concat(), "{name}");
        key
    }

    /// The session as each side derives it: the reader's, the mdoc's.
    fn session(&self) -> (SessionCipher, SessionCipher) {
        let reader = self.agreement_key("EPHEMERAL_READER_KEY");
        let mdoc = self.agreement_key("EPHEMERAL_DEVICE_KEY");
        let transcript = self.bytes("SESSION_TRANSCRIPT_BYTES");
        let derive = |own: &AgreementKey, theirs: &AgreementKey, side| {
            SessionCipher::derive(own, &PublicKey::new(theirs.public_key()), &transcript, side).unwrap()
        };
        (derive(&reader, &mdoc, Side::Reader), derive(&mdoc, &reader, Side::Mdoc))
    }
}

/// The encrypted part of `SessionEstablishment` or `SessionData`.
fn data(message: &[u8]) -> Vec<u8> {
    let message = Cbor::parse(message, &mut Budget::default()).unwrap();
    message.get("data").and_then(Cbor::as_bytes).expect("data").to_vec()
}

#[test]
fn the_session_of_annex_d_is_understood_and_written() {
    let Some(annex) = AnnexD::read() else {
        return;
    };
    let (mut reader, mut mdoc) = annex.session();
    let request = data(&annex.bytes("SESSION_ESTABLISHMENT"));
    assert_eq!(mdoc.decrypt(request.clone()), Ok(annex.bytes("DEVICE_REQUEST")));
    assert_eq!(reader.encrypt(annex.bytes("DEVICE_REQUEST")), Ok(request.clone()));
    let response = data(&annex.bytes("SESSION_DATA"));
    assert_eq!(mdoc.encrypt(annex.bytes("DEVICE_RESPONSE")), Ok(response.clone()));
    assert_eq!(mdoc.decrypt(request), Err(SessionError::NotDecrypted), "repeated");
    assert_eq!(reader.decrypt(response.clone()), Ok(annex.bytes("DEVICE_RESPONSE")));
    assert_eq!(reader.decrypt(response), Err(SessionError::NotDecrypted), "repeated");
    // The key of the reader stands in the first message as a COSE_Key, that of the device in its engagement.
    let establishment = annex.bytes("SESSION_ESTABLISHMENT");
    let establishment = Cbor::parse(&establishment, &mut Budget::default()).unwrap();
    for (key, name) in [
        (establishment.get("eReaderKey").unwrap(), "EPHEMERAL_READER_KEY"),
        (
            &Cbor::parse(&annex.bytes("E_DEVICE_KEY_BYTES"), &mut Budget::default()).unwrap(),
            "EPHEMERAL_DEVICE_KEY",
        ),
    ] {
        let read = PublicKey::parse_cose_key(key.embedded().unwrap(), &mut Budget::default()).unwrap();
        assert_eq!(read, PublicKey::new(annex.agreement_key(name).public_key()));
        assert_eq!(read.to_cose_key().encode(), key.embedded().unwrap(), "{name}");
    }
}

#[test]
fn the_session_of_isomdl_is_that_of_annex_d() {
    let Some(annex) = AnnexD::read() else {
        return;
    };
    let session = |name: &str| hex_file(&format!("isomdl/definitions/session/{name}.cbor"));
    assert_eq!(session("session_transcript"), annex.bytes("SESSION_TRANSCRIPT_BYTES"));
    assert_eq!(session("session_establishment"), annex.bytes("SESSION_ESTABLISHMENT"));
    assert_eq!(session("e_device_key"), annex.bytes("EPHEMERAL_DEVICE_KEY_D"));
    let (reader, _) = annex.session();
    assert_eq!(reader.to_bytes()[2..34], session("reader_session_key"));
    let own = annex.agreement_key("EPHEMERAL_READER_KEY");
    let theirs = annex.agreement_key("EPHEMERAL_DEVICE_KEY").public_key();
    let shared = wallet_core::crypto::agree(&own, &theirs).unwrap();
    assert_eq!(*shared, session("shared_secret"));
}

#[test]
fn the_cose_messages_and_keys_of_isomdl_verify() {
    if folder().is_none() {
        return;
    }
    let file = |name: &str| hex_file(&format!("isomdl/definitions/{name}"));
    let budget = &mut Budget::default();
    let key = SigningKey::from_bytes(Curve::P256, &file("cose/sign1/secret_key")).unwrap();
    let message = UnverifiedSign1::parse(&file("cose/sign1/serialized.cbor"), budget).unwrap();
    let verified = message.verify(&PublicKey::from(&key), &[], None).unwrap();
    assert_eq!(verified.payload(), Some(&b"This is the content."[..]));

    // What looks like an encoded key is the key itself.
    let key = file("cose/mac0/secret_key");
    let message = UnverifiedMac0::parse(&file("cose/mac0/serialized.cbor"), budget).unwrap();
    assert_eq!(message.verify(&key, &[], None), Ok(&b"This is the content."[..]));

    let encoded = file("cose_key/ec_p256.cbor");
    let key = PublicKey::parse_cose_key(&encoded, budget).unwrap();
    assert_eq!(key.to_cose_key().encode(), encoded);
}

/// A response or an `IssuerSigned` with the session it answers, if it does.
struct Case {
    response: Vec<u8>,
    transcript: Option<Vec<u8>>,
    reader_key: Option<Vec<u8>>,
    anchors: Vec<Certificate>,
    /// Seconds after the time of issue.
    later: i64,
    /// Whether certificates must fit their profile to the letter.
    strict: bool,
}

impl Case {
    fn annex_d() -> Option<Self> {
        let annex = AnnexD::read()?;
        Some(Self {
            response: annex.bytes("DEVICE_RESPONSE"),
            transcript: Some(annex.bytes("SESSION_TRANSCRIPT_BYTES")),
            reader_key: Some(annex.bytes("EPHEMERAL_READER_KEY_D")),
            // The root is not published: its document signer is trusted as it is.
            anchors: vec![Certificate::parse(&annex.bytes("DS_CERT")).unwrap()],
            later: 60,
            strict: false,
        })
    }

    /// A test of auth0-lab/mdl; only device responses.
    fn auth0(name: &str) -> Self {
        let file = folder().unwrap().join("auth0").join(name);
        let json = Json::parse(fs::read(file).unwrap(), &mut Budget::default()).unwrap();
        let member = |name: &str| json.get("hex").unwrap().get(name).and_then(Json::as_str).map(hex);
        let response = member("deviceResponse").or_else(|| member("encodedDeviceResponse"));
        let issuer = fs::read(folder().unwrap().join("auth0/issuer.pem")).unwrap();
        Self {
            response: response.or_else(|| member("mdoc")).unwrap(),
            transcript: member("encodedSessionTranscript"),
            reader_key: member("ephemeralReaderKey"),
            anchors: vec![Certificate::parse_pem(std::str::from_utf8(&issuer).unwrap()).unwrap()],
            later: 60,
            strict: false,
        }
    }

    /// The time of issue, as the document itself says.
    fn signed(document: &Unverified<Mdoc>) -> Timestamp {
        let object = document.inspect().mobile_security_object;
        let signed = object.get("validityInfo").and_then(|validity| validity.get("signed"));
        Timestamp::parse(signed.and_then(Json::as_str).unwrap()).unwrap()
    }

    fn judge(&self) -> Result<Vec<Verified<Mdoc>>, MdocError> {
        let mut trust = TrustStore::new(Environment::Test);
        for anchor in &self.anchors {
            trust.add_anchor(Role::Issuers, anchor.clone());
        }
        if self.strict {
            trust.set_profile_policy(ProfilePolicy::Strict);
        }
        // Some tests of auth0 hand in a text where a key belongs; their devices sign, so that it is not needed.
        let reader_key = self
            .reader_key
            .as_ref()
            .and_then(|key| AgreementKey::from_bytes(key).ok());
        let options = match &self.transcript {
            Some(transcript) => {
                let mut binding = DeviceBinding::new(SessionTranscript::from_bytes(transcript)?);
                binding.reader_key = reader_key.as_ref();
                VerifyOptions::presentation(binding)
            }
            None => VerifyOptions::at_rest(),
        };
        let response = DeviceResponse::parse(&self.response, &mut Budget::default())?;
        assert_eq!((response.status, response.documents.len()), (0, 1));
        let documents = response.documents.into_iter().map(|document| {
            let now = Self::signed(&document).plus(self.later);
            document.verify(&trust, &options, now)
        });
        documents.collect()
    }

    fn refusal(&self) -> &'static str {
        self.judge().map_err(|error| error.code()).expect_err("a refusal")
    }

    /// The same with the object signed by a document signer of ours: whatever else it says stays theirs.
    fn resigned(mut self) -> Self {
        let mut response = CborValue::parse(&self.response, &mut Budget::default()).unwrap();
        let CborValue::Array(documents) = member(&mut response, "documents") else {
            panic!("an array")
        };
        self.anchors = vec![sign_anew(member(&mut documents[0], "issuerSigned"), |payload| payload)];
        self.response = response.encode();
        self
    }
}

/// Signs an `IssuerSigned` with a document signer of ours, whose root is given.
fn sign_anew(issuer_signed: &mut CborValue, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Certificate {
    let random = &mut TestRandom::new(7);
    let at = |seconds| Some(Timestamp::from_unix(seconds));
    let window = Validity::new(at(1_600_000_000), at(1_900_000_000));
    let root = CertificateAuthority::generate("Root", Curve::P256, window, random).unwrap();
    let key = SigningKey::generate(Curve::P256, random);
    let name = CertificateName::new("Signer").country("US");
    let profile = LeafProfile::new(name).extended_key_usage("1.0.18013.5.1.2");
    let leaf = root
        .issue_leaf(&profile, &PublicKey::from(&key), window, random)
        .unwrap();
    let issuer_auth = member(issuer_signed, "issuerAuth");
    let payload = issuer_auth.as_array().unwrap()[2].as_bytes().unwrap().to_vec();
    *issuer_auth = UnsignedSign1::new(key.algorithm(), change(payload))
        .x5chain(&[leaf.der().to_vec()])
        .sign(&key);
    root.certificate().clone()
}

fn member<'a>(map: &'a mut CborValue, name: &str) -> &'a mut CborValue {
    let CborValue::Map(pairs) = map else { panic!("a map") };
    let found = pairs.iter_mut().find(|(key, _)| key.as_str() == Some(name));
    &mut found.expect(name).1
}

#[test]
fn the_response_of_annex_d_verifies_at_its_time_and_in_its_session() {
    let Some(case) = Case::annex_d() else {
        return;
    };
    let verified = case.judge().unwrap().remove(0);
    let mdoc = verified.credential();
    assert_eq!(mdoc.doctype(), "org.iso.18013.5.1.mDL");
    assert_eq!(
        mdoc.element("org.iso.18013.5.1", "family_name"),
        Some(CborValue::text("Doe"))
    );
    let portrait = AnnexD::read().unwrap().bytes("DEVICE_RESPONSE_PORTRAIT_DATA");
    assert_eq!(
        mdoc.element("org.iso.18013.5.1", "portrait"),
        Some(CborValue::bytes(portrait))
    );
    assert_eq!(mdoc.elements().count(), 6);
    assert!(mdoc.device_claims().is_empty());

    let with = |change: &dyn Fn(&mut Case)| {
        let mut case = Case::annex_d().unwrap();
        change(&mut case);
        case.refusal()
    };
    assert_eq!(with(&|case| case.transcript = None), "mdoc.device_auth_unexpected");
    assert_eq!(with(&|case| case.reader_key = None), "mdoc.device_mac_key");
    let other_key = |case: &mut Case| case.reader_key = Some(vec![7; 32]);
    assert_eq!(with(&other_key), "mdoc.device_auth_invalid");
    let other_session = |case: &mut Case| *case.transcript.as_mut().unwrap().last_mut().unwrap() ^= 1;
    assert_eq!(with(&other_session), "mdoc.device_auth_invalid");
    // The document signer's certificate begins at midnight of the day and ends a year later, as the document does.
    assert_eq!(with(&|case| case.later = -3600), "mdoc.not_yet_valid");
    assert_eq!(with(&|case| case.later = -86_400), "trust.certificate_not_yet_valid");
    assert_eq!(with(&|case| case.later = 366 * 86_400), "trust.certificate_expired");
    assert_eq!(with(&|case| case.anchors.clear()), "trust.untrusted_path");
    let other_name = |case: &mut Case| replace(&mut case.response, b"cDoe", b"cDo3");
    assert_eq!(with(&other_name), "mdoc.digest_mismatch");
    let other_id = |case: &mut Case| replace(&mut case.response, b"\xa4\x68digestID\x07", b"\xa4\x68digestID\x17");
    assert_eq!(with(&other_id), "mdoc.digest_unknown");
    let other_type = |case: &mut Case| replace(&mut case.response, b"5.1.mDL", b"5.1.mDX");
    assert_eq!(with(&other_type), "mdoc.doctype_mismatch");
}

/// Puts `new` in the place of the first `old`.
fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    let at = bytes
        .windows(old.len())
        .position(|window| window == old)
        .expect("it is there");
    bytes[at..at + new.len()].copy_from_slice(new);
}

/// Valid in the eyes of those who published them, and refused here.
const DIVERGENCES: &[(&str, &str, &str)] = &[
    (
        "deviceResponse.json",
        "cose.label_in_both_buckets",
        "two certificates claim to be the signer's; the object is not in tag 24, its device key is null, its dates are \
         byte strings",
    ),
    (
        "deviceResponse2.json",
        "mdoc.bad_member",
        "the object is not in tag 24; no certificate, no device key, digest ids are texts",
    ),
    (
        "example4.json",
        "mdoc.device_element_not_authorized",
        "the device says what its issuer did not authorise it to (ISO/IEC 18013-5 §9.1.2.4)",
    ),
];

#[test]
fn the_responses_of_auth0_are_judged_or_refused_for_a_listed_reason() {
    let Some(folder) = folder() else {
        return;
    };
    let mut files: Vec<String> = fs::read_dir(folder.join("auth0"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json") && name != "cbor.json")
        .collect();
    files.sort();
    for name in files {
        let case = Case::auth0(&name);
        if let Some((_, code, _)) = DIVERGENCES.iter().find(|(diverging, _, _)| *diverging == name) {
            assert_eq!(case.refusal(), *code, "{name}");
            continue;
        }
        match name.as_str() {
            // Tampered with on purpose.
            "example3.json" => {
                assert_eq!(case.refusal(), "mdoc.digest_mismatch");
                continue;
            }
            "verifier.json" => {}
            // The issuer signs with the key of its root: who pins that certificate believes it, but not by the strict
            // reading (Annex B.1.4: a document signer's certificate is no authority's).
            _ => {
                assert!(case.judge().is_ok(), "{name}");
                let strict = Case { strict: true, ..case };
                assert_eq!(strict.refusal(), "trust.authority_as_signer", "{name}");
                continue;
            }
        }
        // The response of Annex D, under its own document signer.
        assert_eq!(case.refusal(), "trust.untrusted_path", "{name}");
        let anchors = Case::annex_d().unwrap().anchors;
        assert!(Case { anchors, ..case }.judge().is_ok(), "{name}");
    }
    let item = Json::parse(
        fs::read(folder.join("auth0/cbor.json")).unwrap(),
        &mut Budget::default(),
    )
    .unwrap();
    let item = hex(item
        .get("hex")
        .and_then(|hex| hex.get("encoded"))
        .and_then(Json::as_str)
        .unwrap());
    let parsed = Cbor::parse(&item, &mut Budget::default()).unwrap();
    let inner = CborValue::parse(parsed.embedded().unwrap(), &mut Budget::default()).unwrap();
    assert_eq!(inner.get("elementValue"), Some(&CborValue::text("Doe")));
    assert_eq!(parsed.to_value().encode(), item);
}

#[test]
fn under_a_document_signer_the_responses_of_auth0_are_judged_as_published() {
    if folder().is_none() {
        return;
    }
    for (name, expected) in [
        ("diagnostic.json", Ok(12)),
        ("disableCertVerification.json", Ok(12)),
        ("example1.json", Ok(12)),
        ("example2.json", Ok(6)),
        ("example3.json", Err("mdoc.digest_mismatch")),
        // ISO/IEC 18013-5 §9.1.2.4: the device says what its issuer did not authorise it to.
        ("example4.json", Err("mdoc.device_element_not_authorized")),
        ("issuerSigned.json", Ok(15)),
    ] {
        // Their own signature holds too; it is only made with the wrong kind of certificate.
        let theirs = Case::auth0(name);
        let key = theirs.anchors[0].public_key().unwrap().clone();
        let response = CborValue::parse(&theirs.response, &mut Budget::default()).unwrap();
        let document = &response.get("documents").and_then(CborValue::as_array).unwrap()[0];
        let auth = document.get("issuerSigned").and_then(|signed| signed.get("issuerAuth"));
        let auth = UnverifiedSign1::parse(&auth.unwrap().encode(), &mut Budget::default()).unwrap();
        assert_eq!(auth.check(&key, &[], None), Ok(()), "{name}");

        let case = theirs.resigned();
        let judged = case.judge().map_err(|error| error.code());
        let judged = judged.map(|all| all[0].credential().elements().count());
        assert_eq!(judged, expected, "{name}");
        if case.transcript.is_none() || judged.is_err() {
            continue;
        }
        // Another session, and no session at all.
        let mut other = Case::auth0(name).resigned();
        *other.transcript.as_mut().unwrap().last_mut().unwrap() ^= 1;
        // They carry the payload, which is then another than the one expected.
        assert_eq!(other.refusal(), "cose.payload_twice", "{name}");
        other.transcript = None;
        assert_eq!(other.refusal(), "mdoc.device_auth_unexpected", "{name}");
    }
}

fn issuer_signed(name: &str) -> Result<Unverified<Mdoc>, MdocError> {
    Unverified::<Mdoc>::parse(&hex_file(name), &mut Budget::default())
}

#[test]
fn the_documents_of_isomdl_are_judged() {
    let Some(annex) = AnnexD::read() else {
        return;
    };
    let mut trust = TrustStore::new(Environment::Test);
    trust.add_anchor(Role::Issuers, Certificate::parse(&annex.bytes("DS_CERT")).unwrap());
    let verify = |document: Unverified<Mdoc>| {
        let now = Case::signed(&document).plus(60);
        document.verify(&trust, &VerifyOptions::at_rest(), now)
    };
    let signed = issuer_signed("isomdl/definitions/issuer_signed.cbor").unwrap();
    assert_eq!(verify(signed).unwrap().credential().elements().count(), 6);
    // Values taken out for storage: what is left is not what was signed.
    let dehydrated = issuer_signed("isomdl/definitions/issuer_signed_dehydrated.cbor").unwrap();
    assert_eq!(
        verify(dehydrated).map_err(|error| error.code()).err(),
        Some("mdoc.digest_mismatch")
    );
    let values = issuer_signed("isomdl/definitions/namespaced_data.cbor");
    assert_eq!(values.map_err(|error| error.code()).err(), Some("mdoc.member_missing"));
    // A form without content: its random value has one byte, its object is a text.
    let response = hex_file("isomdl/definitions/device_response.cbor");
    let response = DeviceResponse::parse(&response, &mut Budget::default());
    assert_eq!(
        response.map_err(|error| error.code()).err(),
        Some("mdoc.random_too_short")
    );
}

/// isomdl keeps a document in a form of its own: the elements by name, the object once more. Its own verdict would be
/// that it is valid.
#[test]
fn the_whole_licence_of_isomdl_verifies_with_all_its_elements() {
    let Some(folder) = folder() else {
        return;
    };
    let text = fs::read_to_string(folder.join("isomdl/stringified-mdl.txt")).unwrap();
    let stored = base64url::decode_standard(text.trim()).unwrap();
    let stored = CborValue::parse(&stored, &mut Budget::default()).unwrap();
    let namespaces = stored.get("namespaces").and_then(CborValue::as_map).unwrap();
    let namespaces = namespaces.iter().map(|(name, elements)| {
        let items = elements.as_map().unwrap().iter().map(|(_, item)| item.clone());
        (name.clone(), CborValue::array(items))
    });
    let auth = stored.get("issuer_auth").unwrap().clone();
    let mut issuer_signed = CborValue::map([
        (CborValue::text("nameSpaces"), CborValue::Map(namespaces.collect())),
        (CborValue::text("issuerAuth"), auth.clone()),
    ]);
    let parse = |value: &CborValue| Unverified::<Mdoc>::parse(&value.encode(), &mut Budget::default());
    // It is valid from one second until the same second.
    assert_eq!(
        parse(&issuer_signed).err().map(|error| error.code()),
        Some("mdoc.validity_order")
    );
    // Its certificate is of version 1, and had expired.
    let pem = fs::read_to_string(folder.join("isomdl/issuance/issuer-cert.pem")).unwrap();
    assert_eq!(Certificate::parse_pem(&pem).err(), Some(CertificateError::Version));

    let root = sign_anew(&mut issuer_signed, |mut payload| {
        replace(&mut payload, b"jvalidUntil\xc0\x742023", b"jvalidUntil\xc0\x742033");
        payload
    });
    let document = parse(&issuer_signed).unwrap();
    let mut trust = TrustStore::new(Environment::Test);
    trust.add_anchor(Role::Issuers, root);
    let now = Case::signed(&document).plus(60);
    let verified = document.verify(&trust, &VerifyOptions::at_rest(), now).unwrap();
    assert!(verified.credential().elements().count() > 40);
}

#[test]
fn the_certificates_of_isomdl_are_read_and_judged() {
    let Some(folder) = folder() else {
        return;
    };
    let pem = |name: &str| {
        let text = fs::read_to_string(folder.join("isomdl").join(name)).unwrap();
        Certificate::parse_pem(&text).unwrap()
    };
    for (name, curve) in [
        ("issuance/256-cert.pem", Curve::P256),
        ("issuance/384-cert.pem", Curve::P384),
        ("issuance/521-cert.pem", Curve::P521),
    ] {
        let certificate = pem(name);
        let key = certificate.public_key().unwrap();
        assert_eq!(
            (key.verifying_key().curve(), certificate.is_self_signed()),
            (curve, true),
            "{name}"
        );
    }
    let der = fs::read(folder.join("isomdl/issuance/256-cert.der")).unwrap();
    assert_eq!(pem("issuance/256-cert.pem").der(), der);

    // Each chain under its root, at its own time.
    let root = pem("presentation/isomdl_iaca_root_cert.pem");
    let multipaz = pem("presentation/owf_multipaz_iaca_p384.pem");
    let signer = |root: &Certificate, chain: &[&str], day: &str| {
        let mut trust = TrustStore::new(Environment::Test);
        trust.add_anchor(Role::Issuers, root.clone());
        let chain: Vec<Vec<u8>> = chain.iter().map(|name| pem(name).der().to_vec()).collect();
        let now = Timestamp::parse(day).unwrap();
        let claim = DocumentSignerClaim::new(&chain, "org.iso.18013.5.1.mDL", now);
        let outcome = trust.resolve_document_signer(&claim, now);
        outcome.map(|issuer| issuer.name).map_err(|error| error.code())
    };
    // Valid for 18 days longer than its root.
    assert_eq!(
        signer(&root, &["presentation/isomdl_iaca_signer.pem"], "2024-01-01"),
        Err("certificate_profile.validity_within_authority")
    );
    // Authorities that would sign documents, one of them by another root of the same name.
    let as_signer = Err("trust.authority_as_signer");
    let incorrect = ["presentation/isomdl_incorrect_iaca_signer.pem"];
    assert_eq!(signer(&root, &incorrect, "2024-01-01"), as_signer);
    let long = [
        "presentation/isomdl_iaca_leaf_signer.pem",
        "presentation/isomdl_iaca_intermediate.pem",
    ];
    assert_eq!(signer(&root, &long, "2024-01-01"), as_signer);
    let ds = ["presentation/owf_multipaz_ds_p384.pem"];
    assert_eq!(
        signer(&multipaz, &ds, "2026-01-01"),
        Ok("OWF Multipaz TEST DS".to_owned())
    );
    assert_eq!(signer(&multipaz, &ds, "2027-04-01"), Err("trust.certificate_expired"));

    // The reader's root is not published.
    let reader = pem("presentation/reader_auth.pem");
    let mut trust = TrustStore::new(Environment::Test);
    let now = Timestamp::parse("2024-01-01").unwrap();
    let chain = [reader.der().to_vec()];
    let refused = trust.resolve_reader(&chain, now).map_err(|error| error.code());
    assert_eq!(refused.err(), Some("trust.untrusted_path"));
    trust.add_anchor(Role::RelyingParties, reader);
    assert!(trust.resolve_reader(&chain, now).is_ok());
}

#[test]
fn no_file_is_forgotten() {
    let Some(folder) = folder() else {
        return;
    };
    let own = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/mdoc.rs")).unwrap();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            // A device's key without the document that would name it; a response that is not listed as diverging.
            let is_known = name == "SOURCE" || name == "device_key" || name == "verifier" || own.contains(&name);
            match path.is_dir() {
                true => folders.push(path),
                false => assert!(is_known, "{}", path.display()),
            }
        }
    }
}
