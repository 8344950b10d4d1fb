//! What strangers send, as functions of bytes: none of them may panic or take long, whatever the bytes are.
//!
//! The targets of `tests/fuzz` call these functions, and `cargo test` replays the corpora through them. Where a
//! signature would keep a fuzzer out, the body signs the input with a key of its own, so that what is behind the
//! signature is reached too. Parts of an input are separated by an empty line.

pub mod mdoc;
pub mod pid;
pub mod vical;

use std::cell::RefCell;
use std::collections::BTreeMap;

use wallet_core::codec::{Budget, Json, Object, base64url, json};
use wallet_core::credential::mdoc::{DeviceBinding, SessionTranscript};
use wallet_core::credential::sd_jwt::{JsonForm, Kind, SdJwt, VerifyOptions};
use wallet_core::credential::{ClaimPath, Format, Unverified, Verified};
use wallet_core::crypto::{AgreementKey, Curve, HashAlgorithm, SigningKey, sha256};
use wallet_core::dcql::{Candidate, check_presented, evaluate};
use wallet_core::envelope::jwe::EncryptedJwe;
use wallet_core::envelope::jws::{Header, UnsignedJws, UnverifiedJws};
use wallet_core::http::{
    Headers, HttpRequest, HttpResponse, HttpsUrl, LinkPolicy, Method, decode_form, encode_form, percent_decode,
};
use wallet_core::issuance::{self, Config, Step};
use wallet_core::issuer::OfferForm;
use wallet_core::keys::{Jwk, JwkSet, PublicKey};
use wallet_core::presentation::{self, Arrival, Context, Decision, UnsignedRequests};
use wallet_core::protocol::dcql::Query;
use wallet_core::protocol::openid4vp::{ClientId, REQUEST_OBJECT_TYP, ResponseMode, STATIC_AUDIENCE};
use wallet_core::rulebook::Language;
use wallet_core::rulebook::xschule::{ClaimOptions, SchoolReport, Setting};
use wallet_core::status::{StatusList, StatusListToken, StatusWidth};
use wallet_core::store::{Unlock, import_backup};
use wallet_core::trust::pack::{DESCRIPTION, TrustPack, read_anchor_file};
use wallet_core::trust::{Certificate, CertificateProfile, Environment, IssuerClaim, Role, TrustStore};
use wallet_core::verifier::{AssessOptions, DcApiSpec, RequestSpec, assess_all, recheck};

use crate::TestRandom;
use crate::campus::{self, Campus};
use crate::issuing::{Phone, School, now};

/// A body of a target.
pub type Body = fn(&[u8]);

/// Every target by name.
pub const TARGETS: [(&str, Body); 37] = [
    ("assess", assessment),
    ("authority", authority),
    ("backup", backup),
    ("cbor", mdoc::cbor),
    ("certificate", certificate),
    ("cose_key", mdoc::cose_key),
    ("cose_mac0", mdoc::cose_mac0),
    ("cose_sign1", mdoc::cose_sign1),
    ("dc_api", dc_api),
    ("dcql", dcql),
    ("device_engagement", mdoc::device_engagement),
    ("device_request", mdoc::device_request),
    ("device_response", mdoc::device_response),
    ("issuance", issuer_answers),
    ("json", json),
    ("jwe", jwe),
    ("jws", jws),
    ("mdoc_issuer_signed", mdoc::mdoc_issuer_signed),
    ("mdoc_signed", mdoc::mdoc_signed),
    ("offer", offer),
    ("pid", pid::pid),
    ("presentation_request", presentation_request),
    ("request_link", request_link),
    ("resume", resume),
    ("sd_jwt", sd_jwt),
    ("sd_jwt_signed", sd_jwt_signed),
    ("session_message", mdoc::session_message),
    ("session_request", mdoc::session_request),
    ("session_response", mdoc::session_response),
    ("status_cwt", mdoc::status_cwt),
    ("status_list", status_list),
    ("status_token", status_token),
    ("trust_pack", trust_pack),
    ("university", university),
    ("url", url),
    ("vical", vical::vical),
    ("xschule", xschule),
];

/// JSON: what is read is written and read again as the same.
pub fn json(data: &[u8]) {
    let Ok(value) = Json::parse(data, &mut Budget::default()) else {
        return;
    };
    let written = value.to_string();
    assert_eq!(Json::parse(&written, &mut Budget::default()).as_ref(), Ok(&value));
    if let Ok(canonical) = value.to_canonical() {
        let again = Json::parse(&canonical, &mut Budget::default()).expect("canonical JSON is JSON");
        assert_eq!(again.to_canonical().as_ref(), Ok(&canonical));
    }
    let _ = ClaimPath::parse(&value).map(|path| path.select(&value).map(|found| found.len()));
    let _ = Jwk::parse(&value);
    let _ = JwkSet::parse(&value);
    let _ = json::from_slice::<BTreeMap<String, Json>>(data, &mut Budget::default());
}

/// A compact JWS.
pub fn jws(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(jws) = UnverifiedJws::parse(text, &mut Budget::default()) else {
        return;
    };
    let _ = jws.header().x5c();
    let _ = jws.header().expect_typ("kb+jwt");
    let _ = jws.inspect().len();
    let _ = jws.verify(&PublicKey::from(&key()));
}

/// A compact JWE.
pub fn jwe(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(jwe) = EncryptedJwe::parse(text, &mut Budget::default()) {
        let _ = jwe.decrypt(&AgreementKey::generate(&mut TestRandom::new(3)));
    }
}

/// An SD-JWT, compact or JSON, with or without key binding.
pub fn sd_jwt(data: &[u8]) {
    if let Ok(parsed) = Unverified::<SdJwt>::parse_json(data, &mut Budget::default()) {
        judge(parsed, VerifyOptions::at_rest());
    }
    let Some(text) = text(data) else { return };
    let Ok(parsed) = Unverified::<SdJwt>::parse(text, &mut Budget::default()) else {
        return;
    };
    judge(parsed, VerifyOptions::at_rest());
}

/// A payload and disclosures in clear, signed here: a string `@3` in an array `_sd` or after `...` becomes the digest
/// of the third disclosure after it.
pub fn sd_jwt_signed(data: &[u8]) {
    let parts = parts(data);
    let Some((payload, disclosures)) = parts.split_first() else {
        return;
    };
    let mut encoded: Vec<String> = Vec::new();
    // From the last to the first, so that a disclosure can hold digests of those after it.
    for disclosure in disclosures.iter().rev() {
        encoded.insert(0, base64url::encode(with_digests(disclosure, &encoded)));
    }
    let header = base64url::encode(r#"{"alg":"EdDSA","typ":"dc+sd-jwt"}"#);
    let payload = base64url::encode(with_digests(payload, &encoded));
    let input = format!("{header}.{payload}");
    let signature = base64url::encode(key().sign(input.as_bytes()));
    let mut text = format!("{input}.{signature}~");
    for disclosure in &encoded {
        text.push_str(disclosure);
        text.push('~');
    }
    let Ok(parsed) = Unverified::<SdJwt>::parse(&text, &mut Budget::default()) else {
        return;
    };
    for kind in [Kind::Vc, Kind::Plain] {
        let options = VerifyOptions::at_rest().with_kind(kind);
        let Some(verified) = judge(parsed.clone(), options) else {
            continue;
        };
        let credential = verified.credential();
        let all = credential.disclosable();
        let none = credential.select(&[]).expect("nothing can be selected");
        assert_eq!(none.count(), 0);
        let selection = credential.select(&all).expect("what is disclosable can be selected");
        assert_eq!(selection.disclosed_json(), credential.claims_json());
        for path in all.iter().take(8) {
            let one = credential.select(std::slice::from_ref(path)).expect("it is there");
            let _ = credential.present(&one).into_json(JsonForm::Flattened);
        }
        let _ = credential.claims_with_slots();
        let _ = credential.status_reference();
    }
}

fn judge(parsed: Unverified<SdJwt>, options: VerifyOptions) -> Option<Verified<SdJwt>> {
    let _ = parsed.inspect().to_json().to_string();
    parsed.verify(&pinned(), &options, now()).ok()
}

/// Puts digests where references to the texts in `after` stand; text that is not JSON is left alone.
fn with_digests(json: &[u8], after: &[String]) -> Vec<u8> {
    fn replace(value: &mut Json, after: &[String]) {
        match value {
            Json::String(text) => {
                let number = text.strip_prefix('@').and_then(|number| number.parse::<usize>().ok());
                if let Some(target) = number.and_then(|number| after.get(number.checked_sub(1)?)) {
                    *text = base64url::encode(HashAlgorithm::Sha256.digest(target.as_bytes()));
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| replace(item, after)),
            Json::Object(object) => object.iter_mut().for_each(|(_, member)| replace(member, after)),
            _ => {}
        }
    }
    match Json::parse(json, &mut Budget::default()) {
        Ok(mut value) => {
            replace(&mut value, after);
            value.to_string().into_bytes()
        }
        Err(_) => json.to_vec(),
    }
}

/// A DCQL query and, if given, the claims that it is asked over.
pub fn dcql(data: &[u8]) {
    let parts = parts(data);
    let Some(Ok(query)) = parts.first().map(|text| Json::parse(text, &mut Budget::default())) else {
        return;
    };
    let Ok(query) = Query::parse(&query) else { return };
    assert_eq!(
        Query::parse(&query.to_json()).as_ref(),
        Ok(&query),
        "what is read can be written"
    );
    let claims = parts
        .get(1)
        .and_then(|text| Json::parse(text, &mut Budget::default()).ok());
    let claims = claims.as_ref().and_then(Json::as_object).cloned();
    let claims = claims.unwrap_or_else(|| campus::json(CLAIMS).as_object().expect("an object").clone());
    let held: Vec<Candidate<'_>> = [Format::DcSdJwt, Format::MsoMdoc, Format::LdpVc]
        .map(|format| {
            Candidate::new("held", format, &claims)
                .with_holder_binding(true)
                .with_types([campus::REPORT])
        })
        .into();
    if let Ok(evaluation) = evaluate(&query, &held, &mut Budget::default()) {
        for answer in evaluation.answers() {
            let _ = answer.why_not().map(ToString::to_string);
        }
        let _ = (evaluation.required_answers().len(), evaluation.optional_answers().len());
    }
    let presented = query.credentials().iter().map(|query| (query.id(), &held[..1]));
    let _ = check_presented(&query, presented, &mut Budget::default()).map_err(|error| error.to_string());
}

const CLAIMS: &str =
    r#"{"family_name":"Muster","average":"1.3","subjects":[{"name":"Deutsch","points":12},{"name":"Mathematik"}]}"#;

/// An XSchule message, through to claims and their summary.
pub fn xschule(data: &[u8]) {
    let report = match SchoolReport::parse(data, &mut Budget::default()) {
        Ok(report) => report,
        Err(error) => {
            let _ = (error.to_string(), error.line());
            return;
        }
    };
    let _ = report.summary(Language::German);
    let claims = report.to_claims(&ClaimOptions::original(Setting::Test));
    assert!(claims.len() < 1000, "a report has few members");
    for finding in report.findings() {
        let _ = finding.to_string();
    }
}

/// A certificate in DER or PEM, alone and as the chain of somebody who asks.
pub fn certificate(data: &[u8]) {
    if let Ok(certificate) = Certificate::parse(data) {
        let _ = (
            certificate.display_name(),
            certificate.is_self_signed(),
            certificate.to_pem(),
            certificate.crl_distribution_points(),
        );
        let mut store = TrustStore::new(Environment::Test);
        store.add_anchor(Role::Issuers, certificate);
        for name in ["access", "document_signer", "iaca", "pid", "reader", "vical_signer"] {
            let profile = CertificateProfile::from_name(name);
            let chain = [data.to_vec()];
            let _ = store.explain(Role::Issuers, profile, &chain, now()).is_trusted();
        }
    }
    let trust = with_campus(|campus| campus.wallet_trust());
    let _ = trust.resolve_relying_party(&[data.to_vec()], now());
    let _ = trust.resolve_relying_party(&[data.to_vec(), data.to_vec()], now());
    let _ = read_anchor_file(data);
}

/// A compressed status list, or the member `status_list` of a token.
pub fn status_list(data: &[u8]) {
    for width in [StatusWidth::One, StatusWidth::Eight] {
        if let Ok(list) = StatusList::decompress(width, data) {
            let _ = (list.get(0), list.get(list.len()), list.get(u64::MAX));
        }
    }
    if let Ok(json) = Json::parse(data, &mut Budget::default()) {
        let _ = StatusList::decode(&json);
    }
}

/// The claims of a status list token, signed here.
pub fn status_token(data: &[u8]) {
    const URI: &str = "https://school.example/status/1";
    let header = Object::new().with("typ", Json::from("statuslist+jwt"));
    let token = UnsignedJws::new(key().algorithm(), header, data).sign(&key());
    let header = Object::new().with("alg", Json::from("EdDSA"));
    let header = Header::new(header).expect("a header");
    let issuer = pinned().resolve_issuer(&IssuerClaim::new(&header, None, "urn:example"), now());
    let _ = StatusListToken::verify(&token, URI, &issuer.expect("pinned"), now());
}

/// Links and forms.
pub fn url(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let _ = decode_form(text);
    let _ = percent_decode(text);
    for policy in [LinkPolicy::HttpsOnly, LinkPolicy::LoopbackHttp] {
        let Ok(url) = HttpsUrl::parse(text, policy) else {
            continue;
        };
        assert_eq!(format!("{}{}", url.origin(), url.path_and_query()), text);
        for made in [url.well_known("x"), url.join("y")] {
            assert_eq!(HttpsUrl::parse(made.as_str(), policy).as_ref(), Ok(&made));
        }
    }
}

/// The content of an offer's QR code.
pub fn offer(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let _ = issuance::begin(text, &Config::default(), &mut TestRandom::new(4));
}

/// What an issuer answers, part by part, to a wallet that takes up its offer.
pub fn issuer_answers(data: &[u8]) {
    let answers = parts(data);
    let mut answers = answers.iter();
    let mut school = School::new();
    let offer = school.offer(OfferForm::ByReference);
    let mut phone = Phone::new(&school, &offer);
    phone.config.copies = 1;
    let _ = phone.receive(&offer.offer, now(), |request| match answers.next() {
        // A part of one dash is the honest answer.
        Some([b'-']) => school.handle(request),
        Some(body) => HttpResponse::of_type(200, "application/json", *body),
        None => HttpResponse::new(500, Headers::new(), ""),
    });
}

/// A suspended step, as if the seal had failed.
pub fn resume(data: &[u8]) {
    if let Ok(step) = Step::resume(data) {
        let _ = step.suspend();
    }
    with_campus(|campus| {
        let trust = campus.wallet_trust();
        let context = Context::new(&trust, &[]);
        let _ = presentation::resume(data, &context, campus.now, &mut campus.random);
    });
}

/// The content of a request's QR code.
pub fn request_link(data: &[u8]) {
    let Some(text) = text(data) else { return };
    with_campus(|campus| {
        let trust = campus.wallet_trust();
        let _ = presentation::begin(
            text,
            Arrival::Scanned,
            &Context::new(&trust, &[]),
            campus.now,
            &mut campus.random,
        );
    });
}

/// The origin of the page that asks.
pub const PAGE: &str = "https://uni.example";

/// What a page hands to the wallet and what the wallet's platform hands back: the protocol in the first part, the data
/// in the second.
pub fn dc_api(data: &[u8]) {
    let parts = parts(data);
    let (Some(protocol), Some(Ok(data))) = (
        parts.first().and_then(|part| text(part)),
        parts.get(1).map(|part| Json::parse(part, &mut Budget::default())),
    ) else {
        return;
    };
    with_campus(|campus| {
        let holding = campus.identified_pupil();
        let trust = campus.wallet_trust();
        let context = Context::new(&trust, &holding).with_unsigned(UnsignedRequests::AskLoudly);
        let step = presentation::begin_dc_api(protocol, &data, PAGE, &context, campus.now);
        if let Ok(presentation::Step::Ask(consent)) = step {
            let _ = (consent.warnings(), consent.proposal());
            let _ = consent.suspend();
        }
        let mut university = campus.university();
        for mode in [ResponseMode::DcApi, ResponseMode::DcApiJwt] {
            let mut spec = DcApiSpec::new(campus::query(), PAGE);
            spec.response_mode = mode;
            let created = university.create_dc_api_request(&spec, campus.now, &mut campus.random);
            let created = created.expect("a request");
            let _ = university.take_dc_api_response(&created.id, PAGE, &data, campus.now);
        }
    });
}

/// Members of a request object, which a trusted university signs; they replace those of a good one. By link, and through
/// the Digital Credentials API in each form.
pub fn presentation_request(data: &[u8]) {
    let Ok(Json::Object(members)) = Json::parse(data, &mut Budget::default()) else {
        return;
    };
    with_campus(|campus| {
        let holding = campus.identified_pupil();
        let client = ClientId::x509_hash(&sha256(campus.university.chain[0].der()));
        let mut claims = Object::new()
            .with("client_id", Json::from(client.as_str()))
            .with("response_type", Json::from("vp_token"))
            .with("response_mode", Json::from("direct_post"))
            .with("response_uri", Json::from("https://uni.example/response"))
            .with("nonce", Json::from("n-0S6_WzA2Mj"))
            .with("aud", Json::from(STATIC_AUDIENCE))
            .with("dcql_query", campus::query().to_json())
            .with("expected_origins", Json::Array(vec![Json::from(PAGE)]))
            .with("iat", Json::from(campus.now.unix()));
        let handed = Json::Object(members.clone());
        for (name, value) in members {
            claims.insert(name, value);
        }
        let header = Object::new()
            .with("typ", Json::from(REQUEST_OBJECT_TYP))
            .with("x5c", Certificate::to_x5c(&campus.university.chain));
        let signer = &campus.university.key;
        let request = UnsignedJws::new(signer.algorithm(), header, claims.to_string()).sign(signer);
        let form = encode_form([("client_id", client.as_str()), ("request", request.as_str())]);
        let trust = campus.wallet_trust();
        let context = Context::new(&trust, &holding);
        let link = format!("openid4vp://?{form}");
        let step = presentation::begin(&link, Arrival::Link, &context, campus.now, &mut campus.random);
        let mut steps = vec![step];
        let context = context.with_unsigned(UnsignedRequests::AskLoudly);
        let signed = Json::Object(Object::new().with("request", Json::from(request)));
        for (protocol, data) in [
            ("openid4vp-v1-signed", &signed),
            ("openid4vp-v1-unsigned", &Json::Object(claims)),
            ("openid4vp-v1-multisigned", &handed),
        ] {
            steps.push(presentation::begin_dc_api(protocol, data, PAGE, &context, campus.now));
        }
        for step in steps {
            let Ok(presentation::Step::Ask(consent)) = step else {
                continue;
            };
            let _ = (consent.warnings(), consent.sets(), consent.suspend());
            let decision = consent.proposal().map_or(Decision::Decline, Decision::Share);
            let _ = consent.answer(decision, campus.now, &mut campus.random);
        }
    });
}

/// A trust pack in a folder, and a signed one.
pub fn trust_pack(data: &[u8]) {
    let folder = BTreeMap::from([(DESCRIPTION.to_owned(), data.to_vec()), ("a".to_owned(), data.to_vec())]);
    if let Ok(pack) = TrustPack::from_folder(&folder) {
        let again = TrustPack::from_folder(&pack.to_folder());
        assert_eq!(again.as_ref().map(|pack| pack.anchors.len()), Ok(pack.anchors.len()));
        let _ = TrustStore::new(Environment::Test).add_pack(&pack);
    }
    let header = Object::new().with("typ", Json::from("mappe-trust-pack+jwt"));
    let signed = UnsignedJws::new(key().algorithm(), header, data).sign(&key());
    let _ = TrustPack::verify(&signed, &PublicKey::from(&key()), Environment::Test, Some(1), now());
}

/// A backup, opened with a key.
pub fn backup(data: &[u8]) {
    let _ = import_backup(data, &Unlock::key([7; 32]));
}

/// A file that a university is handed.
pub fn assessment(data: &[u8]) {
    let trust = with_campus(|campus| campus.university_trust());
    let options = AssessOptions::new(&trust, now());
    let session = SessionTranscript::openid4vp("client", "nonce", None, "https://uni.example/response");
    let bound = options.clone().with_device_binding(DeviceBinding::new(session));
    for options in [&options, &bound] {
        let all = assess_all(data, options);
        assert!(!all.is_empty(), "what cannot be read is refused, not passed over");
        for assessment in all {
            let _ = assessment.to_json().to_string();
        }
    }
    if let Ok(export) = Json::parse(data, &mut Budget::default()) {
        let _ = recheck(&export, &trust);
    }
}

/// A request to an authority from somebody who has a token: method and path in the first part, the body in the second.
pub fn authority(data: &[u8]) {
    let mut school = School::new();
    let Some(token) = token(&mut school) else {
        panic!("the school gives a token")
    };
    let Some(request) = request("https://school.example", data, &token) else {
        return;
    };
    let response = school.handle(&request);
    assert!(response.status() < 500, "a stranger causes no fault of ours");
}

/// Takes up an offer of the school, up to the access token.
fn token(school: &mut School) -> Option<String> {
    let offer = school.offer(OfferForm::ByValue);
    let form = decode_form(offer.offer.split_once('?')?.1).ok()?;
    let offered = campus::json(&form.first()?.1);
    let grant = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
    let code = offered
        .get("grants")?
        .get(grant)?
        .get("pre-authorized_code")?
        .as_str()?;
    let code = [
        ("grant_type", grant),
        ("pre-authorized_code", code),
        ("tx_code", offer.tx_code.as_deref()?),
    ];
    let url = HttpsUrl::parse("https://school.example/vci/token", LinkPolicy::HttpsOnly).ok()?;
    let response = school.handle(&HttpRequest::post(url, FORM, encode_form(code)));
    let token = Json::parse(response.body(), &mut Budget::default()).ok()?;
    Some(token.get("access_token")?.as_str()?.to_owned())
}

const FORM: &str = "application/x-www-form-urlencoded";

/// A request to a university: the method and path in the first part, the body in the second.
pub fn university(data: &[u8]) {
    let Some(request) = request("https://uni.example", data, "x") else {
        return;
    };
    with_campus(|campus| {
        let mut university = campus.university();
        let spec = RequestSpec::new(campus::query());
        university
            .create_request(&spec, campus.now, &mut campus.random)
            .expect("a request");
        let response = university.handle(&request, campus.now, &mut campus.random);
        assert!(response.status() < 500, "a stranger causes no fault of ours");
    });
}

/// `POST /token` and a body as a request; the media type follows from the first byte.
fn request(origin: &str, data: &[u8], token: &str) -> Option<HttpRequest> {
    let parts = parts(data);
    let (method, path) = text(parts.first()?)?.split_once(' ')?;
    let url = HttpsUrl::parse(&format!("{origin}{path}"), LinkPolicy::HttpsOnly).ok()?;
    let body = parts.get(1).copied().unwrap_or_default();
    let kind = if body.first() == Some(&b'{') {
        "application/json"
    } else {
        FORM
    };
    let mut headers = Headers::new();
    headers.push("Content-Type", kind);
    headers.push("Authorization", format!("Bearer {token}"));
    let method = if method == "POST" { Method::Post } else { Method::Get };
    Some(HttpRequest::received(method, url, headers, body.to_vec()))
}

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The parts of an input between empty lines.
fn parts(data: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\n\n") {
        parts.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    parts.push(rest);
    parts
}

/// A key whose signatures cost little.
fn key() -> SigningKey {
    SigningKey::generate(Curve::Ed25519, &mut TestRandom::new(9))
}

/// Trusts [`key`] for whatever it signs.
fn pinned() -> TrustStore {
    let jwk = Json::Object(PublicKey::from(&key()).to_jwk());
    let mut trust = TrustStore::new(Environment::Test);
    trust.pin_issuer_keys(None, JwkSet::new(vec![Jwk::parse(&jwk).expect("a key")]));
    trust
}

thread_local! {
    static CAMPUS: RefCell<Campus> = RefCell::new(Campus::new());
}

fn with_campus<T>(body: impl FnOnce(&mut Campus) -> T) -> T {
    CAMPUS.with_borrow_mut(|campus| {
        campus.random = TestRandom::new(43);
        body(campus)
    })
}

/// One change of an input; positions are taken modulo its length.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Mutation {
    /// Flips bits of a byte.
    Flip(usize, u8),
    /// Puts bytes in.
    Insert(usize, Vec<u8>),
    /// Takes bytes out.
    Delete(usize, usize),
    /// Repeats a piece many times.
    Repeat(usize, usize, usize),
    /// Puts a piece of another seed in the place of the rest.
    Splice(usize, Vec<u8>, usize),
}

impl Mutation {
    /// Applies the change; the result stays below 256 KiB.
    pub fn apply(&self, data: &mut Vec<u8>) {
        let place = |at: usize| at % (data.len() + 1);
        match self {
            Self::Flip(at, bits) => {
                let at = place(*at);
                if let Some(byte) = data.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Self::Insert(at, bytes) => {
                let at = place(*at);
                data.splice(at..at, bytes.iter().copied());
            }
            Self::Delete(at, count) => {
                let at = place(*at);
                let end = at.saturating_add(*count).min(data.len());
                data.drain(at..end);
            }
            Self::Repeat(at, count, times) => {
                let at = place(*at);
                let end = at.saturating_add(count % 64).min(data.len());
                let piece = data[at..end].repeat(times % 64);
                data.splice(at..at, piece);
            }
            Self::Splice(at, other, from) => {
                data.truncate(place(*at));
                data.extend(&other[from % (other.len() + 1)..]);
            }
        }
        data.truncate(256 << 10);
    }
}

/// Texts that parsers stumble over.
pub const WORDS: [&str; 24] = [
    "\"",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "\n\n",
    "{",
    "}",
    "[",
    "]",
    "null",
    "-0",
    "1e999",
    "18446744073709551616",
    "-9223372036854775809",
    "0.1",
    "~",
    ".",
    "..",
    "%",
    "+",
    "#",
    "\"_sd\":[\"@1\"]",
    "{\"...\":\"@1\"}",
    "ß😀",
];
