//! A PID provider issues one person's data in both formats, in one session, each with keys and entries of its own.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::HashSet;

use wallet_core::codec::{Budget, Json, Object, base64url};
use wallet_core::credential::mdoc::Mdoc;
use wallet_core::credential::sd_jwt::SdJwt;
use wallet_core::credential::{Format, StatusListReference, Unverified};
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::envelope::jws::UnsignedJws;
use wallet_core::http::{HttpRequest, HttpResponse, HttpsUrl, LinkPolicy};
use wallet_core::issuance::Outcome;
use wallet_core::issuer::{
    Approval, Authority, AuthorityConfig, IssuerError, MemoryState, OfferCreated, OfferState, Record, RecordStatus,
    Signer, issue_mdoc,
};
use wallet_core::keys::PublicKey;
use wallet_core::protocol::openid4vci::OfferLink;
use wallet_core::rulebook::pid::{DOCTYPE, GERMAN_VCT, PidView};
use wallet_core::rulebook::{Rulebook, pid};
use wallet_core::status::{Status, StatusEvidence};
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::ProfilePolicy;
use wallet_core::trust::authority::{CertificateAuthority, LeafProfile};
use wallet_tests::TestRandom;
use wallet_tests::issuing::{Phone, now};
use wallet_tests::office::{OFFICE, Office};

const BOTH: &[Format] = &[Format::DcSdJwt, Format::MsoMdoc];
const LICENCE: &str = "org.iso.18013.5.1.mDL";

/// A wallet without manners, which asks for what it likes.
struct Client {
    office: Office,
    offer: OfferCreated,
    token: String,
    random: TestRandom,
}

impl Client {
    fn of(record: impl FnOnce(&Office) -> Record) -> Self {
        let mut office = Office::new();
        let record = record(&office);
        let offer = office.offer(record);
        let OfferLink::ByValue(link) = OfferLink::parse(&offer.offer, LinkPolicy::HttpsOnly).unwrap() else {
            panic!("an offer by value");
        };
        let code = link.pre_authorized.unwrap().code;
        let form = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code&pre-authorized_code={code}&tx_code={}",
            offer.tx_code.clone().unwrap()
        );
        let mut client = Self {
            office,
            offer,
            token: String::new(),
            random: TestRandom::new(77),
        };
        let response = client.post("token", "application/x-www-form-urlencoded", &form);
        client.token = member(&response, "access_token");
        client
    }

    fn post(&mut self, place: &str, kind: &str, body: &str) -> HttpResponse {
        let url = HttpsUrl::parse(&format!("{OFFICE}/{place}"), LinkPolicy::HttpsOnly).unwrap();
        let request = HttpRequest::post(url, kind, body);
        let request = request.with_header("Authorization", format!("Bearer {}", self.token));
        self.office.handle(&request)
    }

    fn new_keys(&mut self, count: usize) -> Vec<SigningKey> {
        (0..count)
            .map(|_| SigningKey::generate(Curve::P256, &mut self.random))
            .collect()
    }

    /// Asks for a configuration with proofs of these keys.
    fn collect(&mut self, configuration: &str, keys: &[SigningKey]) -> HttpResponse {
        let nonce = self.post("nonce", "application/x-www-form-urlencoded", "");
        let nonce = member(&nonce, "c_nonce");
        let proofs = keys.iter().map(|key| {
            let header = Object::new()
                .with("typ", Json::from("openid4vci-proof+jwt"))
                .with("jwk", Json::Object(PublicKey::from(key).to_jwk()));
            let claims = Object::new()
                .with("aud", Json::from(OFFICE))
                .with("iat", Json::from(self.office.now.unix()))
                .with("nonce", Json::from(nonce.as_str()));
            let proof = UnsignedJws::new(key.algorithm(), header, claims.to_string()).sign(key);
            format!("\"{proof}\"")
        });
        let proofs: Vec<String> = proofs.collect();
        let body = format!(
            r#"{{"credential_configuration_id":"{configuration}","proofs":{{"jwt":[{}]}}}}"#,
            proofs.join(",")
        );
        self.post("credential", "application/json", &body)
    }

    fn accept(&mut self, response: &HttpResponse) -> u16 {
        let id = member(response, "notification_id");
        let body = format!(r#"{{"notification_id":"{id}","event":"credential_accepted"}}"#);
        self.post("notification", "application/json", &body).status()
    }

    fn state(&self) -> OfferState {
        self.office.authority.record(&self.offer.id).unwrap().offer
    }
}

fn body(response: &HttpResponse) -> Json {
    Json::parse(response.body(), &mut Budget::default()).unwrap()
}

fn member(response: &HttpResponse, name: &str) -> String {
    let body = body(response);
    let value = body.get(name).and_then(Json::as_str);
    value.unwrap_or_else(|| panic!("no {name} in {body}")).to_owned()
}

fn error(response: &HttpResponse) -> String {
    assert_eq!(response.status(), 400);
    member(response, "error")
}

fn credentials(response: &HttpResponse) -> Vec<String> {
    assert_eq!(response.status(), 200, "{}", body(response));
    let body = body(response);
    let items = body.get("credentials").and_then(Json::as_array).unwrap();
    let text = |item: &Json| item.get("credential").and_then(Json::as_str).unwrap().to_owned();
    items.iter().map(text).collect()
}

fn mdoc(office: &Office, text: &str) -> Mdoc {
    let unverified = Unverified::<Mdoc>::parse_base64url(text, &mut Budget::default()).unwrap();
    let options = wallet_core::credential::mdoc::VerifyOptions::at_rest();
    let verified = unverified.verify(&office.trust(), &options, office.now).unwrap();
    verified.credential().clone()
}

/// PID_02, ARF 3.0 ISSU_12a: both formats; ISSU_12b, ISSU_35: nothing in one copy is in another.
#[test]
fn a_wallet_receives_both_formats_of_a_pid_in_one_session() {
    let mut office = Office::new();
    let record = office.record(BOTH);
    let values = PidView::from_claims(&record.claims).unwrap();
    let offer = office.offer(record);
    let mut phone = Phone::trusting(office.trust(), &offer);
    let outcome = phone.receive(&offer.offer, now(), |request| office.handle(request));
    let Ok(Outcome::Received(receipt)) = outcome else {
        panic!("{outcome:?}");
    };
    let (received, report) = receipt.into_parts();
    let configurations: Vec<&str> = received.iter().map(|one| one.configuration.as_str()).collect();
    assert_eq!(configurations, [GERMAN_VCT, DOCTYPE]);
    let (mut keys, mut entries) = (HashSet::new(), HashSet::new());
    for one in &received {
        assert_eq!(one.copies.len(), 3, "{}", one.configuration);
        for copy in &one.copies {
            let credential = copy.credential.credential();
            assert!(keys.insert(credential.holder_key().unwrap().thumbprint()));
            let status = credential.status_reference().unwrap().unwrap();
            assert!(entries.insert(format!("{status:?}")));
            // A university sees one thing.
            let view = match (credential.as_sd_jwt(), credential.as_mdoc()) {
                (Some(sd_jwt), _) => PidView::from_claims(sd_jwt.claims()),
                (_, Some(mdoc)) => PidView::from_mdoc(&mdoc.claims_json().as_object().unwrap().clone()),
                _ => panic!("one of the two"),
            };
            assert!(view.as_ref() == Ok(&values), "{}", one.configuration);
        }
    }
    let names: Vec<&str> = received
        .iter()
        .map(|one| one.copies[0].credential.issuer().name.as_str())
        .collect();
    assert_eq!(names, ["PID Test Office", "PID Test Document Signer"]);
    let record = office.authority.record(&offer.id).unwrap();
    assert_eq!((record.configurations.len(), record.copies.len()), (2, 6));
    let step = report.expect("the office wants to know").send(now()).unwrap();
    let outcome = phone.drive(step, now(), &mut |request: &HttpRequest| office.handle(request));
    assert!(
        matches!(outcome, Ok(Outcome::Reported { delivered: true })),
        "{outcome:?}"
    );
    assert_eq!(office.authority.record(&offer.id).unwrap().offer, OfferState::Accepted);
    // One approval by the user for all proofs of both formats.
    assert_eq!(phone.log.iter().filter(|word| **word == "sign").count(), 1);
}

/// ARF 3.0 ISSU_36: copies of a batch are not known by the second they were made in.
#[test]
fn all_times_of_a_pid_are_whole_days_and_a_fortnight_apart() {
    let mut client = Client::of(|office| office.record(BOTH));
    let keys = client.new_keys(2);
    let response = client.collect(DOCTYPE, &keys);
    for text in credentials(&response) {
        let mdoc = mdoc(&client.office, &text);
        let validity = mdoc.validity();
        let times = [Some(mdoc.signed()), validity.not_before, validity.expires];
        let days = ["2026-07-05", "2026-07-05", "2026-07-19"];
        assert_eq!(times, days.map(|day| Timestamp::parse(day).ok()));
        // The end of the card is another thing.
        let elements = mdoc.claims_json();
        let expiry = elements
            .get(pid::NAMESPACE)
            .and_then(|elements| elements.get("expiry_date"));
        assert_eq!(expiry, Some(&Json::from("2031-10-31")));
    }
}

/// OpenID4VCI 1.0 §A.2.2.
#[test]
fn metadata_describes_the_mdoc_as_the_appendix_says() {
    let office = Office::new();
    let metadata = Json::parse(office.authority.metadata().encode(), &mut Budget::default()).unwrap();
    let supported = metadata.get("credential_configurations_supported").unwrap();
    let mdoc = supported.get(DOCTYPE).unwrap();
    let is = |name: &str, json: &str| {
        let expected = Json::parse(json, &mut Budget::default()).unwrap();
        assert_eq!(mdoc.get(name), Some(&expected), "{name}");
    };
    is("format", r#""mso_mdoc""#);
    is("doctype", r#""eu.europa.ec.eudi.pid.1""#);
    is("credential_signing_alg_values_supported", "[-7]");
    is("cryptographic_binding_methods_supported", r#"["cose_key"]"#);
    is(
        "proof_types_supported",
        r#"{"jwt":{"proof_signing_alg_values_supported":["ES256","ES384","EdDSA"]}}"#,
    );
    assert_eq!(mdoc.get("vct"), None);
    let described = mdoc.get("credential_metadata").unwrap();
    let claims = described.get("claims").and_then(Json::as_array).unwrap();
    let claim = |path: &str| {
        let path = Json::parse(path, &mut Budget::default()).unwrap();
        claims.iter().find(|claim| claim.get("path") == Some(&path))
    };
    let expected = r#"{"path":["eu.europa.ec.eudi.pid.1","birth_date"],"mandatory":true,"display":[
        {"name":"Geburtsdatum","locale":"de"},{"name":"Date of birth","locale":"en"}]}"#;
    let birth = claim(r#"["eu.europa.ec.eudi.pid.1","birth_date"]"#);
    assert_eq!(birth, Some(&Json::parse(expected, &mut Budget::default()).unwrap()));
    // What Germany adds, once, and required of nobody.
    let age = claim(r#"["eu.europa.ec.eudi.pid.de.1","age_over_18"]"#).unwrap();
    assert_ne!(age.get("mandatory"), Some(&Json::Bool(true)));
    let paths: HashSet<String> = claims
        .iter()
        .map(|claim| claim.get("path").unwrap().to_string())
        .collect();
    assert_eq!(paths.len(), claims.len());
    let sd_jwt = supported.get(GERMAN_VCT).unwrap();
    assert_eq!(sd_jwt.get("format"), Some(&Json::from("dc+sd-jwt")));
}

#[test]
fn values_stay_until_both_formats_are_collected() {
    let mut client = Client::of(|office| office.record(BOTH));
    let keys = client.new_keys(1);
    let first = client.collect(GERMAN_VCT, &keys);
    assert_eq!(credentials(&first).len(), 1);
    assert_eq!(client.accept(&first), 204);
    assert_eq!(client.state(), OfferState::Issued);
    let keys = client.new_keys(1);
    let second = client.collect(DOCTYPE, &keys);
    assert_eq!(credentials(&second).len(), 1);
    assert_eq!(client.accept(&second), 204);
    assert_eq!(client.state(), OfferState::Accepted);
    // Now they are gone.
    let keys = client.new_keys(1);
    assert_eq!(error(&client.collect(GERMAN_VCT, &keys)), "credential_request_denied");
    assert_eq!(error(&client.collect(DOCTYPE, &keys)), "credential_request_denied");
}

#[test]
fn each_format_is_collected_once_more_if_the_answer_was_lost_and_no_further() {
    let mut client = Client::of(|office| office.record(BOTH));
    for configuration in [GERMAN_VCT, DOCTYPE] {
        let keys = client.new_keys(1);
        for _ in 0..2 {
            assert_eq!(credentials(&client.collect(configuration, &keys)).len(), 1);
        }
        assert_eq!(
            error(&client.collect(configuration, &keys)),
            "credential_request_denied"
        );
    }
}

/// ARF 3.0 ISSU_35: a key that both formats share would make them known as one.
#[test]
fn a_key_of_one_format_is_refused_for_the_other() {
    let mut client = Client::of(|office| office.record(BOTH));
    let keys = client.new_keys(2);
    assert_eq!(credentials(&client.collect(GERMAN_VCT, &keys)).len(), 2);
    let other = client.new_keys(1).remove(0);
    let shared = [other, keys.into_iter().next().unwrap()];
    assert_eq!(error(&client.collect(DOCTYPE, &shared)), "invalid_proof");
}

/// ISO 18013-5 Annex B, every rule: IACA and document signer as an office makes them, and times that fit them.
#[test]
fn a_pid_stands_the_strict_reading_of_the_certificate_profiles() {
    let mut client = Client::of(|office| office.record(&[Format::MsoMdoc]));
    let keys = client.new_keys(1);
    let text = credentials(&client.collect(DOCTYPE, &keys)).remove(0);
    let mut trust = client.office.trust();
    trust.set_profile_policy(ProfilePolicy::Strict);
    let unverified = Unverified::<Mdoc>::parse_base64url(&text, &mut Budget::default()).unwrap();
    let options = wallet_core::credential::mdoc::VerifyOptions::at_rest();
    let verified = unverified.verify(&trust, &options, now());
    assert_eq!(
        verified.map(|one| one.issuer().name.clone()).as_deref(),
        Ok("PID Test Document Signer")
    );
}

#[test]
fn only_what_was_offered_can_be_collected() {
    let mut client = Client::of(|office| office.record(&[Format::MsoMdoc]));
    let keys = client.new_keys(1);
    for configuration in [GERMAN_VCT, pid::VCT, LICENCE, "eu.europa.ec.eudi.pid.2"] {
        assert_eq!(
            error(&client.collect(configuration, &keys)),
            "unknown_credential_configuration"
        );
    }
    assert_eq!(credentials(&client.collect(DOCTYPE, &keys)).len(), 1);
    let accepted = client.collect(DOCTYPE, &keys);
    assert_eq!(client.accept(&accepted), 204);
    assert_eq!(client.state(), OfferState::Accepted);
}

#[test]
fn a_revocation_is_for_both_formats() {
    let mut client = Client::of(|office| office.record(BOTH));
    for configuration in [GERMAN_VCT, DOCTYPE] {
        let keys = client.new_keys(2);
        client.collect(configuration, &keys);
    }
    let id = client.offer.id.clone();
    client.office.authority.revoke(&id, "lost phone", now()).unwrap();
    let record = client.office.authority.record(&id).unwrap();
    assert_eq!(record.status, RecordStatus::Revoked);
    assert_eq!(record.copies.len(), 4);
    let of = |configuration: &str| {
        record
            .copies
            .iter()
            .filter(|copy| copy.configuration == configuration)
            .count()
    };
    assert_eq!((of(GERMAN_VCT), of(DOCTYPE)), (2, 2));
}

/// The list of an mdoc is a CWT of its document signer (ISO 18013-5 second edition §12.3.6), that of an SD-JWT VC a JWT
/// of its own signer: one list, in the form that was asked for.
#[test]
fn each_format_finds_its_status_in_the_form_it_refers_to() {
    let mut client = Client::of(|office| office.record(BOTH));
    let keys = client.new_keys(1);
    let sd_jwt = credentials(&client.collect(GERMAN_VCT, &keys)).remove(0);
    let keys = client.new_keys(1);
    let mdoc = credentials(&client.collect(DOCTYPE, &keys)).remove(0);
    let trust = client.office.trust();
    let at_rest = wallet_core::credential::mdoc::VerifyOptions::at_rest();
    let mdoc = Unverified::<Mdoc>::parse_base64url(&mdoc, &mut Budget::default()).unwrap();
    let mdoc = mdoc.verify(&trust, &at_rest, now()).unwrap();
    let sd_jwt = Unverified::<SdJwt>::parse(&sd_jwt, &mut Budget::default()).unwrap();
    let options = wallet_core::credential::sd_jwt::VerifyOptions::at_rest();
    let sd_jwt = sd_jwt.verify(&trust, &options, now()).unwrap();
    let references = [
        mdoc.credential().status_reference().unwrap().unwrap(),
        StatusListReference::from_claim(sd_jwt.credential().claims().get("status").unwrap()).unwrap(),
    ];
    let mut judge = |at: Timestamp| {
        let mut evidence = StatusEvidence::new();
        let issuers = [mdoc.issuer(), sd_jwt.issuer()];
        for (reference, issuer) in references.iter().zip(issuers) {
            client.office.now = at;
            let response = client.office.handle(&evidence.request(reference).unwrap());
            assert_eq!(response.headers().get("Vary"), Some("Accept"));
            evidence.add_response(&reference.uri, &response, at);
            evidence.prepare_for(reference, issuer, at);
        }
        let id = client.offer.id.clone();
        let statuses = (mdoc.status(&evidence, at), sd_jwt.status(&evidence, at));
        client.office.authority.revoke(&id, "lost phone", at).ok();
        statuses
    };
    assert_eq!(judge(now()), (Status::Valid, Status::Valid));
    assert_eq!(judge(now().plus(600)), (Status::Revoked, Status::Revoked));
}

/// Any type of the rulebook that exists in mdoc, not the PID alone.
#[test]
fn a_driving_licence_is_issued_by_the_same_rules() {
    let claims = r#"{"family_name":"Muster","given_name":"Ada","birth_date":"1990-02-28","issue_date":"2010-03-01",
        "expiry_date":"2030-03-01","issuing_country":"DE","issuing_authority":"TEST","document_number":"B072",
        "portrait":"data:image/jpeg;base64,/9j/4AAQ","un_distinguishing_sign":"D","age_over_18":true,
        "driving_privileges":[{"vehicle_category_code":"B","issue_date":"2010-03-01"}]}"#;
    let claims = Json::parse(claims, &mut Budget::default())
        .unwrap()
        .as_object()
        .unwrap()
        .clone();
    let mut client = Client::of(|office| {
        let approval = Approval::new("desk-2", "test");
        Record::new(office.authority.rulebook(), LICENCE, claims.clone(), approval).unwrap()
    });
    let keys = client.new_keys(1);
    let issued = credentials(&client.collect(LICENCE, &keys));
    let mdoc = mdoc(&client.office, &issued[0]);
    assert_eq!(mdoc.doctype(), LICENCE);
    let elements = mdoc.claims_json();
    let elements = elements.get("org.iso.18013.5.1").unwrap();
    assert_eq!(elements.get("birth_date"), Some(&Json::from("1990-02-28")));
    assert_eq!(elements.get("age_over_18"), Some(&Json::Bool(true)));
    assert_eq!(mdoc.holder_key(), Some(&PublicKey::from(&keys[0])));
    // The mDL rulebook forbids the other format.
    let approval = Approval::new("desk-2", "test");
    let record = Record::new(&Rulebook::bundled(), LICENCE, claims, approval).unwrap();
    assert_eq!(record.in_formats(BOTH), Err(IssuerError::UnsupportedFormat));
}

#[test]
fn values_that_make_no_pid_are_refused_when_they_are_offered() {
    let mut office = Office::new();
    let mut offer = |record: Record| {
        let code = wallet_core::issuer::TransactionCode::None;
        let form = wallet_core::issuer::OfferForm::ByValue;
        let (now, random) = (office.now, &mut office.random);
        let created = office.authority.create_offer(record, code, form, now, random);
        created.map(|_| ()).map_err(|error| error.code())
    };
    let good = Office::new().record(BOTH);
    assert_eq!(offer(good.clone()), Ok(()));
    let mut bad = good.clone();
    bad.claims.insert("birthdate", "1964-13-01");
    assert_eq!(offer(bad), Err("pid.birthdate.value"));
    let mut bad = good.clone();
    bad.claims.remove("nationalities");
    assert_eq!(offer(bad), Err("pid.nationalities.missing"));
    // ISO 18013-5 B.1.4: this document signer is a German one.
    let mut bad = good;
    bad.claims.insert("issuing_country", "FR");
    assert_eq!(offer(bad), Err("issuer.country"));
}

#[test]
fn an_office_without_a_document_signer_offers_no_mdoc() {
    let mut random = TestRandom::new(5);
    let validity = Validity::new(Some(now().plus(-86_400)), Some(now().plus(300 * 86_400)));
    let ca = CertificateAuthority::generate("Root", Curve::P256, validity, &mut random).unwrap();
    let key = SigningKey::generate(Curve::P256, &mut random);
    let leaf = ca.issue_leaf(
        &LeafProfile::new("Office"),
        &PublicKey::from(&key),
        validity,
        &mut random,
    );
    let issuer = HttpsUrl::parse(OFFICE, LinkPolicy::HttpsOnly).unwrap();
    let mut config = AuthorityConfig::new(issuer, "Office", vec![GERMAN_VCT.to_owned()]);
    config.doctypes = vec![DOCTYPE.to_owned()];
    let signer = Signer::new(key, ca.chain_of(&leaf.unwrap())).unwrap();
    let state = Box::new(MemoryState::new());
    let mut authority = Authority::open(config, signer, Rulebook::bundled(), state, &mut random).unwrap();
    assert!(!authority.metadata().configurations.contains_key(DOCTYPE));
    let record = Office::new().record(BOTH);
    let code = wallet_core::issuer::TransactionCode::None;
    let form = wallet_core::issuer::OfferForm::ByValue;
    let refused = authority.create_offer(record, code, form, now(), &mut random);
    assert_eq!(refused.unwrap_err(), IssuerError::UnknownType);
}

/// ISO 18013-5 §9.3.3 and B.1.4: what is signed lies in the time of the document signer's certificate.
#[test]
fn an_mdoc_does_not_outlive_its_signer() {
    let mut random = TestRandom::new(6);
    let from = now().plus(-3600);
    let until = now().plus(3 * 86_400);
    let validity = Validity::new(Some(from), Some(until));
    let name = wallet_core::trust::authority::CertificateName::new("IACA").country("DE");
    let iaca = CertificateAuthority::generate_iaca(name, OFFICE, Curve::P256, validity, &mut random).unwrap();
    let key = SigningKey::generate(Curve::P256, &mut random);
    let profile = LeafProfile::new("Signer");
    let leaf = iaca
        .issue_document_signer(
            &profile,
            &PublicKey::from(&key),
            "https://x.example/crl",
            validity,
            &mut random,
        )
        .unwrap();
    let signer = Signer::new(key, vec![leaf]).unwrap();
    let holder = PublicKey::from(&SigningKey::generate(Curve::P256, &mut random));
    let record = Office::new().record(&[Format::MsoMdoc]);
    let bytes = issue_mdoc(&record, &holder, &signer, &Rulebook::bundled(), now(), &mut random).unwrap();
    let mut trust = wallet_core::trust::TrustStore::new(wallet_core::trust::Environment::Test);
    trust.add_anchor(wallet_core::trust::Role::Issuers, iaca.certificate().clone());
    let unverified = Unverified::<Mdoc>::parse(&bytes, &mut Budget::default()).unwrap();
    let options = wallet_core::credential::mdoc::VerifyOptions::at_rest();
    let verified = unverified.verify(&trust, &options, now()).unwrap();
    let mdoc = verified.credential();
    assert_eq!(mdoc.signed(), from);
    assert_eq!(mdoc.validity().expires, Some(until));
    assert_eq!(base64url::encode(mdoc.to_bytes()), base64url::encode(&bytes));
}
