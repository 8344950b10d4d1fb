//! The university asks for an mdoc, and judges what comes: for its request alone, document by document.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use wallet_core::codec::{Budget, CborValue, Json, Object, base64url};
use wallet_core::credential::mdoc::{DeviceResponse, Document, Mdoc, SessionTranscript};
use wallet_core::credential::{Unverified, Verified};
use wallet_core::crypto::Curve;
use wallet_core::envelope::jwe::{self, Recipient};
use wallet_core::envelope::jws::UnverifiedJws;
use wallet_core::envelope::session::device_mac_key;
use wallet_core::http::{HttpRequest, HttpResponse, HttpsUrl, LinkPolicy, decode_form, encode_form};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::presentation::{Arrival, Context, Decision, HeldCredential, Step, begin};
use wallet_core::protocol::dcql::{CredentialQuery, CredentialSet, Query};
use wallet_core::protocol::openid4vp::ResponseMode;
use wallet_core::rulebook::names::NameMatch;
use wallet_core::trust::authority::LeafProfile;
use wallet_core::trust::{Anchor, Environment, Role, TrustStore};
use wallet_core::verifier::{
    AssessOptions, Assessment, CheckName, Created, DcApiSpec, Finding, FormatChoice, MemorySessions, Presented,
    RequestSpec, University, UniversityConfig, Verdict, assess, assess_all, recheck,
};
use wallet_tests::campus::{Campus, HOST, PID_MDOC, REPORT, Signer, json, mdoc_query, path, sd_jwt_query};

fn pid_query() -> Query {
    Query::new(vec![mdoc_query("pid")], Vec::new()).unwrap()
}

/// The PID in either format, and the report.
fn pid_and_report() -> Query {
    let report = CredentialQuery::sd_jwt_vc("report", &[REPORT])
        .with_claim(path(&["family_name"]))
        .with_claim(path(&["given_name"]))
        .with_claim(path(&["report", "average"]));
    Query::new(
        vec![sd_jwt_query("pid_sd_jwt"), mdoc_query("pid_mdoc"), report],
        vec![
            CredentialSet::required(&[&["pid_sd_jwt"], &["pid_mdoc"]]),
            CredentialSet::required(&[&["report"]]),
        ],
    )
    .unwrap()
}

fn spec(query: Query, mode: ResponseMode) -> RequestSpec {
    let mut spec = RequestSpec::new(query);
    spec.response_mode = mode;
    spec
}

fn ask(university: &mut University, campus: &mut Campus, query: Query, mode: ResponseMode) -> Created {
    let created = university.create_request(&spec(query, mode), campus.now, &mut campus.random);
    created.unwrap()
}

fn deliver(university: &mut University, campus: &mut Campus, request: &HttpRequest) -> HttpResponse {
    assert_eq!(request.url().host(), HOST);
    university.handle(request, campus.now, &mut campus.random)
}

/// The citizen's wallet answers; of a set it takes the option of this number.
fn wallet_answers(
    university: &mut University,
    campus: &mut Campus,
    holding: &[HeldCredential],
    link: &str,
    options: &[Option<usize>],
) -> HttpRequest {
    let trust = campus.wallet_trust();
    let context = Context::new(&trust, holding);
    let mut step = begin(link, Arrival::Scanned, &context, campus.now, &mut campus.random).unwrap();
    loop {
        step = match step {
            Step::Send(exchange) if exchange.receipt().is_some() => return exchange.request().clone(),
            Step::Send(exchange) => {
                let response = deliver(university, campus, exchange.request());
                exchange.answer(&response, &context, campus.now).unwrap()
            }
            Step::Ask(consent) => {
                let choice = match options {
                    [] => consent.proposal().unwrap(),
                    options => consent.proposal_with(options).unwrap(),
                };
                consent
                    .answer(Decision::Share(choice), campus.now, &mut campus.random)
                    .unwrap()
            }
            Step::Sign(signing) => {
                let signatures = campus.sign(signing.requests());
                signing.answer(&signatures, &mut campus.random).unwrap()
            }
            Step::Done(_) => panic!("the end comes after the answer"),
        };
    }
}

fn answered(university: &University, campus: &Campus, id: &str) -> Presented {
    match university.result(id, None, campus.now) {
        Ok(Finding::Answered(presented)) => presented,
        other => panic!("{other:?}"),
    }
}

fn outcome(assessment: &Assessment, name: CheckName) -> (&str, Option<&str>) {
    let outcome = &assessment.check(name).unwrap().outcome;
    (outcome.name(), outcome.code())
}

/// What the request says that a device must sign.
struct Asked {
    client_id: String,
    nonce: String,
    state: String,
    response_uri: String,
    key: Option<(PublicKey, String)>,
}

impl Asked {
    fn read(university: &mut University, campus: &mut Campus, created: &Created) -> Self {
        let fields = decode_form(created.request_url.split_once('?').unwrap().1).unwrap();
        let uri = &fields.iter().find(|(name, _)| name == "request_uri").unwrap().1;
        let url = HttpsUrl::parse(uri, LinkPolicy::HttpsOnly).unwrap();
        let response = deliver(university, campus, &HttpRequest::get(url, "*/*"));
        let jws = UnverifiedJws::parse(std::str::from_utf8(response.body()).unwrap(), &mut Budget::default()).unwrap();
        let claims = Json::parse(jws.inspect(), &mut Budget::default()).unwrap();
        let text = |name: &str| claims.get(name).and_then(Json::as_str).unwrap().to_owned();
        let metadata = claims.get("client_metadata").unwrap();
        let formats = metadata
            .get("vp_formats_supported")
            .and_then(|formats| formats.get("mso_mdoc"));
        let numbers = |name: &str| {
            let numbers = formats.unwrap().get(name).and_then(Json::as_array).unwrap().iter();
            numbers.map(|number| number.as_i64().unwrap()).collect::<Vec<_>>()
        };
        assert!(numbers("issuerauth_alg_values").starts_with(&[-7, -9]));
        let jwk = metadata
            .get("jwks")
            .and_then(|jwks| jwks.get("keys")?.as_array()?.first());
        // A MAC needs a key to agree with.
        assert_eq!(numbers("deviceauth_alg_values").contains(&-65_537), jwk.is_some());
        Self {
            client_id: text("client_id"),
            nonce: text("nonce"),
            state: text("state"),
            response_uri: text("response_uri"),
            key: jwk.map(|jwk| {
                let kid = jwk.get("kid").and_then(Json::as_str).unwrap().to_owned();
                (PublicKey::from_jwk(jwk).unwrap(), kid)
            }),
        }
    }

    fn thumbprint(&self) -> Option<Vec<u8>> {
        let (key, _) = self.key.as_ref()?;
        Some(base64url::decode(key.thumbprint()).unwrap())
    }

    fn transcript(&self) -> SessionTranscript {
        let thumbprint = self.thumbprint();
        SessionTranscript::openid4vp(&self.client_id, &self.nonce, thumbprint.as_deref(), &self.response_uri)
    }

    /// The answer with these presentations, encrypted if it was asked for so.
    fn answer(&self, campus: &mut Campus, presentations: &[(&str, String)]) -> HttpRequest {
        let tokens: Object = presentations
            .iter()
            .map(|(query, text)| ((*query).to_owned(), Json::Array(vec![Json::from(text.as_str())])))
            .collect();
        let url = HttpsUrl::parse(&self.response_uri, LinkPolicy::HttpsOnly).unwrap();
        let body = match &self.key {
            None => encode_form([("vp_token", tokens.to_string().as_str()), ("state", &self.state)]),
            Some((key, kid)) => {
                let payload = Object::new()
                    .with("vp_token", Json::Object(tokens))
                    .with("state", Json::from(self.state.as_str()));
                let cipher = wallet_core::crypto::ContentCipher::A128Gcm;
                let recipient = Recipient::new(key.clone(), Some(kid.clone()), cipher);
                let jwe = jwe::encrypt(payload.to_string().as_bytes(), &recipient, &mut campus.random).unwrap();
                encode_form([("response", jwe.as_str())])
            }
        };
        HttpRequest::post(url, "application/x-www-form-urlencoded", body)
    }
}

fn verified(campus: &Campus, text: &str) -> Verified<Mdoc> {
    let parsed = Unverified::<Mdoc>::parse_base64url(text, &mut Budget::default()).unwrap();
    parsed
        .verify(&campus.wallet_trust(), &Default::default(), campus.now)
        .unwrap()
}

fn asked_elements() -> [wallet_core::credential::ClaimPath; 2] {
    [path(&[PID_MDOC, "family_name"]), path(&[PID_MDOC, "birth_date"])]
}

/// The document that the device with the key `id` signs for a session.
fn signed_document(campus: &Campus, id: &str, text: &str, transcript: &SessionTranscript) -> Document {
    let credential = verified(campus, text);
    let credential = credential.credential();
    let selection = credential.select(&asked_elements()).unwrap();
    let key = campus.key(&KeyHandle::new(id));
    let unbound = credential
        .present(&selection)
        .bind(transcript, KeyHandle::new(id), PublicKey::from(key));
    let signature = key.sign(unbound.signing_request().message());
    unbound.with_signature(&signature).unwrap()
}

fn response(documents: Vec<Document>) -> String {
    DeviceResponse::new(documents).to_base64url()
}

#[test]
fn a_pid_as_mdoc_is_asked_for_shown_and_accepted() {
    for mode in [ResponseMode::DirectPost, ResponseMode::DirectPostJwt] {
        let mut campus = Campus::new();
        let holding = campus.identified_pupil();
        let mut university = campus.university();
        let created = ask(&mut university, &mut campus, pid_query(), mode);
        let answer = wallet_answers(&mut university, &mut campus, &holding, &created.request_url, &[]);
        let reply = deliver(&mut university, &mut campus, &answer);
        assert_eq!(reply.status(), 200, "{:?}", std::str::from_utf8(reply.body()));
        let presented = answered(&university, &campus, &created.id);
        assert_eq!(presented.verdict(), Verdict::Accepted, "{presented:?}");
        let assessment = presented.of_query("pid").next().unwrap();
        assert_eq!(assessment.format, "mso_mdoc");
        for name in [
            CheckName::Origin,
            CheckName::Integrity,
            CheckName::Validity,
            CheckName::Status,
            CheckName::Binding,
            CheckName::Query,
        ] {
            assert_eq!(outcome(assessment, name), ("pass", None), "{name:?}");
        }
        let shown = json(r#"{"eu.europa.ec.eudi.pid.1":{"family_name":"Musterfrau","birth_date":"2008-02-29"}}"#);
        assert_eq!(assessment.claims().cloned().map(Json::Object), Some(shown));
        let evidence = |name| assessment.check(name).unwrap().evidence.clone();
        assert_eq!(
            evidence(CheckName::Binding).get("device_auth"),
            Some(&Json::from("signature"))
        );
        assert_eq!(
            evidence(CheckName::Integrity).get("digests"),
            Some(&Json::from("sha-256"))
        );
        let line = assessment.to_json();
        let origin = &line.get("checks").and_then(Json::as_array).unwrap()[0];
        let path = origin.get("evidence").and_then(|evidence| evidence.get("path"));
        assert_eq!(path.and_then(Json::as_array).unwrap().len(), 2);
        assert!(!format!("{presented:?}").contains("Musterfrau"));
    }
}

#[test]
fn a_pid_of_either_format_is_the_same_person() {
    let mut seen = Vec::new();
    for (option, query) in [(0, "pid_sd_jwt"), (1, "pid_mdoc")] {
        let mut campus = Campus::new();
        let holding = campus.identified_pupil();
        let mut university = campus.university();
        let created = ask(
            &mut university,
            &mut campus,
            pid_and_report(),
            ResponseMode::DirectPostJwt,
        );
        let options = [Some(option), Some(0)];
        let answer = wallet_answers(&mut university, &mut campus, &holding, &created.request_url, &options);
        assert_eq!(deliver(&mut university, &mut campus, &answer).status(), 200);
        let presented = answered(&university, &campus, &created.id);
        assert_eq!(presented.verdict(), Verdict::Accepted, "{presented:?}");
        assert_eq!(presented.same_person, Some(NameMatch::Same));
        assert_eq!(presented.to_json().get("same_person"), Some(&Json::from("same")));
        assert!(presented.of_query("report").next().unwrap().person().is_none());
        let person = presented.of_query(query).next().unwrap().person().unwrap().clone();
        let mut members: Vec<_> = person.iter().map(|(name, value)| format!("{name}={value}")).collect();
        members.sort_unstable();
        seen.push(members);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], [r#"birthdate="2008-02-29""#, r#"family_name="Musterfrau""#]);
}

/// OpenID4VP 1.0 §8.6: sets are judged over the whole answer.
#[test]
fn an_answer_that_leaves_out_a_required_set_is_refused() {
    let mut campus = Campus::new();
    let text = campus.issue_pid_mdoc("mdoc");
    let mut university = campus.university();
    let created = ask(
        &mut university,
        &mut campus,
        pid_and_report(),
        ResponseMode::DirectPostJwt,
    );
    let asked = Asked::read(&mut university, &mut campus, &created);
    let document = signed_document(&campus, "mdoc", &text, &asked.transcript());
    let answer = asked.answer(&mut campus, &[("pid_mdoc", response(vec![document]))]);
    assert_eq!(deliver(&mut university, &mut campus, &answer).status(), 200);
    let presented = answered(&university, &campus, &created.id);
    assert_eq!(
        presented.of_query("pid_mdoc").next().unwrap().verdict(),
        Verdict::Accepted
    );
    assert_eq!(presented.verdict(), Verdict::Refused);
    assert_eq!(presented.code(), Some("dcql.presented.set_not_answered"));
}

/// One change in the session that the device signed.
#[test]
fn a_document_that_was_signed_for_another_session_is_not_taken() {
    type Change = fn(&Asked) -> SessionTranscript;
    let changes: [(&str, Change); 6] = [
        ("nonce", |asked| {
            SessionTranscript::openid4vp(
                &asked.client_id,
                "n",
                asked.thumbprint().as_deref(),
                &asked.response_uri,
            )
        }),
        ("client id", |asked| {
            let id = asked.client_id.replace("x509_hash:", "x509_san_dns:");
            SessionTranscript::openid4vp(&id, &asked.nonce, asked.thumbprint().as_deref(), &asked.response_uri)
        }),
        ("response uri", |asked| {
            let uri = format!("{}0", asked.response_uri);
            SessionTranscript::openid4vp(&asked.client_id, &asked.nonce, asked.thumbprint().as_deref(), &uri)
        }),
        ("thumbprint", |asked| {
            SessionTranscript::openid4vp(&asked.client_id, &asked.nonce, Some(&[7; 32]), &asked.response_uri)
        }),
        ("no thumbprint", |asked| {
            SessionTranscript::openid4vp(&asked.client_id, &asked.nonce, None, &asked.response_uri)
        }),
        ("other channel", |asked| {
            SessionTranscript::openid4vp_dc_api("https://uni.example", &asked.nonce, asked.thumbprint().as_deref())
        }),
    ];
    for (what, change) in changes {
        let mut campus = Campus::new();
        let text = campus.issue_pid_mdoc("mdoc");
        let mut university = campus.university();
        let created = ask(&mut university, &mut campus, pid_query(), ResponseMode::DirectPostJwt);
        let asked = Asked::read(&mut university, &mut campus, &created);
        let document = signed_document(&campus, "mdoc", &text, &change(&asked));
        let answer = asked.answer(&mut campus, &[("pid", response(vec![document]))]);
        let reply = deliver(&mut university, &mut campus, &answer);
        assert_eq!(reply.status(), 400, "{what}");
        let presented = answered(&university, &campus, &created.id);
        assert_eq!(
            (presented.verdict(), presented.code()),
            (Verdict::Refused, Some("mdoc.device_auth_invalid"))
        );
        let assessment = presented.of_query("pid").next().unwrap();
        // The rest keeps its own outcome.
        for name in [
            CheckName::Origin,
            CheckName::Integrity,
            CheckName::Validity,
            CheckName::Status,
        ] {
            assert_eq!(outcome(assessment, name), ("pass", None), "{what} {name:?}");
        }
    }
}

/// One change in what is presented.
#[test]
fn each_document_stands_for_itself() {
    let mut campus = Campus::new();
    let neighbour = Signer::of_another_root(LeafProfile::new("Testschule"), &mut campus);
    type Spoil = fn(&mut Campus, &Signer, &SessionTranscript) -> String;
    let cases: [(&str, &str, Spoil); 6] = [
        ("integrity", "assessment.several_documents", |campus, _, session| {
            let texts = [campus.issue_pid_mdoc("a"), campus.issue_pid_mdoc("b")];
            let [a, b] =
                [("a", &texts[0]), ("b", &texts[1])].map(|(id, text)| signed_document(campus, id, text, session));
            response(vec![a, b])
        }),
        ("integrity", "assessment.no_document", |_, _, _| response(Vec::new())),
        ("integrity", "assessment.response_status", |_, _, _| {
            DeviceResponse::failed(10).to_base64url()
        }),
        // What the issuer signed, without a device that presents it.
        ("binding", "mdoc.device_auth_missing", |campus, _, _| {
            let issued = base64url::decode(campus.issue_pid_mdoc("mdoc")).unwrap();
            let document = CborValue::map([
                ("docType", CborValue::from(PID_MDOC)),
                (
                    "issuerSigned",
                    CborValue::parse(&issued, &mut Budget::default()).unwrap(),
                ),
            ]);
            let members = [
                ("version", CborValue::from("1.0")),
                ("documents", CborValue::array([document])),
                ("status", CborValue::from(0_u64)),
            ];
            base64url::encode(CborValue::map(members).encode())
        }),
        ("query", "dcql.type", |campus, _, session| {
            let key = campus.new_key("mdoc", Curve::P256);
            let plan = wallet_core::credential::mdoc::Blueprint::new("org.example.other")
                .validity(campus.now.plus(-60), campus.now.plus(-60), campus.now.plus(3600))
                .device_key(&key)
                .element(PID_MDOC, "family_name", "Musterfrau")
                .element(PID_MDOC, "birth_date", "2008-02-29");
            let text = campus.sign_mdoc(plan);
            response(vec![signed_document(campus, "mdoc", &text, session)])
        }),
        ("origin", "trust.untrusted_path", |campus, other, session| {
            let key = campus.new_key("mdoc", Curve::P256);
            let plan = campus.pid_mdoc(&key);
            let concealed = plan.conceal(&mut campus.random).unwrap();
            let issued = concealed.sign(&other.key, &other.chain);
            let parsed = Unverified::<Mdoc>::parse(&issued, &mut Budget::default()).unwrap();
            let mut trust = TrustStore::new(Environment::Test);
            trust.add_anchor(Role::Issuers, other.chain[0].clone());
            let verified = parsed.verify(&trust, &Default::default(), campus.now).unwrap();
            let selection = verified.credential().select(&asked_elements()).unwrap();
            let unbound = verified
                .credential()
                .present(&selection)
                .bind(session, KeyHandle::new("mdoc"), key);
            let signature = campus
                .key(&KeyHandle::new("mdoc"))
                .sign(unbound.signing_request().message());
            response(vec![unbound.with_signature(&signature).unwrap()])
        }),
    ];
    for (check, code, spoil) in cases {
        let mut university = campus.university();
        let created = ask(&mut university, &mut campus, pid_query(), ResponseMode::DirectPostJwt);
        let asked = Asked::read(&mut university, &mut campus, &created);
        let transcript = asked.transcript();
        let text = spoil(&mut campus, &neighbour, &transcript);
        let answer = asked.answer(&mut campus, &[("pid", text)]);
        let _ = deliver(&mut university, &mut campus, &answer);
        let presented = answered(&university, &campus, &created.id);
        assert_eq!(
            (presented.verdict(), presented.code()),
            (Verdict::Refused, Some(code)),
            "{presented:?}"
        );
        let assessment = presented.of_query("pid").next().unwrap();
        let found = assessment
            .checks
            .iter()
            .find(|found| found.name.name() == check)
            .unwrap();
        assert_eq!(found.outcome.code(), Some(code));
    }
}

/// ISO 18013-5 §9.1.3.5: the key of the answer's encryption is the reader's for a MAC; it is kept to look again.
#[test]
fn a_device_may_make_a_mac_with_the_key_of_the_answer() {
    let mut campus = Campus::new();
    let text = campus.issue_pid_mdoc("mdoc");
    let mut university = campus.university();
    let created = ask(&mut university, &mut campus, pid_query(), ResponseMode::DirectPostJwt);
    let asked = Asked::read(&mut university, &mut campus, &created);
    let transcript = asked.transcript();
    let credential = verified(&campus, &text);
    let selection = credential.credential().select(&asked_elements()).unwrap();
    let device = campus.key(&KeyHandle::new("mdoc"));
    let unbound =
        credential
            .credential()
            .present(&selection)
            .bind(&transcript, KeyHandle::new("mdoc"), PublicKey::from(device));
    let own = wallet_core::crypto::AgreementKey::from_bytes(&device.to_bytes()).unwrap();
    let (reader, _) = asked.key.clone().unwrap();
    let mac_key = device_mac_key(&own, &reader, &transcript.to_tagged()).unwrap();
    let answer = asked.answer(&mut campus, &[("pid", response(vec![unbound.with_mac(&mac_key)]))]);
    assert_eq!(deliver(&mut university, &mut campus, &answer).status(), 200);
    for _ in 0..2 {
        let presented = answered(&university, &campus, &created.id);
        assert_eq!(presented.verdict(), Verdict::Accepted, "{presented:?}");
        let assessment = presented.of_query("pid").next().unwrap();
        let evidence = &assessment.check(CheckName::Binding).unwrap().evidence;
        assert_eq!(evidence.get("device_auth"), Some(&Json::from("mac")));
    }
    let evidence = university.evidence(&created.id, None, campus.now).unwrap();
    let looked = look_again(&campus, &evidence[0].1);
    assert!(looked.agrees);
    assert_eq!(
        looked
            .assessment
            .claims()
            .unwrap()
            .get(PID_MDOC)
            .unwrap()
            .get("family_name"),
        Some(&Json::from("Musterfrau"))
    );
}

fn look_again(campus: &Campus, signed: &str) -> wallet_core::verifier::Recheck {
    let jws = UnverifiedJws::parse(signed, &mut Budget::default()).unwrap();
    let export = Json::parse(jws.inspect(), &mut Budget::default()).unwrap();
    recheck(&export, &campus.university_trust()).unwrap()
}

#[test]
fn evidence_of_an_mdoc_comes_to_the_same_result_and_not_after_a_change() {
    let mut campus = Campus::new();
    let holding = campus.identified_pupil();
    let mut university = campus.university();
    let created = ask(&mut university, &mut campus, pid_query(), ResponseMode::DirectPostJwt);
    let answer = wallet_answers(&mut university, &mut campus, &holding, &created.request_url, &[]);
    assert_eq!(deliver(&mut university, &mut campus, &answer).status(), 200);
    let evidence = university.evidence(&created.id, None, campus.now).unwrap();
    assert!(look_again(&campus, &evidence[0].1).agrees);
    let jws = UnverifiedJws::parse(&evidence[0].1, &mut Budget::default()).unwrap();
    let export = Json::parse(jws.inspect(), &mut Budget::default()).unwrap();
    let transcript = export
        .get("device_binding")
        .and_then(|binding| binding.get("session_transcript"));
    let transcript = transcript.and_then(Json::as_str).unwrap();
    assert!(export.get("device_binding").unwrap().get("reader_key").is_none());
    let other = SessionTranscript::openid4vp("a", "b", None, "c");
    let changed = export
        .to_string()
        .replace(transcript, &base64url::encode(other.as_bytes()));
    let again = recheck(&json(&changed), &campus.university_trust()).unwrap();
    assert!(!again.agrees);
    assert_eq!(
        outcome(&again.assessment, CheckName::Binding),
        ("fail", Some("mdoc.device_auth_invalid"))
    );
}

#[test]
fn through_the_digital_credentials_api_a_document_is_signed_for_the_origin() {
    const ORIGIN: &str = "https://uni.example";
    for (origin, outcome) in [
        (ORIGIN, Ok(())),
        ("https://uni.example:8443", Err("university.answer.not_bound")),
    ] {
        let mut campus = Campus::new();
        let text = campus.issue_pid_mdoc("mdoc");
        let mut university = campus.university();
        let mut spec = DcApiSpec::new(pid_query(), ORIGIN);
        spec.response_mode = ResponseMode::DcApi;
        let created = university
            .create_dc_api_request(&spec, campus.now, &mut campus.random)
            .unwrap();
        let request = &created.digital.get("requests").and_then(Json::as_array).unwrap()[0];
        let request = request
            .get("data")
            .unwrap()
            .get("request")
            .and_then(Json::as_str)
            .unwrap();
        let jws = UnverifiedJws::parse(request, &mut Budget::default()).unwrap();
        let claims = Json::parse(jws.inspect(), &mut Budget::default()).unwrap();
        let nonce = claims.get("nonce").and_then(Json::as_str).unwrap();
        let transcript = SessionTranscript::openid4vp_dc_api(origin, nonce, None);
        let text = response(vec![signed_document(&campus, "mdoc", &text, &transcript)]);
        let tokens = Object::new().with("pid", Json::Array(vec![Json::from(text)]));
        let data = Json::Object(Object::new().with("vp_token", Json::Object(tokens)));
        let taken = university.take_dc_api_response(&created.id, ORIGIN, &data, campus.now);
        assert_eq!(
            taken.as_ref().map_err(wallet_core::verifier::UniversityError::code),
            outcome.as_ref().map(|()| &()).map_err(|code| *code)
        );
        let verdict = answered(&university, &campus, &created.id).verdict();
        assert_eq!(verdict == Verdict::Accepted, outcome.is_ok());
    }
}

/// Trust is per document: an anchor for one type never vouches for another.
#[test]
fn an_anchor_of_one_type_does_not_vouch_for_another() {
    let mut campus = Campus::new();
    let holding = campus.identified_pupil();
    let mut config = {
        let base = HttpsUrl::parse(&format!("https://{HOST}/verifier"), LinkPolicy::HttpsOnly).unwrap();
        let key = wallet_core::crypto::SigningKey::from_bytes(Curve::P256, &campus.university.key.to_bytes()).unwrap();
        UniversityConfig::new(
            base,
            campus.university.chain.clone(),
            key,
            TrustStore::new(Environment::Test),
        )
    };
    let mut anchor = Anchor::certificate(campus.school_root.certificate().clone());
    anchor.types = vec![REPORT.to_owned()];
    config.trust.add(Role::Issuers, anchor).unwrap();
    let mut university = University::new(config, Box::new(MemorySessions::new())).unwrap();
    let created = ask(&mut university, &mut campus, pid_and_report(), ResponseMode::DirectPost);
    let options = [Some(1), Some(0)];
    let answer = wallet_answers(&mut university, &mut campus, &holding, &created.request_url, &options);
    assert_eq!(deliver(&mut university, &mut campus, &answer).status(), 200);
    let presented = answered(&university, &campus, &created.id);
    let of = |query: &str| {
        let assessment = presented.of_query(query).next().unwrap();
        let (outcome, code) = outcome(assessment, CheckName::Origin);
        (outcome.to_owned(), code.map(str::to_owned))
    };
    assert_eq!(of("report"), ("pass".to_owned(), None));
    assert_eq!(
        of("pid_mdoc"),
        ("fail".to_owned(), Some("trust.type_not_allowed".to_owned()))
    );
    assert_eq!(presented.verdict(), Verdict::Refused);
}

#[test]
fn a_document_at_rest_is_read_from_bytes_hexadecimal_digits_and_base64url() {
    let mut campus = Campus::new();
    let text = campus.issue_pid_mdoc("mdoc");
    let bytes = base64url::decode(&text).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let trust = campus.university_trust();
    let options = AssessOptions::new(&trust, campus.now);
    for assessment in [
        assess(&bytes, &options),
        assess(&hex, &options),
        assess(format!("{text}\n"), &options),
    ] {
        assert_eq!(assessment.verdict(), Verdict::Accepted, "{assessment:?}");
        assert_eq!(
            (assessment.format.as_str(), assessment.type_names.as_slice()),
            ("mso_mdoc", &[PID_MDOC.to_owned()][..])
        );
        assert!(assessment.check(CheckName::Binding).is_none());
    }
    let as_response = options.clone().with_format(FormatChoice::DeviceResponse);
    assert_eq!(assess(&bytes, &as_response).code(), Some("mdoc.member_missing"));
    // A presentation was asked for, and nobody presents.
    let asked = options.clone().with_key_binding("n", "a", 300);
    assert_eq!(assess(&bytes, &asked).code(), Some("mdoc.device_auth_missing"));
    let exported = assess(&bytes, &options).export(&bytes, &options);
    let again = recheck(&exported, &trust).unwrap();
    assert!(again.agrees && again.assessment.verdict() == Verdict::Accepted);
    for (at, code) in [
        (campus.now.plus(-86_400 - 61), "mdoc.not_yet_valid"),
        (campus.now.plus(86_400 * 90 + 61), "mdoc.expired"),
    ] {
        let assessment = assess(&bytes, &AssessOptions::new(&trust, at));
        assert_eq!(assessment.code(), Some(code));
        assert_eq!(outcome(&assessment, CheckName::Integrity), ("pass", None));
    }
}

#[test]
fn several_documents_are_judged_one_by_one() {
    let mut campus = Campus::new();
    let texts = [campus.issue_pid_mdoc("a"), campus.issue_pid_mdoc("b")];
    let session = SessionTranscript::openid4vp("client", "nonce", None, "https://uni.example/r");
    let other = SessionTranscript::openid4vp("client", "other", None, "https://uni.example/r");
    let good = signed_document(&campus, "a", &texts[0], &session);
    let bad = signed_document(&campus, "b", &texts[1], &other);
    let bytes = DeviceResponse::new(vec![good, bad])
        .with_document_error("org.example", 0)
        .encode();
    let trust = campus.university_trust();
    let binding = wallet_core::credential::mdoc::DeviceBinding::new(session);
    let options = AssessOptions::new(&trust, campus.now).with_device_binding(binding);
    let all = assess_all(&bytes, &options);
    let verdicts: Vec<_> = all
        .iter()
        .map(|one| (one.document, one.verdict(), one.code()))
        .collect();
    let expected = [
        (Some(0), Verdict::Accepted, None),
        (Some(1), Verdict::Refused, Some("mdoc.device_auth_invalid")),
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(all[0].document_errors, [("org.example".to_owned(), 0)]);
    assert_eq!(
        all[0].to_json().get("document_errors"),
        Some(&json(r#"{"org.example":0}"#))
    );
    for one in &all {
        assert!(recheck(&one.export(&bytes, &options), &trust).unwrap().agrees);
    }
    // Without the session, what the device signed cannot be told.
    let untold = &assess_all(&bytes, &AssessOptions::new(&trust, campus.now))[0];
    assert_eq!(
        (untold.verdict(), untold.code()),
        (Verdict::Undetermined, Some("assessment.no_session_transcript"))
    );
}

/// The list of an mdoc is a CWT (ISO 18013-5 second edition §12.3.6), asked for in that form.
#[test]
fn the_status_of_a_document_comes_from_a_cwt() {
    use wallet_core::status::{StatusList, StatusListToken, StatusWidth, TokenTimes};
    use wallet_tests::campus::STATUS;
    for (index, verdict, code) in [
        (0, Verdict::Accepted, None),
        (1, Verdict::Refused, Some("status.revoked")),
        (2, Verdict::Refused, Some("status.suspended")),
    ] {
        let mut campus = Campus::new();
        let key = campus.new_key("mdoc", Curve::P256);
        let reference = wallet_core::credential::StatusListReference::cwt(index, STATUS);
        let text = campus.pid_mdoc(&key).status(&reference);
        let text = campus.sign_mdoc(text);
        let mut university = campus.university();
        let created = ask(&mut university, &mut campus, pid_query(), ResponseMode::DirectPostJwt);
        let asked = Asked::read(&mut university, &mut campus, &created);
        let document = signed_document(&campus, "mdoc", &text, &asked.transcript());
        let answer = asked.answer(&mut campus, &[("pid", response(vec![document]))]);
        assert_eq!(deliver(&mut university, &mut campus, &answer).status(), 200);
        assert_eq!(
            answered(&university, &campus, &created.id).verdict(),
            Verdict::Undetermined
        );

        let requests = university.status_requests(&created.id, campus.now).unwrap();
        let [(uri, request)] = requests.as_slice() else {
            panic!("{requests:?}")
        };
        assert_eq!(request.headers().get("Accept"), Some("application/statuslist+cwt"));
        let mut list = StatusList::new(StatusWidth::from_bits(2).unwrap(), 1024).unwrap();
        list.set(1, 1).unwrap();
        list.set(2, 2).unwrap();
        let times = TokenTimes::new(campus.now.plus(-10)).expires(campus.now.plus(3600));
        let token = StatusListToken::new(STATUS, list, times).sign_cwt(&campus.school.key, &campus.school.chain);
        let fetched = HttpResponse::of_type(200, "application/statuslist+cwt", token);
        university.add_status(uri, Some(&fetched), campus.now);
        let presented = answered(&university, &campus, &created.id);
        assert_eq!((presented.verdict(), presented.code()), (verdict, code));
        let evidence = university.evidence(&created.id, None, campus.now).unwrap();
        assert!(look_again(&campus, &evidence[0].1).agrees);
    }
}

/// OpenID4VP 1.0 §6.1.1, for mdocs: the key identifiers of the document signer's path.
#[test]
fn an_authority_above_the_document_signer_is_checked_again() {
    use wallet_core::protocol::dcql::TrustedAuthority;
    for (own, verdict, code) in [
        (true, Verdict::Accepted, None),
        (false, Verdict::Refused, Some("dcql.authority")),
    ] {
        let mut campus = Campus::new();
        let text = campus.issue_pid_mdoc("mdoc");
        let key = campus.school.chain[0].authority_key_id().unwrap().to_vec();
        let wanted = base64url::encode(if own { &key[..] } else { b"another authority" });
        let authority = TrustedAuthority::new("aki", &[wanted.as_str()]);
        let query = Query::new(vec![mdoc_query("pid").with_authority(authority)], Vec::new()).unwrap();
        let mut university = campus.university();
        let created = ask(&mut university, &mut campus, query, ResponseMode::DirectPost);
        let asked = Asked::read(&mut university, &mut campus, &created);
        let document = signed_document(&campus, "mdoc", &text, &asked.transcript());
        let answer = asked.answer(&mut campus, &[("pid", response(vec![document]))]);
        assert_eq!(deliver(&mut university, &mut campus, &answer).status(), 200);
        let presented = answered(&university, &campus, &created.id);
        assert_eq!((presented.verdict(), presented.code()), (verdict, code));
    }
}

/// Lessons S36: the issuer's mark counts, whatever the holder shows.
#[test]
fn a_document_for_tests_is_refused_in_production_also_where_its_mark_is_withheld() {
    let mut campus = Campus::new();
    let key = campus.new_key("mdoc", Curve::P256);
    let plan = campus.pid_mdoc(&key).element("urn:mappe:test:1", "test", true);
    let text = campus.sign_mdoc(plan);
    let mut production = TrustStore::new(Environment::Production);
    production.add_anchor(Role::Issuers, campus.school_root.certificate().clone());
    let session = SessionTranscript::openid4vp("client", "nonce", None, "https://uni.example/r");
    let shown = response(vec![signed_document(&campus, "mdoc", &text, &session)]);
    let binding = wallet_core::credential::mdoc::DeviceBinding::new(session);
    let options = AssessOptions::new(&production, campus.now).with_device_binding(binding);
    assert_eq!(
        assess(&shown, &options).verdict(),
        Verdict::Accepted,
        "at a look at a single file"
    );
    let refused = assess(&shown, &options.for_production());
    assert_eq!(refused.code(), Some("trust.test_credential"));
    assert_eq!(outcome(&refused, CheckName::Origin).0, "fail");
    assert!(refused.claims().is_none());
}
