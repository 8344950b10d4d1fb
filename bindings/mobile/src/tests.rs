use wallet_core::codec::{Budget, Json};
use wallet_tests::campus::STATUS;

use super::*;

#[path = "../examples/sample_credential/sample.rs"]
mod sample;

use sample::{AUDIENCE, NONCE, Sample};

fn verifier(sample: &Sample) -> Verifier {
    let bytes = sample.anchor.clone().into_bytes();
    Verifier::new(vec![AnchorFile { bytes }], Environment::Test).expect("a verifier")
}

fn binding(nonce: &str, audience: &str) -> Option<KeyBinding> {
    Some(KeyBinding {
        nonce: nonce.to_owned(),
        audience: audience.to_owned(),
    })
}

fn json(text: &str) -> Json {
    Json::parse(text, &mut Budget::default()).expect("JSON")
}

fn kind_and_code<T: std::fmt::Debug>(result: Result<T, WalletError>) -> (ErrorKind, String) {
    let WalletError::Failed { kind, code, .. } = result.expect_err("it must be refused");
    (kind, code)
}

fn outcome(judgement: &Judgement, name: &str) -> Option<(Outcome, Option<String>)> {
    let check = judgement.checks.iter().find(|check| check.check == name)?;
    Some((check.outcome, check.code.clone()))
}

#[test]
fn a_sample_says_all_that_another_language_needs() {
    let json = Sample::new().to_json();
    assert_eq!(json.get("status_uri").and_then(Json::as_str), Some(STATUS));
}

#[test]
fn what_is_inspected_is_marked_unverified() {
    let sample = Sample::new();
    // Nobody has checked it: a broken signature does not matter.
    let (signed, rest) = sample.credential.split_once('~').expect("an SD-JWT");
    let forged = format!("{}AA~{rest}", &signed[..signed.len() - 2]);
    let shown = json(&inspect_credential(&forged).expect("readable"));
    assert_eq!(shown.get("UNVERIFIED"), Some(&Json::Bool(true)));
    let claims = shown.get("claims").expect("claims");
    assert_eq!(claims.get("given_name").and_then(Json::as_str), Some("Ada"));
}

#[test]
fn an_unreadable_credential_names_kind_code_reason_and_remedy() {
    let error = inspect_credential("Ada Musterfrau").expect_err("no SD-JWT");
    let expected = WalletError::Failed {
        kind: ErrorKind::Malformed,
        code: "sd_jwt.no_tilde".to_owned(),
        reason: "not an SD-JWT: there is no `~`".to_owned(),
        remedy: "give an SD-JWT: compact, or in a JSON serialisation".to_owned(),
    };
    assert_eq!(error, expected);
    assert_eq!(error.to_string(), "not an SD-JWT: there is no `~` (sd_jwt.no_tilde)");
}

#[test]
fn a_credential_larger_than_anything_honest_is_told_apart() {
    let large = format!(r#"{{"payload":"{}"}}"#, "a".repeat(5 << 20));
    assert_eq!(
        kind_and_code(inspect_credential(&large)),
        (ErrorKind::TooLarge, "json.budget".to_owned())
    );
}

#[test]
fn without_its_status_list_a_credential_is_undetermined_and_says_what_to_fetch() {
    let sample = Sample::new();
    let judgement = verifier(&sample).verify(&sample.credential, sample.at, None);
    assert_eq!(judgement.verdict, Verdict::Undetermined);
    assert_eq!(judgement.code.as_deref(), Some("status.not_fetched"));
    assert_eq!(judgement.status_lists, [STATUS]);
    assert_eq!(judgement.status_types, ["application/statuslist+jwt"]);
}

#[test]
fn with_its_status_list_a_credential_is_accepted() {
    let sample = Sample::new();
    let verifier = verifier(&sample);
    verifier.add_status_list(STATUS, &sample.status_list, sample.at);
    let judgement = verifier.verify(&sample.credential, sample.at, None);
    assert_eq!((judgement.verdict, &judgement.code), (Verdict::Accepted, &None));
    assert_eq!(judgement.issuer.as_deref(), Some("Testschule"));
    let claims = json(judgement.claims.as_deref().expect("claims"));
    assert_eq!(claims.get("family_name").and_then(Json::as_str), Some("Musterfrau"));
    for name in ["origin", "integrity", "validity", "status"] {
        assert_eq!(outcome(&judgement, name), Some((Outcome::Pass, None)), "{name}");
    }
    assert_eq!(outcome(&judgement, "binding"), None);
}

#[test]
fn a_revoked_credential_is_refused() {
    let sample = Sample::new();
    let verifier = verifier(&sample);
    verifier.add_status_list(STATUS, &sample.status_list, sample.at);
    let judgement = verifier.verify(&sample.revoked, sample.at, None);
    assert_eq!(judgement.verdict, Verdict::Refused);
    let revoked = Some("status.revoked".to_owned());
    assert_eq!(judgement.code, revoked);
    assert_eq!(outcome(&judgement, "status"), Some((Outcome::Fail, revoked)));
}

#[test]
fn nobody_is_trusted_without_an_anchor() {
    let sample = Sample::new();
    let nobody = Verifier::new(Vec::new(), Environment::Test).expect("a verifier");
    let judgement = nobody.verify(&sample.credential, sample.at, None);
    assert_eq!(judgement.verdict, Verdict::Refused);
    assert_eq!(judgement.code.as_deref(), Some("trust.untrusted_path"));
    assert_eq!((judgement.claims, judgement.issuer), (None, None));
}

#[test]
fn a_presentation_must_answer_nonce_and_audience() {
    let sample = Sample::new();
    let verifier = verifier(&sample);
    let judge = |binding| {
        let judgement = verifier.verify(&sample.presentation, sample.at + 5, binding);
        (judgement.verdict, judgement.code)
    };
    let refused = |code: &str| (Verdict::Refused, Some(code.to_owned()));
    assert_eq!(judge(binding(NONCE, AUDIENCE)), (Verdict::Accepted, None));
    assert_eq!(judge(binding("another", AUDIENCE)), refused("sd_jwt.key_binding.nonce"));
    assert_eq!(judge(binding(NONCE, "another")), refused("sd_jwt.key_binding.audience"));
    assert_eq!(judge(None), refused("sd_jwt.key_binding.unexpected"));
    let at_rest = verifier.verify(&sample.credential, sample.at, binding(NONCE, AUDIENCE));
    assert_eq!(at_rest.code.as_deref(), Some("sd_jwt.key_binding.missing"));
}

#[test]
fn no_time_is_out_of_range() {
    let sample = Sample::new();
    let verifier = verifier(&sample);
    for at in [i64::MIN, i64::MAX] {
        verifier.add_status_list(STATUS, &sample.status_list, at);
        let judgement = verifier.verify(&sample.credential, at, None);
        assert_eq!(judgement.verdict, Verdict::Refused, "{at}");
    }
}

#[test]
fn a_column_of_credentials_gets_a_column_of_verdicts() {
    let sample = Sample::new();
    let verifier = verifier(&sample);
    verifier.add_status_list(STATUS, &sample.status_list, sample.at);
    let items: [&[u8]; 5] = [
        sample.credential.as_bytes(),
        sample.revoked.as_bytes(),
        b"",
        b"\xff\xfe~",
        sample.credential.as_bytes(),
    ];
    let mut offsets = vec![0];
    offsets.extend(items.iter().scan(0, |end, item| {
        *end += item.len() as u64;
        Some(*end)
    }));
    let judge = |at| {
        verifier
            .verify_many(items.concat(), offsets.clone(), at)
            .expect("verdicts")
    };
    use Verdict::{Accepted, Refused};
    // Long before, the list is not good yet, and that is not remembered.
    assert!(
        judge(sample.at - 86_400 * 20)
            .iter()
            .all(|verdict| *verdict != Accepted)
    );
    assert_eq!(judge(sample.at), [Accepted, Refused, Refused, Refused, Accepted]);
}

#[test]
fn offsets_that_do_not_divide_the_bytes_are_a_fault_of_the_app() {
    let sample = Sample::new();
    let verifier = verifier(&sample);
    for offsets in [vec![], vec![0, 5], vec![3, 2], vec![0, 2, u64::MAX], vec![u64::MAX, 0]] {
        let result = verifier.verify_many(b"abcd".to_vec(), offsets.clone(), sample.at);
        assert_eq!(
            kind_and_code(result),
            (ErrorKind::Misuse, "batch.offsets".to_owned()),
            "{offsets:?}"
        );
    }
    assert_eq!(verifier.verify_many(Vec::new(), vec![0], sample.at), Ok(Vec::new()));
}

#[test]
fn what_is_no_anchor_is_refused() {
    let anchor = |bytes: &[u8]| {
        let bytes = bytes.to_vec();
        kind_and_code(Verifier::new(vec![AnchorFile { bytes }], Environment::Test))
    };
    assert_eq!(
        anchor(b"hello"),
        (ErrorKind::Malformed, "trust_pack.unknown_kind".to_owned())
    );
    assert_eq!(
        anchor(br#"{"anchors":[]}"#),
        (ErrorKind::Unsupported, "trust_pack.is_pack".to_owned())
    );
    assert_eq!(
        anchor(br#"{"kty":"EC","crv":"secp256k1","x":"AQAB","y":"AQAB"}"#),
        (ErrorKind::Unsupported, "jwk.unsupported_type".to_owned())
    );
    assert_eq!(
        anchor(br#"{"a":1,"a":2}"#),
        (ErrorKind::Malformed, "json.duplicate_member".to_owned())
    );
}

/// An mdoc as the school of the sample issues it, and a response of its device for a request.
fn documents(session: &wallet_core::credential::mdoc::SessionTranscript) -> (Verifier, i64, Vec<u8>, Vec<u8>) {
    use wallet_core::credential::ClaimPath;
    use wallet_core::credential::mdoc::DeviceResponse;
    use wallet_core::keys::KeyHandle;
    use wallet_tests::campus::{Campus, PID_MDOC};

    let mut campus = Campus::new();
    let issued = wallet_core::codec::base64url::decode(campus.issue_pid_mdoc("device")).expect("base64url");
    let parsed = Unverified::<Mdoc>::parse(&issued, &mut Budget::default()).expect("an mdoc");
    let verified = parsed.verify(&campus.university_trust(), &Default::default(), campus.now);
    let verified = verified.expect("a good mdoc");
    let path = ClaimPath::of_keys(PID_MDOC, &["family_name"]);
    let selection = verified.credential().select(&[path]).expect("a selection");
    let key = campus.key(&KeyHandle::new("device"));
    let public = wallet_core::keys::PublicKey::from(key);
    let unbound = verified
        .credential()
        .present(&selection)
        .bind(session, KeyHandle::new("device"), public);
    let signature = key.sign(unbound.signing_request().message());
    let document = unbound.with_signature(&signature).expect("its own key");
    let root = campus.school_root.certificate().to_pem().into_bytes();
    let verifier = Verifier::new(vec![AnchorFile { bytes: root }], Environment::Test).expect("a verifier");
    let response = DeviceResponse::new(vec![document]).encode();
    (verifier, campus.now.unix(), issued, response)
}

#[test]
fn a_document_is_judged_at_rest_and_in_its_session() {
    use wallet_core::credential::mdoc::SessionTranscript;
    let transcript = SessionTranscript::openid4vp("client", "n", None, "https://uni.example/r");
    let (verifier, now, issued, response) = documents(&transcript);
    let redirect = |nonce: &str| DocumentSession::Redirect {
        client_id: "client".to_owned(),
        nonce: nonce.to_owned(),
        response_uri: "https://uni.example/r".to_owned(),
        jwk_thumbprint: None,
    };
    let judge = |bytes: &[u8], session| verifier.verify_document(bytes.to_vec(), now, session).expect("judged");
    assert_eq!(judge(&issued, None)[0].verdict, Verdict::Accepted);
    let shown = judge(&response, Some(redirect("n")));
    assert_eq!((shown.len(), shown[0].format.as_str()), (1, "mso_mdoc"));
    assert_eq!(shown[0].verdict, Verdict::Accepted);
    assert!(
        shown[0]
            .claims
            .as_ref()
            .is_some_and(|claims| claims.contains("Musterfrau"))
    );
    let bytes = transcript.as_bytes().to_vec();
    assert_eq!(
        judge(&response, Some(DocumentSession::Transcript { bytes }))[0].verdict,
        Verdict::Accepted
    );
    assert_eq!(judge(&response, None)[0].verdict, Verdict::Undetermined);
    let other = judge(&response, Some(redirect("other")));
    assert_eq!(other[0].code.as_deref(), Some("mdoc.device_auth_invalid"));
    let session = DocumentSession::Transcript { bytes: vec![1] };
    let refused = verifier.verify_document(response, now, Some(session));
    assert_eq!(
        kind_and_code(refused),
        (ErrorKind::Misuse, "mdoc.bad_member".to_owned())
    );
    // Many at once take bytes as they are.
    let offsets = vec![0, issued.len() as u64];
    assert_eq!(
        verifier.verify_many(issued.clone(), offsets, now),
        Ok(vec![Verdict::Accepted])
    );
    let inspected = json(&inspect_document(&issued).expect("readable"));
    assert_eq!(inspected.get("UNVERIFIED"), Some(&Json::Bool(true)));
    assert_eq!(kind_and_code(inspect_document(b"x")).0, ErrorKind::Malformed);
}
