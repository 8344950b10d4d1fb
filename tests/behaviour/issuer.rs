//! A school office answers for what it issues: each code, token and nonce serves once, each refusal has its code.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::sync::{Arc, Mutex};

use wallet_core::codec::{Budget, Json, Object, base64url};
use wallet_core::crypto::{Curve, SigningKey, random_token, sha256};
use wallet_core::envelope::jws::UnsignedJws;
use wallet_core::http::{Headers, HttpRequest, HttpResponse, HttpsUrl, LinkPolicy, Method};
use wallet_core::issuer::{
    Change, HistoryEvent, IssuerError, Kind, MemoryState, OfferCreated, OfferForm, OfferState, RecordStatus, State,
    StateError, TransactionCode, check_state_contract, issue, issue_school_report,
};
use wallet_core::keys::PublicKey;
use wallet_core::protocol::openid4vci::OfferLink;
use wallet_core::time::Timestamp;
use wallet_tests::TestRandom;
use wallet_tests::issuing::{Phone, REPORT, SCHOOL, School, now};

/// A wallet without manners: each request can be made wrong in one way.
struct Client {
    school: School,
    offer: OfferCreated,
    code: String,
    key: SigningKey,
    transport: SigningKey,
    random: TestRandom,
}

impl Client {
    fn new() -> Self {
        Self::of(School::new())
    }

    fn of(mut school: School) -> Self {
        let offer = school.offer(OfferForm::ByValue);
        let mut random = TestRandom::new(50);
        let code = code_of(&offer);
        Self {
            school,
            offer,
            code,
            key: SigningKey::generate(Curve::P256, &mut random),
            transport: SigningKey::generate(Curve::P256, &mut random),
            random,
        }
    }

    fn post(&mut self, place: &str, kind: &str, body: &str, headers: &[(&str, String)]) -> HttpResponse {
        let mut request = HttpRequest::post(url(place), kind, body);
        for (name, value) in headers {
            request = request.with_header(name, value.clone());
        }
        self.school.handle(&request)
    }

    fn get(&mut self, place: &str) -> HttpResponse {
        self.school.handle(&HttpRequest::get(url(place), "application/json"))
    }

    fn token_form(&self, tx_code: &str) -> String {
        format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code&pre-authorized_code={}&tx_code={tx_code}",
            self.code
        )
    }

    fn token_with(&mut self, tx_code: &str) -> HttpResponse {
        let form = self.token_form(tx_code);
        self.post("token", "application/x-www-form-urlencoded", &form, &[])
    }

    /// A bearer token for the offer.
    fn token(&mut self) -> String {
        let tx_code = self.offer.tx_code.clone().unwrap();
        let response = self.token_with(&tx_code);
        assert_eq!(response.status(), 200, "{}", text(&response));
        member(&response, "access_token")
    }

    fn nonce(&mut self) -> String {
        let response = self.post("nonce", "application/x-www-form-urlencoded", "", &[]);
        assert_eq!(response.headers().get("Cache-Control"), Some("no-store"));
        member(&response, "c_nonce")
    }

    fn claims(&self, nonce: &str) -> Object {
        Object::new()
            .with("aud", Json::from(SCHOOL))
            .with("iat", Json::from(self.school.now.unix()))
            .with("nonce", Json::from(nonce))
    }

    fn header(&self) -> Object {
        Object::new()
            .with("typ", Json::from("openid4vci-proof+jwt"))
            .with("jwk", Json::Object(PublicKey::from(&self.key).to_jwk()))
    }

    fn proof(&self, header: Object, claims: &Object) -> String {
        UnsignedJws::new(self.key.algorithm(), header, claims.to_string()).sign(&self.key)
    }

    fn good_proof(&self, nonce: &str) -> String {
        self.proof(self.header(), &self.claims(nonce))
    }

    fn credential(&mut self, token: &str, proofs: &[String]) -> HttpResponse {
        let list: Vec<String> = proofs.iter().map(|proof| format!("\"{proof}\"")).collect();
        let body = format!(
            r#"{{"credential_configuration_id":"{REPORT}","proofs":{{"jwt":[{}]}}}}"#,
            list.join(",")
        );
        self.ask(token, &body)
    }

    fn ask(&mut self, token: &str, body: &str) -> HttpResponse {
        let authorization = ("Authorization", format!("Bearer {token}"));
        self.post("credential", "application/json", body, &[authorization])
    }

    fn dpop(&mut self, place: &str, token: Option<&str>, edit: impl FnOnce(&mut Object)) -> String {
        let hash = |token: &str| Json::from(base64url::encode(sha256(token.as_bytes())));
        let mut claims = Object::new()
            .with("jti", Json::from(random_token(&mut self.random)))
            .with("htm", Json::from("POST"))
            .with("htu", Json::from(url(place).as_str()))
            .with("iat", Json::from(self.school.now.unix()))
            .with("ath", token.map(hash));
        edit(&mut claims);
        let header = Object::new()
            .with("typ", Json::from("dpop+jwt"))
            .with("jwk", Json::Object(PublicKey::from(&self.transport).to_jwk()));
        UnsignedJws::new(self.transport.algorithm(), header, claims.to_string()).sign(&self.transport)
    }

    /// A token bound to the transport key.
    fn bound_token(&mut self) -> String {
        let tx_code = self.offer.tx_code.clone().unwrap();
        let form = self.token_form(&tx_code);
        let proof = self.dpop("token", None, |_| {});
        let response = self.post("token", "application/x-www-form-urlencoded", &form, &[("DPoP", proof)]);
        assert_eq!(member(&response, "token_type"), "DPoP");
        member(&response, "access_token")
    }
}

fn url(place: &str) -> HttpsUrl {
    let text = if place.starts_with('/') {
        format!("https://school.example{place}")
    } else {
        format!("{SCHOOL}/{place}")
    };
    HttpsUrl::parse(&text, LinkPolicy::HttpsOnly).unwrap()
}

fn code_of(offer: &OfferCreated) -> String {
    let OfferLink::ByValue(offer) = OfferLink::parse(&offer.offer, LinkPolicy::HttpsOnly).unwrap() else {
        panic!("by value")
    };
    offer.pre_authorized.unwrap().code
}

fn text(response: &HttpResponse) -> String {
    String::from_utf8_lossy(response.body()).into_owned()
}

fn body(response: &HttpResponse) -> Json {
    Json::parse(response.body(), &mut Budget::default()).unwrap()
}

fn member(response: &HttpResponse, name: &str) -> String {
    let found = body(response).get(name).and_then(Json::as_str).map(str::to_owned);
    found.unwrap_or_else(|| panic!("{name} in {}", text(response)))
}

/// Status and error code of a refusal.
fn refusal(response: &HttpResponse) -> (u16, String) {
    assert_eq!(response.headers().get("Cache-Control"), Some("no-store"));
    (response.status(), member(response, "error"))
}

fn bad(code: &str) -> (u16, String) {
    (400, code.to_owned())
}

#[test]
fn a_code_serves_once() {
    let mut client = Client::new();
    client.token();
    let tx_code = client.offer.tx_code.clone().unwrap();
    assert_eq!(refusal(&client.token_with(&tx_code)), bad("invalid_grant"));
}

#[test]
fn five_wrong_transaction_codes_kill_the_offer() {
    let mut client = Client::new();
    let right = client.offer.tx_code.clone().unwrap();
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for left in (0..5).rev() {
        assert_eq!(refusal(&client.token_with(wrong)), bad("invalid_grant"));
        let record = client.school.authority.record(&client.offer.id).unwrap();
        assert_eq!(record.offer == OfferState::Locked, left == 0);
    }
    assert_eq!(refusal(&client.token_with(&right)), bad("invalid_grant"));
    let record = client.school.authority.record(&client.offer.id).unwrap();
    assert_eq!(record.history.last().unwrap().event, HistoryEvent::Locked);
}

#[test]
fn four_wrong_transaction_codes_leave_a_fifth_attempt() {
    let mut client = Client::new();
    let right = client.offer.tx_code.clone().unwrap();
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..4 {
        client.token_with(wrong);
    }
    assert_eq!(client.token_with(&right).status(), 200);
}

#[test]
fn token_requests_are_refused_with_the_right_code() {
    let mut client = Client::new();
    let tx_code = client.offer.tx_code.clone().unwrap();
    let good = client.token_form(&tx_code);
    let mut ask = |form: &str| refusal(&client.post("token", "application/x-www-form-urlencoded", form, &[]));
    assert_eq!(
        ask(&good.replace("pre-authorized_code&", "other&")),
        bad("unsupported_grant_type")
    );
    assert_eq!(ask(""), bad("invalid_request"));
    assert_eq!(
        ask(&good.replace("&pre-authorized_code=", "&code=")),
        bad("invalid_request")
    );
    assert_eq!(ask(&format!("{good}&tx_code=1")), bad("invalid_request"));
    // §6.3: a missing code is no attempt.
    assert_eq!(ask(good.split("&tx_code").next().unwrap()), bad("invalid_request"));
    assert_eq!(
        ask(&good.replace("&pre-authorized_code=", "&pre-authorized_code=x")),
        bad("invalid_grant")
    );
    let record = client.school.authority.record(&client.offer.id).unwrap();
    assert_eq!(record.history.len(), 1);
    assert_eq!(client.token_with(&tx_code).status(), 200);
}

#[test]
fn a_transaction_code_where_none_is_expected_is_refused() {
    let mut school = School::new();
    let record = school.record();
    let random = &mut TestRandom::new(60);
    let offer = school
        .authority
        .create_offer(record, TransactionCode::None, OfferForm::ByValue, now(), random)
        .unwrap();
    let mut client = Client::of(school);
    client.code = code_of(&offer);
    assert_eq!(refusal(&client.token_with("1234")), bad("invalid_request"));
}

#[test]
fn an_offer_ends() {
    let mut client = Client::new();
    let tx_code = client.offer.tx_code.clone().unwrap();
    client.school.now = client.offer.expires;
    assert_eq!(refusal(&client.token_with(&tx_code)), bad("invalid_grant"));
}

#[test]
fn an_offer_can_be_taken_back() {
    let mut client = Client::new();
    let tx_code = client.offer.tx_code.clone().unwrap();
    client.school.authority.withdraw(&client.offer.id, now()).unwrap();
    assert_eq!(refusal(&client.token_with(&tx_code)), bad("invalid_grant"));
    let again = client.school.authority.withdraw(&client.offer.id, now());
    assert_eq!(again, Err(IssuerError::NotOpen));
    assert_eq!(
        client.school.authority.withdraw("x", now()),
        Err(IssuerError::UnknownRecord)
    );
}

#[test]
fn an_offer_by_reference_is_there_while_it_is_open() {
    let mut school = School::new();
    let offer = school.offer(OfferForm::ByReference);
    let OfferLink::ByReference(link) = OfferLink::parse(&offer.offer, LinkPolicy::HttpsOnly).unwrap() else {
        panic!("by reference")
    };
    let ask = HttpRequest::get(link, "application/json");
    assert_eq!(school.handle(&ask).status(), 200);
    assert_eq!(school.handle(&ask).headers().get("Cache-Control"), Some("no-store"));
    school.authority.withdraw(&offer.id, now()).unwrap();
    assert_eq!(school.handle(&ask).status(), 404);
}

#[test]
fn a_nonce_serves_once() {
    let mut client = Client::new();
    let (token, nonce) = (client.token(), client.nonce());
    let proof = client.good_proof(&nonce);
    assert_eq!(client.credential(&token, std::slice::from_ref(&proof)).status(), 200);
    assert_eq!(refusal(&client.credential(&token, &[proof])), bad("invalid_nonce"));
}

#[test]
fn a_nonce_ends() {
    let mut client = Client::of(School::over(Box::new(MemoryState::new()), |config| {
        config.token_lifetime = 900
    }));
    let (token, nonce) = (client.token(), client.nonce());
    client.school.now = now().plus(300);
    let proof = client.good_proof(&nonce);
    assert_eq!(refusal(&client.credential(&token, &[proof])), bad("invalid_nonce"));
}

#[test]
fn proofs_are_refused_with_the_right_code() {
    let mut client = Client::new();
    let token = client.token();
    let nonce = client.nonce();
    let mut refused = |proofs: &[String]| refusal(&client.credential(&token, proofs));
    let wallet = Client::new();
    let claims = |edit: &dyn Fn(&mut Object)| {
        let mut claims = wallet.claims(&nonce);
        edit(&mut claims);
        wallet.proof(wallet.header(), &claims)
    };
    let header = |edit: &dyn Fn(&mut Object)| {
        let mut header = wallet.header();
        edit(&mut header);
        wallet.proof(header, &wallet.claims(&nonce))
    };
    let set = |name: &'static str, value: Json| move |object: &mut Object| drop(object.insert(name, value.clone()));
    let unset = |name: &'static str| move |object: &mut Object| drop(object.remove(name));
    let invalid = bad("invalid_proof");
    // Claims.
    assert_eq!(
        refused(&[claims(&set("aud", Json::from("https://other.example")))]),
        invalid
    );
    assert_eq!(refused(&[claims(&unset("aud"))]), invalid);
    assert_eq!(refused(&[claims(&unset("nonce"))]), invalid);
    assert_eq!(refused(&[claims(&unset("iat"))]), invalid);
    assert_eq!(refused(&[claims(&set("iat", Json::from(now().unix() - 301)))]), invalid);
    assert_eq!(refused(&[claims(&set("iat", Json::from(now().unix() + 61)))]), invalid);
    assert_eq!(
        refused(&[claims(&set("nonce", Json::from("guessed")))]),
        bad("invalid_nonce")
    );
    // Header.
    assert_eq!(refused(&[header(&set("typ", Json::from("JWT")))]), invalid);
    assert_eq!(refused(&[header(&unset("jwk"))]), invalid);
    assert_eq!(refused(&[header(&set("kid", Json::from("did:example:1")))]), invalid);
    let private = |object: &mut Object| {
        let mut jwk = PublicKey::from(&wallet.key).to_jwk();
        jwk.insert("d", Json::from(base64url::encode(&*wallet.key.to_bytes())));
        object.insert("jwk", Json::Object(jwk));
    };
    assert_eq!(refused(&[header(&private)]), invalid);
    let other = SigningKey::generate(Curve::P256, &mut TestRandom::new(99));
    let stranger = set("jwk", Json::Object(PublicKey::from(&other).to_jwk()));
    assert_eq!(refused(&[header(&stranger)]), invalid);
    let ed25519 = SigningKey::generate(Curve::Ed25519, &mut TestRandom::new(98));
    let kind = set("jwk", Json::Object(PublicKey::from(&ed25519).to_jwk()));
    assert_eq!(refused(&[header(&kind)]), invalid);
    // Algorithms that are none.
    let good = wallet.good_proof(&nonce);
    let (_, rest) = good.split_once('.').unwrap();
    let none = base64url::encode(r#"{"alg":"none","typ":"openid4vci-proof+jwt"}"#);
    assert_eq!(refused(&[format!("{none}.{rest}")]), invalid);
    // Sets.
    assert_eq!(refused(&[good.clone(), good.clone()]), invalid);
    let many: Vec<String> = vec![good.clone(); 11];
    assert_eq!(refused(&many), invalid);
    assert_eq!(refused(&[good.clone(), "x".to_owned()]), invalid);
    // All of that used up nothing.
    assert_eq!(client.credential(&token, &[good]).status(), 200);
}

#[test]
fn credential_requests_are_refused_with_the_right_code() {
    let mut client = Client::new();
    let token = client.token();
    let nonce = client.nonce();
    let proof = client.good_proof(&nonce);
    let good = format!(r#"{{"credential_configuration_id":"{REPORT}","proofs":{{"jwt":["{proof}"]}}}}"#);
    let mut ask = |from: &str, to: &str| {
        assert!(good.contains(from));
        refusal(&client.ask(&token, &good.replace(from, to)))
    };
    assert_eq!(ask("school-report", "abitur"), bad("unknown_credential_configuration"));
    assert_eq!(
        ask("credential_configuration_id", "credential_identifier"),
        bad("unknown_credential_identifier")
    );
    assert_eq!(
        ask("credential_configuration_id", "vct"),
        bad("invalid_credential_request")
    );
    assert_eq!(ask("{\"jwt\"", "{\"attestation\""), bad("invalid_proof"));
    assert_eq!(ask(&good, "[]"), bad("invalid_credential_request"));
    assert_eq!(ask("\"proofs\":", "\"proof\":"), bad("invalid_credential_request"));
    assert_eq!(
        ask(
            "\"proofs\":",
            "\"credential_response_encryption\":{\"jwk\":{},\"enc\":\"A128GCM\"},\"proofs\":"
        ),
        bad("invalid_encryption_parameters")
    );
    let without = good.split(",\"proofs\"").next().unwrap().to_owned() + "}";
    assert_eq!(ask(&good, &without), bad("invalid_proof"));
}

#[test]
fn a_token_collects_its_own_credential_only_so_often() {
    let mut client = Client::new();
    let token = client.token();
    for _ in 0..2 {
        let nonce = client.nonce();
        let proof = client.good_proof(&nonce);
        assert_eq!(client.credential(&token, &[proof]).status(), 200);
    }
    let nonce = client.nonce();
    let proof = client.good_proof(&nonce);
    assert_eq!(
        refusal(&client.credential(&token, &[proof])),
        bad("credential_request_denied")
    );
}

#[test]
fn a_token_must_be_there_and_good() {
    let mut client = Client::new();
    let body = format!(r#"{{"credential_configuration_id":"{REPORT}"}}"#);
    let without = client.post("credential", "application/json", &body, &[]);
    assert_eq!(without.status(), 401);
    assert!(!without.headers().get("WWW-Authenticate").unwrap().contains("error"));
    let wrong = client.ask("guessed", &body);
    assert_eq!(refusal(&wrong), (401, "invalid_token".to_owned()));
    let challenge = wrong.headers().get("WWW-Authenticate").unwrap();
    assert!(challenge.starts_with("Bearer error=\"invalid_token\""));
    let token = client.token();
    client.school.now = now().plus(300);
    assert_eq!(refusal(&client.ask(&token, &body)), (401, "invalid_token".to_owned()));
}

#[test]
fn a_bound_token_needs_its_key() {
    let mut client = Client::new();
    let token = client.bound_token();
    let nonce = client.nonce();
    let proof = client.good_proof(&nonce);
    let body = format!(r#"{{"credential_configuration_id":"{REPORT}","proofs":{{"jwt":["{proof}"]}}}}"#);
    // As a bearer token.
    assert_eq!(refusal(&client.ask(&token, &body)), (401, "invalid_token".to_owned()));
    let authorization = ("Authorization", format!("DPoP {token}"));
    let with = |client: &mut Client, proofs: &[String]| {
        let mut headers = vec![authorization.clone()];
        headers.extend(proofs.iter().map(|proof| ("DPoP", proof.clone())));
        client.post("credential", "application/json", &body, &headers)
    };
    let invalid = (401, "invalid_dpop_proof".to_owned());
    assert_eq!(refusal(&with(&mut client, &[])), invalid);
    let edits: [&dyn Fn(&mut Object); 6] = [
        &|claims| drop(claims.insert("htm", Json::from("GET"))),
        &|claims| drop(claims.insert("htu", Json::from("https://school.example/vci/token"))),
        &|claims| drop(claims.insert("ath", Json::from("other"))),
        &|claims| drop(claims.remove("ath")),
        &|claims| drop(claims.remove("jti")),
        &|claims| drop(claims.insert("iat", Json::from(now().unix() - 301))),
    ];
    for edit in edits {
        let proof = client.dpop("credential", Some(&token), edit);
        assert_eq!(refusal(&with(&mut client, &[proof])), invalid);
    }
    let (one, two) = (
        client.dpop("credential", Some(&token), |_| {}),
        client.dpop("credential", Some(&token), |_| {}),
    );
    assert_eq!(refusal(&with(&mut client, &[one.clone(), two])), invalid);
    let key = SigningKey::generate(Curve::P256, &mut TestRandom::new(97));
    let own = std::mem::replace(&mut client.transport, key);
    let proof = client.dpop("credential", Some(&token), |_| {});
    assert_eq!(refusal(&with(&mut client, &[proof])), (401, "invalid_token".to_owned()));
    client.transport = own;
    assert_eq!(with(&mut client, std::slice::from_ref(&one)).status(), 200);
    // The same proof again.
    assert_eq!(refusal(&with(&mut client, &[one])), invalid);
}

#[test]
fn notifications_are_taken_for_what_was_issued() {
    let mut client = Client::new();
    let token = client.token();
    let nonce = client.nonce();
    let proof = client.good_proof(&nonce);
    let issued = client.credential(&token, &[proof]);
    let id = member(&issued, "notification_id");
    let authorization = ("Authorization", format!("Bearer {token}"));
    let mut notify = |body: String| {
        client.post(
            "notification",
            "application/json",
            &body,
            std::slice::from_ref(&authorization),
        )
    };
    let good = format!(r#"{{"notification_id":"{id}","event":"credential_accepted"}}"#);
    let unknown = good.replace(&id, "x");
    assert_eq!(refusal(&notify(unknown)), bad("invalid_notification_id"));
    let odd = good.replace("accepted", "eaten");
    assert_eq!(refusal(&notify(odd)), bad("invalid_notification_request"));
    assert_eq!(notify(good.clone()).status(), 204);
    assert_eq!(notify(good).status(), 204);
    let record = client.school.authority.record(&client.offer.id).unwrap();
    assert_eq!(record.offer, OfferState::Accepted);
    let notified = record
        .history
        .iter()
        .filter(|entry| matches!(entry.event, HistoryEvent::Notified { .. }));
    assert_eq!(notified.count(), 1);
}

/// A state that several authorities share, as a file on disk is shared by a process and its successor.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<MemoryState>>);

impl State for Shared {
    fn get(&self, kind: Kind, id: &str) -> Result<Option<Vec<u8>>, StateError> {
        self.0.lock().unwrap().get(kind, id)
    }

    fn list(&self, kind: Kind) -> Result<Vec<(String, Vec<u8>)>, StateError> {
        self.0.lock().unwrap().list(kind)
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), StateError> {
        self.0.lock().unwrap().apply(changes)
    }

    fn purge(&mut self, now: Timestamp) -> Result<(), StateError> {
        self.0.lock().unwrap().purge(now)
    }
}

#[test]
fn shared_state_keeps_the_contract() {
    assert_eq!(check_state_contract(Shared::default(), |state| state), Ok(()));
}

#[test]
fn a_restart_forgets_nothing_that_was_used() {
    let state = Shared::default();
    let restart = |client: &mut Client| client.school = School::over(Box::new(state.clone()), |_| {});
    let mut client = Client::of(School::over(Box::new(state.clone()), |_| {}));
    let tx_code = client.offer.tx_code.clone().unwrap();
    restart(&mut client);
    let token = client.token();
    let nonce = client.nonce();
    restart(&mut client);
    assert_eq!(refusal(&client.token_with(&tx_code)), bad("invalid_grant"));
    let proof = client.good_proof(&nonce);
    assert_eq!(client.credential(&token, std::slice::from_ref(&proof)).status(), 200);
    restart(&mut client);
    assert_eq!(refusal(&client.credential(&token, &[proof])), bad("invalid_nonce"));
    client
        .school
        .authority
        .revoke(&client.offer.id, "error", now())
        .unwrap();
    restart(&mut client);
    let record = client.school.authority.record(&client.offer.id).unwrap();
    assert_eq!(record.status, RecordStatus::Revoked);
}

#[test]
fn the_state_holds_no_secret_in_clear_and_no_values_once_collected() {
    let state = Shared::default();
    let mut client = Client::of(School::over(Box::new(state.clone()), |_| {}));
    let token = client.token();
    let nonce = client.nonce();
    let proof = client.good_proof(&nonce);
    let issued = client.credential(&token, &[proof]);
    let everything = || {
        let mut all = String::new();
        for kind in Kind::ALL {
            for (id, value) in state.list(kind).unwrap() {
                all += &format!("{id} {}\n", String::from_utf8_lossy(&value));
            }
        }
        all
    };
    let (code, tx_code) = (client.code.clone(), client.offer.tx_code.clone().unwrap());
    for secret in [&code, &token, &nonce, &format!("\"{tx_code}\"")] {
        assert!(!everything().contains(secret.as_str()));
    }
    assert!(everything().contains("Muster"));
    let authorization = ("Authorization", format!("Bearer {token}"));
    let id = member(&issued, "notification_id");
    let body = format!(r#"{{"notification_id":"{id}","event":"credential_accepted"}}"#);
    assert_eq!(
        client
            .post("notification", "application/json", &body, &[authorization])
            .status(),
        204
    );
    assert!(!everything().contains("Muster"));
    assert!(everything().contains("file 2026/0815"));
}

#[test]
fn values_of_offers_that_nobody_collects_are_forgotten() {
    let state = Shared::default();
    let mut client = Client::of(School::over(Box::new(state.clone()), |_| {}));
    let holds_values = || {
        let records = state.list(Kind::Record).unwrap();
        records
            .iter()
            .any(|(_, value)| String::from_utf8_lossy(value).contains("Muster"))
    };
    client.school.authority.clean_up(now()).unwrap();
    assert!(holds_values());
    client
        .school
        .authority
        .clean_up(client.offer.expires.plus(301))
        .unwrap();
    assert!(!holds_values());
    assert!(state.list(Kind::Code).unwrap().is_empty());
}

/// The status of each copy of a record, as the published list says it.
fn published(school: &mut School, id: &str) -> Vec<u8> {
    use wallet_core::status::StatusList;
    let record = school.authority.record(id).unwrap();
    let mut values = Vec::new();
    for copy in record.copies {
        let response = school.handle(&HttpRequest::get(
            url(&format!("status/{}", copy.list)),
            "application/statuslist+jwt",
        ));
        assert_eq!(response.media_type().as_deref(), Some("application/statuslist+jwt"));
        assert_eq!(response.headers().get("Cache-Control"), Some("public, max-age=300"));
        let token = text(&response);
        let payload = base64url::decode(token.split('.').nth(1).unwrap()).unwrap();
        let payload = Json::parse(payload, &mut Budget::default()).unwrap();
        assert_eq!(
            payload.get("sub"),
            Some(&Json::from(url(&format!("status/{}", copy.list)).as_str()))
        );
        let list = StatusList::decode(payload.get("status_list").unwrap()).unwrap();
        values.push(list.get(copy.index).unwrap());
    }
    values
}

#[test]
fn each_copy_has_a_status_of_its_own_and_all_are_revoked_together() {
    let mut school = School::new();
    let offer = school.offer(OfferForm::ByReference);
    let mut phone = Phone::new(&school, &offer);
    phone
        .receive(&offer.offer, now(), |request| school.handle(request))
        .unwrap();
    let record = school.authority.record(&offer.id).unwrap();
    let mut places: Vec<_> = record.copies.iter().map(|copy| (copy.list, copy.index)).collect();
    let order = places.clone();
    places.sort_unstable();
    assert_ne!(places, order, "places are drawn at random");
    places.dedup();
    assert_eq!(places.len(), 5);
    assert_eq!(published(&mut school, &offer.id), [0; 5]);
    school.authority.suspend(&offer.id, "under review", now()).unwrap();
    assert_eq!(published(&mut school, &offer.id), [2; 5]);
    school.authority.reinstate(&offer.id, now()).unwrap();
    assert_eq!(published(&mut school, &offer.id), [0; 5]);
    school.authority.suspend(&offer.id, "under review", now()).unwrap();
    school.authority.revoke(&offer.id, "wrong grade", now()).unwrap();
    assert_eq!(published(&mut school, &offer.id), [1; 5]);
    assert_eq!(school.authority.reinstate(&offer.id, now()), Err(IssuerError::Revoked));
    let record = school.authority.record(&offer.id).unwrap();
    let reason = "wrong grade".to_owned();
    assert_eq!(record.history.last().unwrap().event, HistoryEvent::Revoked { reason });
    assert_eq!(
        (record.approval.by.as_str(), record.approval.basis.as_str()),
        ("office-7", "file 2026/0815")
    );
}

#[test]
fn a_revoked_offer_can_no_longer_be_collected() {
    let mut client = Client::new();
    let token = client.token();
    client
        .school
        .authority
        .revoke(&client.offer.id, "error", now())
        .unwrap();
    let nonce = client.nonce();
    let proof = client.good_proof(&nonce);
    assert_eq!(
        refusal(&client.credential(&token, &[proof])),
        bad("credential_request_denied")
    );
}

#[test]
fn lists_are_changed_when_half_full() {
    let mut school = School::over(Box::new(MemoryState::new()), |config| config.status_list_size = 8);
    let mut lists = Vec::new();
    for seed in 0..6 {
        let record = school.record();
        let (id, _) = school
            .authority
            .issue(record, None, now(), &mut TestRandom::new(seed))
            .unwrap();
        lists.push(school.authority.record(&id).unwrap().copies[0].list);
    }
    assert_eq!(lists, [0, 0, 0, 0, 1, 1]);
    let all = school.handle(&HttpRequest::get(url("status"), "application/json"));
    assert_eq!(
        text(&all),
        r#"{"status_lists":["https://school.example/vci/status/0","https://school.example/vci/status/1"]}"#
    );
    for place in ["status/2", "status/00", "status/x"] {
        assert_eq!(
            school.handle(&HttpRequest::get(url(place), "*/*")).status(),
            404,
            "{place}"
        );
    }
}

#[test]
fn a_correction_supersedes_what_it_replaces() {
    let mut school = School::new();
    let record = school.record();
    let (old, _) = school
        .authority
        .issue(record, None, now(), &mut TestRandom::new(4))
        .unwrap();
    let mut corrected = school.record();
    corrected.supersedes = Some(old.clone());
    let code = TransactionCode::None;
    let random = &mut TestRandom::new(61);
    let offer = school
        .authority
        .create_offer(corrected, code, OfferForm::ByReference, now(), random)
        .unwrap();
    assert_eq!(published(&mut school, &old), [0]);
    let mut phone = Phone::new(&school, &offer);
    phone
        .receive(&offer.offer, now(), |request| school.handle(request))
        .unwrap();
    assert_eq!(published(&mut school, &old), [1]);
    assert_eq!(published(&mut school, &offer.id), [0; 5]);
}

#[test]
fn what_is_signed_names_the_unit_and_only_the_day() {
    let mut school = School::new();
    let record = school.record();
    let (_, credential) = school
        .authority
        .issue(record, None, now(), &mut TestRandom::new(4))
        .unwrap();
    let payload = base64url::decode(credential.split('.').nth(1).unwrap()).unwrap();
    let payload = Json::parse(payload, &mut Budget::default()).unwrap();
    let unit = payload.get("issuing_unit").unwrap();
    assert_eq!(unit.get("id"), Some(&Json::from("100099")));
    let midnight = Timestamp::parse("2026-07-05").unwrap();
    assert_eq!(payload.get("iat").and_then(Json::as_i64), Some(midnight.unix()));
    assert_eq!(payload.get("iss"), Some(&Json::from(SCHOOL)));
    // The names are disclosed one by one, the approval not at all.
    assert!(payload.get("given_name").is_none());
    assert!(!credential.contains("office-7"));
}

#[test]
fn a_record_cannot_speak_for_the_authority() {
    let mut school = School::new();
    let mut record = school.record();
    record.claims.insert("vct", Json::from("urn:eudi:pid:1"));
    record.claims.insert("iss", Json::from("https://state.example"));
    let (_, credential) = school
        .authority
        .issue(record, None, now(), &mut TestRandom::new(4))
        .unwrap();
    let payload = base64url::decode(credential.split('.').nth(1).unwrap()).unwrap();
    let payload = Json::parse(payload, &mut Budget::default()).unwrap();
    assert_eq!(payload.get("vct"), Some(&Json::from(REPORT)));
    assert_eq!(payload.get("iss"), Some(&Json::from(SCHOOL)));
}

#[test]
fn only_types_of_the_authority_are_issued() {
    let mut school = School::new();
    let mut record = school.record();
    record.vct = "urn:mappe:de:abitur:1".to_owned();
    let code = TransactionCode::None;
    let random = &mut TestRandom::new(61);
    let offer = school
        .authority
        .create_offer(record, code, OfferForm::ByReference, now(), random);
    assert_eq!(offer, Err(IssuerError::UnknownType));
}

#[test]
fn addresses_and_methods_that_are_none_are_told() {
    let mut client = Client::new();
    for place in [
        "",
        "x",
        "offers/x",
        "types/urn%3Ax",
        "/.well-known/x/vci",
        "/",
        "/.well-known/openid-credential-issuer",
    ] {
        assert_eq!(client.get(place).status(), 404, "{place}");
    }
    assert_eq!(client.get("token").status(), 405);
    assert_eq!(client.get("credential").headers().get("Allow"), Some("POST"));
    let post = HttpRequest::received(Method::Post, url("status/0"), Headers::new(), Vec::new());
    assert_eq!(client.school.handle(&post).headers().get("Allow"), Some("GET"));
    for place in [
        "/.well-known/openid-credential-issuer/vci",
        "/.well-known/oauth-authorization-server/vci",
        "/.well-known/jwt-vc-issuer/vci",
        "types/urn%3Amappe%3Ade%3Aschool-report%3A1",
        "status",
        "status/0",
    ] {
        let response = client.get(place);
        assert_eq!(response.status(), 200, "{place}");
        assert!(
            response.headers().get("Cache-Control").unwrap().starts_with("public"),
            "{place}"
        );
    }
}

#[test]
fn a_state_that_fails_is_told_as_such() {
    struct Broken;
    impl State for Broken {
        fn get(&self, kind: Kind, _: &str) -> Result<Option<Vec<u8>>, StateError> {
            if kind == Kind::Secret {
                return Ok(Some(vec![7; 32]));
            }
            Err(StateError::Unavailable)
        }

        fn list(&self, _: Kind) -> Result<Vec<(String, Vec<u8>)>, StateError> {
            Err(StateError::Unavailable)
        }

        fn apply(&mut self, _: &[Change]) -> Result<(), StateError> {
            Err(StateError::Unavailable)
        }

        fn purge(&mut self, _: Timestamp) -> Result<(), StateError> {
            Err(StateError::Unavailable)
        }
    }
    let mut school = School::over(Box::new(Broken), |_| {});
    let form = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code&pre-authorized_code=a";
    let request = HttpRequest::post(url("token"), "application/x-www-form-urlencoded", form);
    let response = school.handle(&request);
    assert_eq!(refusal(&response), (503, "server_error".to_owned()));
    assert_eq!(school.authority.records().unwrap_err(), StateError::Unavailable.into());
}

#[test]
fn an_xml_of_the_school_software_becomes_a_credential_at_once() {
    use wallet_core::credential::Unverified;
    use wallet_core::credential::sd_jwt::{SdJwt, VerifyOptions};
    use wallet_core::issuer::Signer;
    use wallet_core::rulebook::xschule::{ClaimOptions, Setting};
    use wallet_core::time::Validity;
    use wallet_core::trust::authority::{CertificateAuthority, LeafProfile};
    use wallet_core::trust::{Environment, Role, TrustStore};

    let random = &mut TestRandom::new(70);
    let validity = Validity::new(Some(now().plus(-60)), Some(now().plus(86_400)));
    let ca = CertificateAuthority::generate("Test Root", Curve::P256, validity, random).unwrap();
    let key = SigningKey::generate(Curve::P256, random);
    let profile = LeafProfile::new("Examination Office");
    let leaf = ca
        .issue_leaf(&profile, &PublicKey::from(&key), validity, random)
        .unwrap();
    let stranger = SigningKey::generate(Curve::P256, random);
    let misfit = Signer::new(stranger, vec![leaf.clone()]);
    assert_eq!(misfit.unwrap_err(), IssuerError::KeyDoesNotFit);
    // The root may be in the file; it is not signed in.
    let signer = Signer::new(key, vec![leaf, ca.certificate().clone()]).unwrap();
    assert_eq!(signer.chain().len(), 1);
    let holder = SigningKey::generate(Curve::P256, random);
    let holder = PublicKey::from(&holder);
    let xml = include_bytes!("../../examples/data/abitur.xml");
    let options = ClaimOptions::original(Setting::Test);
    let credential = issue_school_report(xml, &options, &holder, &signer, now(), random).unwrap();
    let mut trust = TrustStore::new(Environment::Test);
    trust.add_anchor(Role::Issuers, ca.certificate().clone());
    let unverified = Unverified::<SdJwt>::parse(&credential, &mut Budget::default()).unwrap();
    let verified = unverified.verify(&trust, &VerifyOptions::at_rest(), now()).unwrap();
    assert_eq!(verified.credential().vct(), "urn:mappe:de:abitur:1");
    assert_eq!(verified.credential().holder_key(), Some(&holder));
    assert!(verified.credential().claims().contains("final_grade"));
    let broken = issue_school_report(b"<a/>", &options, &holder, &signer, now(), random);
    assert!(matches!(broken, Err(IssuerError::Report(_))));
    let bearer = issue(&School::new().record(), None, &signer, now(), random).unwrap();
    let unverified = Unverified::<SdJwt>::parse(&bearer, &mut Budget::default()).unwrap();
    let verified = unverified.verify(&trust, &VerifyOptions::at_rest(), now()).unwrap();
    assert_eq!(verified.credential().holder_key(), None);
}
