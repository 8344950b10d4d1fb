//! Seeds for the targets of mdocs.

use wallet_core::codec::cbor::CborValue;
use wallet_core::codec::{Budget, Json, base64url};
use wallet_core::credential::mdoc::{Blueprint, DeviceResponse, Document, Mdoc, UnboundPresentation, VerifyOptions};
use wallet_core::credential::{StatusListReference, Unverified};
use wallet_core::crypto::{AgreementKey, Curve, SignatureAlgorithm, SigningKey, sha256};
use wallet_core::envelope::cose::{CRIT, KID, TAG_MAC0, TAG_SIGN1, TYP, UnsignedSign1, UntaggedMac0, X5T};
use wallet_core::envelope::session::{Role, SessionCipher};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::protocol::mdoc::{
    BleCarrier, BleOptions, BleRole, Carrier, CarrierRecord, DeviceEngagement, DeviceRequest, DocRequest,
    HandoverRequest, HandoverSelect, ItemsRequest, PowerState, RetrievalMethod, SessionData, SessionEstablishment,
    SessionStatus,
};
use wallet_core::protocol::openid4vp::DcApiProtocol;
use wallet_core::proximity::{Config, offer};
use wallet_core::status::{IdentifierList, IdentifierListToken, StatusList, StatusListToken, StatusWidth, TokenTimes};
use wallet_core::verifier::DcApiSpec;
use wallet_tests::TestRandom;
use wallet_tests::campus::{self, Campus};
use wallet_tests::fuzzing::PAGE;
use wallet_tests::fuzzing::mdoc::{LIST, MDL, Meeting, NAMESPACE};
use wallet_tests::fuzzing::vical::Provider;
use wallet_tests::issuing::now;

use super::{half, seed};

pub(super) fn all() {
    cbor();
    cose();
    keys();
    documents();
    meeting();
    lists();
    authorities();
    pages();
}

fn cbor() {
    let value = CborValue::map([
        ("text", CborValue::text("ß")),
        ("date", CborValue::full_date("2026-02-28")),
        ("time", CborValue::date_time("2026-02-28T00:00:00Z")),
        (
            "list",
            CborValue::array([CborValue::Null, CborValue::Undefined, CborValue::from(true)]),
        ),
        (
            "numbers",
            CborValue::array([-1_i64, i64::MIN, 1 << 40].map(CborValue::from)),
        ),
        (
            "floats",
            CborValue::array([0.5, 1e300, f64::NAN, -0.0].map(CborValue::Float)),
        ),
        ("embedded", CborValue::embedded(vec![0xa1, 1, 2])),
        ("big", CborValue::tag(3, CborValue::bytes([1; 9]))),
        ("simple", CborValue::Simple(255)),
    ]);
    let encoded = value.encode();
    seed("cbor", "values", &encoded);
    seed("cbor", "cut", half(&encoded));
    seed(
        "cbor",
        "longer-heads",
        b"\xb9\x00\x02\x78\x01a\x1b\0\0\0\0\0\0\0\x01\x61b\x5f\x41\x01\x42\x02\x03\xff",
    );
    seed(
        "cbor",
        "indefinite",
        b"\xbf\x61a\x9f\x01\x9f\xff\xff\x7f\x61x\x60\xff\xf6\xff",
    );
    seed("cbor", "deep-arrays", [0x81].repeat(3000));
    seed("cbor", "deep-tags", [0xc1].repeat(3000));
    seed("cbor", "deep-maps", [0xa1, 0x01].repeat(3000));
    seed("cbor", "deep-indefinite", [0x9f].repeat(3000));
    seed("cbor", "claimed-array", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    seed("cbor", "claimed-map", b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02");
    seed("cbor", "claimed-bytes", b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    seed(
        "cbor",
        "many-chunks",
        [&[0x5f][..], &[0x40].repeat(3000), &[0xff]].concat(),
    );
    seed("cbor", "duplicate", b"\xa2\x01\x02\x18\x01\x03");
    seed("cbor", "array-as-key", b"\xa1\x81\x01\x02");
    seed("cbor", "bad-utf8", b"\x62\xc3\x28");
    seed("cbor", "short-simple", b"\xf8\x18");
    seed("cbor", "break", b"\xff");
    let many = (0..400_u64).map(|key| (key % 399, CborValue::Null));
    seed("cbor", "late-duplicate", CborValue::map(many).encode());
}

fn cose() {
    let key = SigningKey::generate(Curve::Ed25519, &mut TestRandom::new(9));
    let campus = Campus::new();
    let chain: Vec<Vec<u8>> = campus.school.chain.iter().map(|one| one.der().to_vec()).collect();
    let x5t = CborValue::array([CborValue::from(-16_i64), CborValue::bytes(sha256(&chain[0]))]);
    let signed = UnsignedSign1::new(SignatureAlgorithm::EdDsa, "payload")
        .protected(CRIT, CborValue::array([CborValue::from(TYP)]))
        .protected(TYP, "application/cwt")
        .protected(X5T, x5t)
        .unprotected(KID, b"11".to_vec())
        .x5chain(&chain)
        .sign(&key);
    seed("cose_sign1", "signed", signed.encode());
    seed("cose_sign1", "cut", half(&signed.encode()));
    let tagged = CborValue::tag(TAG_SIGN1, signed);
    seed("cose_sign1", "tagged", tagged.encode());
    seed("cose_sign1", "cwt", CborValue::tag(61, tagged).encode());
    let detached = UnsignedSign1::detached(SignatureAlgorithm::EdDsa, "payload").sign(&key);
    seed("cose_sign1", "detached", detached.encode());
    seed("cose_sign1", "empty-headers", b"\x84\x40\xa0\x40\x40");
    seed("cose_sign1", "header-is-an-array", b"\x84\x41\x80\xa0\x40\x40");
    seed("cose_sign1", "alg-as-text", b"\x84\x48\xa1\x01\x65ES256\xa0\x40\x40");
    seed(
        "cose_sign1",
        "huge-alg",
        b"\x84\x4b\xa1\x01\x3b\xff\xff\xff\xff\xff\xff\xff\xff\xa0\x40\x40",
    );
    seed(
        "cose_sign1",
        "both-buckets",
        b"\x84\x43\xa1\x01\x26\xa1\x01\x26\x40\x40",
    );

    let mac = UntaggedMac0::new("payload").authenticate(b"key");
    seed("cose_mac0", "tagged", CborValue::tag(TAG_MAC0, mac.clone()).encode());
    seed("cose_mac0", "cut", half(&mac.encode()));
    seed(
        "cose_mac0",
        "detached",
        UntaggedMac0::detached("payload").authenticate(b"key").encode(),
    );
    seed("cose_mac0", "no-tag", b"\x84\x43\xa1\x01\x05\xa0\x40\x40");
}

fn keys() {
    for curve in [
        Curve::BrainpoolP256r1,
        Curve::BrainpoolP384r1,
        Curve::Ed25519,
        Curve::P256,
        Curve::P384,
        Curve::P521,
    ] {
        let key = PublicKey::from(&SigningKey::generate(curve, &mut TestRandom::new(9)));
        seed(
            "cose_key",
            &format!("{curve:?}").to_lowercase(),
            key.to_cose_key().encode(),
        );
    }
    let x = [&b"\xa4\x01\x02\x20\x01\x21\x58\x20"[..], &[1; 32]].concat();
    seed("cose_key", "compressed", [&x[..], &b"\x22\xf5"[..]].concat());
    seed(
        "cose_key",
        "off-the-curve",
        [&x[..], &b"\x22\x58\x20"[..], &[1; 32]].concat(),
    );
    seed("cose_key", "private", [&x[..], &b"\x23\x41\x01"[..]].concat());
    seed("cose_key", "zero", b"\xa3\x01\x01\x20\x06\x21\x40");
}

/// The key of everybody at the meeting.
fn key() -> SigningKey {
    SigningKey::generate(Curve::Ed25519, &mut TestRandom::new(9))
}

/// The whole document, but for the device's answer.
fn unbound(meeting: &Meeting) -> UnboundPresentation {
    let held = Unverified::<Mdoc>::parse(&meeting.issued, &mut Budget::default()).unwrap();
    let held = held.verify(&meeting.issuers, &VerifyOptions::at_rest(), now()).unwrap();
    let mdoc = held.credential();
    let selection = mdoc.select(&mdoc.disclosable()).unwrap();
    mdoc.present(&selection)
        .with_device_element("org.example.device", "location", "here")
        .unwrap()
        .bind(
            &Meeting::transcript(),
            KeyHandle::new("device"),
            PublicKey::from(&key()),
        )
}

fn signed(meeting: &Meeting) -> Document {
    let signature = key().sign(unbound(meeting).signing_request().message());
    unbound(meeting).with_signature(&signature).unwrap()
}

fn documents() {
    let meeting = Meeting::new();
    let nothing = |bytes: &[u8]| {
        let parsed = Unverified::<Mdoc>::parse(bytes, &mut Budget::default()).unwrap();
        let verified = parsed
            .verify(&meeting.issuers, &VerifyOptions::at_rest(), now())
            .unwrap();
        let mdoc = verified.credential();
        mdoc.present(&mdoc.select(&[]).unwrap()).into_issuer_signed()
    };
    let issue = |blueprint: Blueprint| {
        let blueprint = blueprint
            .validity(now().plus(-60), now().plus(-60), now().plus(86_400))
            .device_key(&PublicKey::from(&key()));
        let concealed = blueprint.conceal(&mut TestRandom::new(5)).unwrap();
        concealed.sign(&key(), &meeting.chain)
    };
    let pid = "eu.europa.ec.eudi.pid.1";
    let identity = issue(
        Blueprint::new(pid)
            .element(pid, "family_name", "Müller")
            .element(pid, "given_name", "Ada")
            .element(pid, "birth_date", CborValue::full_date("2008-02-29"))
            .element(pid, "nationality", CborValue::array([CborValue::text("DE")]))
            .element(pid, "place_of_birth", CborValue::map([("locality", "Köln")]))
            .element(pid, "expiry_date", CborValue::date_time("2030-01-01T00:00:00Z"))
            .status(&StatusListReference::new(7, LIST))
            .decoys(3),
    );
    let everything = issue(
        Blueprint::new(MDL)
            .element(NAMESPACE, "portrait", CborValue::bytes(vec![0xff; 300]))
            .element(NAMESPACE, "height", 180_u64)
            .element(
                NAMESPACE,
                "deep",
                (0..12).fold(CborValue::Null, |inner, _| CborValue::array([inner])),
            )
            .element("org.example.more", "float", CborValue::Float(0.5))
            .authorize_elements("org.example.device", &["location"]),
    );
    seed("assess", "licence", &meeting.issued);
    for target in ["mdoc_issuer_signed", "mdoc_signed"] {
        seed(target, "licence", &meeting.issued);
        seed(target, "cut", half(&meeting.issued));
        seed(target, "no-elements", nothing(&meeting.issued));
        seed(target, "pid", &identity);
        seed(target, "shapes", &everything);
    }
    let empty = [
        &b"\xa1\x6aissuerAuth\x84\x43\xa1\x01\x26\xa1\x18\x21\x40\x44\xd8\x18\x41\xa0\x58\x40"[..],
        &[0; 64],
    ];
    seed("mdoc_issuer_signed", "empty-object", empty.concat());

    let response = DeviceResponse::new(vec![signed(&meeting)]).with_document_error("org.example.other", 0);
    seed("device_response", "signed", response.encode());
    seed("assess", "response", response.encode());
    seed("device_response", "cut", half(&response.encode()));
    let mac = unbound(&meeting).with_mac(&[7; 32]);
    let both = DeviceResponse::new(vec![mac, signed(&meeting)]).encode();
    seed("device_response", "mac-and-signature", &both);
    seed("assess", "several", base64url::encode(&both));
    seed("device_response", "failed", DeviceResponse::failed(11).encode());
    seed("device_response", "status-and-documents", {
        let mut bytes = DeviceResponse::new(vec![signed(&meeting)]).encode();
        *bytes.last_mut().unwrap() = 10;
        bytes
    });
    seed("session_response", "signed", response.encode());
    seed("session_response", "cut", half(&response.encode()));
    seed("session_response", "nothing", DeviceResponse::new(Vec::new()).encode());
}

fn meeting() {
    let items = |doctype: &str, element: &str| ItemsRequest::new(doctype).with_element(NAMESPACE, element, false);
    let one = DocRequest::new(items(MDL, "family_name").with_element(NAMESPACE, "age_over_21", true));
    let plain = DeviceRequest::new(vec![one.clone()]);
    let auth = UnsignedSign1::detached(SignatureAlgorithm::EdDsa, "x")
        .sign(&key())
        .encode();
    let several = DeviceRequest::new(vec![
        one.clone().with_reader_auth(auth.clone()),
        DocRequest::new(items("eu.europa.ec.eudi.pid.1", "family_name")),
    ]);
    let signed = DeviceRequest::new(vec![one]).with_reader_auth_all(auth);
    for target in ["device_request", "session_request"] {
        seed(target, "plain", plain.encode());
        seed(target, "several", several.encode());
        seed(target, "signed-as-a-whole", signed.encode());
        seed(target, "cut", half(&several.encode()));
    }

    let own = AgreementKey::generate(&mut TestRandom::new(33));
    let public = PublicKey::new(own.public_key());
    let key_bytes = CborValue::embedded(public.to_cose_key().encode()).encode();
    let ble = BleOptions {
        central: Some([7; 16]),
        ..BleOptions::default()
    };
    let engagement = DeviceEngagement::new(key_bytes.clone(), vec![RetrievalMethod::Ble(ble)]);
    seed("device_engagement", "bytes", engagement.as_bytes());
    seed("device_engagement", "qr", engagement.to_qr_text());
    seed("device_engagement", "cut", half(engagement.as_bytes()));
    seed("device_engagement", "scheme", "MDOC:AAAA");
    let carrier = BleCarrier::new(BleRole::Central, [7; 16]);
    let record = CarrierRecord::new("0", PowerState::Active, Carrier::Ble(carrier));
    let select = HandoverSelect::new(engagement.as_bytes(), vec![record.clone()]);
    seed("device_engagement", "nfc-select", select.as_bytes());
    seed(
        "device_engagement",
        "nfc-request",
        HandoverRequest::new([1, 2], vec![record]).as_bytes(),
    );

    let establishment = SessionEstablishment::new(key_bytes, vec![7; 40]);
    seed("session_message", "establishment", establishment.encode());
    seed("session_message", "data", SessionData::of_data(vec![7; 40]).encode());
    let end = SessionData::of_data(vec![7; 40]).with_status(SessionStatus::Termination);
    seed("session_message", "data-and-status", end.encode());
    seed(
        "session_message",
        "status",
        SessionData::of_status(SessionStatus::EncryptionError).encode(),
    );
    let cipher = SessionCipher::derive(&own, &public, b"transcript", Role::Mdoc).unwrap();
    seed("session_message", "cipher", cipher.to_bytes().as_slice());
    let engaged = offer(&Config::new(Vec::new()), now(), &mut TestRandom::new(31)).unwrap();
    seed("session_message", "suspended", engaged.suspend().unwrap().as_slice());
}

fn authorities() {
    let provider = Provider::new();
    let chain = std::slice::from_ref(&provider.signer);
    let signed = provider.list.sign(&key(), chain);
    let content = provider.list.unsigned(SignatureAlgorithm::EdDsa, chain).sign(&key());
    let content = content.as_array().unwrap()[2].as_bytes().unwrap().to_vec();
    seed("vical", "signed", signed);
    seed("vical", "content", &content);
    seed("vical", "content-cut", half(&content));
}

fn lists() {
    let times = TokenTimes::new(now()).expires(now().plus(60)).time_to_live(60);
    let mut list = StatusList::new(StatusWidth::Two, 4096).unwrap();
    list.set(7, 1).unwrap();
    let statuses = StatusListToken::new(LIST, list, times).unsigned_cwt(SignatureAlgorithm::EdDsa, &[]);
    let mut revoked = IdentifierList::new();
    revoked.insert([1; 16]);
    revoked.insert([2; 16]);
    let identifiers = IdentifierListToken::new(LIST, revoked, times).unsigned(SignatureAlgorithm::EdDsa, &[]);
    for (name, unsigned) in [("statuses", statuses), ("identifiers", identifiers)] {
        let message = unsigned.sign(&key());
        let claims = message.as_array().unwrap()[2].as_bytes().unwrap().to_vec();
        seed("status_cwt", name, &claims);
        seed("status_cwt", &format!("{name}-cut"), half(&claims));
        seed(
            "status_cwt",
            &format!("{name}-signed"),
            CborValue::tag(TAG_SIGN1, message).encode(),
        );
    }
}

fn pages() {
    for protocol in [
        DcApiProtocol::Signed,
        DcApiProtocol::Multisigned,
        DcApiProtocol::Unsigned,
    ] {
        let mut campus = Campus::new();
        campus.random = TestRandom::new(43);
        let mut spec = DcApiSpec::new(campus::query(), PAGE);
        spec.protocol = protocol;
        let created = campus
            .university()
            .create_dc_api_request(&spec, campus.now, &mut campus.random);
        let digital = created.unwrap().digital;
        let request = &digital.get("requests").and_then(Json::as_array).unwrap()[0];
        let data = request.get("data").unwrap();
        seed("dc_api", protocol.name(), format!("{}\n\n{data}", protocol.name()));
    }
    let unsigned = DcApiProtocol::Unsigned.name();
    for (name, data) in [
        (
            "answer",
            r#"{"protocol":"openid4vp-v1-signed","data":{"vp_token":{"report":["e30.e30.AAAA~"]}}}"#,
        ),
        (
            "answer-mdoc",
            r#"{"vp_token":{"pid":["o2d2ZXJzaW9uYzEuMGZzdGF0dXMA"]}}"#,
        ),
        (
            "answer-encrypted",
            r#"{"response":"e30..AAAAAAAAAAAAAAAA..AAAAAAAAAAAAAAAAAAAAAA"}"#,
        ),
        ("error", r#"{"data":{"error":"access_denied"}}"#),
        (
            "mdoc",
            r#"{"response_type":"vp_token","response_mode":"dc_api","nonce":"n-0S6_WzA2Mj","dcql_query":{"credentials":[{"id":"pid","format":"mso_mdoc","meta":{"doctype_value":"eu.europa.ec.eudi.pid.1"},"claims":[{"path":["eu.europa.ec.eudi.pid.1","family_name"],"intent_to_retain":true}]}]}}"#,
        ),
        (
            "signatures",
            r#"{"request":{"payload":"e30","signatures":[{"protected":"e30","signature":""},{}]}}"#,
        ),
    ] {
        seed("dc_api", name, format!("{unsigned}\n\n{data}"));
    }
}
