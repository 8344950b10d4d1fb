//! Where an SD-JWT VC gets its issuer's keys from, and whether it keeps the rules of its type.

use wallet_core::codec::{Budget, Json, Object, base64url};
use wallet_core::credential::sd_jwt::issuer_metadata::{IssuerKeysFetch, IssuerKeysStep, IssuerMetadataError};
use wallet_core::credential::sd_jwt::type_metadata::{
    Reader, ResolvedType, TypeFetch, TypeMetadataError, TypeReference, TypeStep,
};
use wallet_core::credential::sd_jwt::{Blueprint, SdJwt, SdJwtError, VerifyOptions};
use wallet_core::credential::{ClaimPath, PathError, Unverified, Verified};
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::http::{HttpResponse, LinkPolicy, UrlError};
use wallet_core::keys::{Jwk, JwkSet, PublicKey};
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::authority::{CertificateAuthority, LeafProfile};
use wallet_core::trust::{Environment, IssuerEvidence, Role, TrustError, TrustStore};
use wallet_tests::TestRandom;

const ISS: &str = "https://school.example/tenant/";

fn json(text: &str) -> Json {
    Json::parse(text, &mut Budget::default()).expect(text)
}

fn path(text: &str) -> ClaimPath {
    ClaimPath::parse(&json(text)).expect(text)
}

fn now() -> Timestamp {
    Timestamp::from_unix(1_800_000_000)
}

fn key() -> SigningKey {
    SigningKey::generate(Curve::P256, &mut TestRandom::new(1))
}

fn issue(claims: &str, disclosable: &[&str], header: Object) -> String {
    let claims = json(claims).as_object().expect("an object").clone();
    let paths: Vec<ClaimPath> = disclosable.iter().map(|text| path(text)).collect();
    Blueprint::new(claims, &paths)
        .expect("a blueprint")
        .conceal(&mut TestRandom::new(2))
        .sign(header, &key())
}

fn verify(text: &str, trust: &TrustStore) -> Result<Verified<SdJwt>, SdJwtError> {
    Unverified::<SdJwt>::parse(text, &mut Budget::default())?.verify(trust, &VerifyOptions::at_rest(), now())
}

fn pinned() -> TrustStore {
    let mut trust = TrustStore::new(Environment::Test);
    let jwk = Jwk::parse(&Json::Object(PublicKey::from(&key()).to_jwk())).expect("a key");
    trust.pin_issuer_keys(None, JwkSet::new(vec![jwk]));
    trust
}

fn web() -> TrustStore {
    let mut trust = TrustStore::new(Environment::Test);
    trust.trust_web_issuer(ISS);
    trust
}

fn metadata(members: &str) -> HttpResponse {
    HttpResponse::of_type(200, "application/json", format!(r#"{{"issuer":"{ISS}",{members}}}"#))
}

fn key_set() -> String {
    format!(r#"{{"keys":[{}]}}"#, PublicKey::from(&key()).to_jwk())
}

#[test]
fn the_keys_of_a_web_issuer_are_fetched_under_its_own_name() {
    let mut trust = web();
    let text = issue(&format!(r#"{{"iss":"{ISS}","vct":"urn:x"}}"#), &[], Object::new());
    assert_eq!(verify(&text, &trust).err(), Some(TrustError::KeysNotAtHand.into()));
    let fetch = IssuerKeysFetch::begin(&trust, ISS, LinkPolicy::HttpsOnly).expect("a trusted name");
    // The terminating slash of the path is dropped.
    assert_eq!(
        fetch.request().url().as_str(),
        "https://school.example/.well-known/jwt-vc-issuer/tenant"
    );
    let answer = metadata(r#""jwks_uri":"https://keys.example/set""#);
    let Ok(IssuerKeysStep::Fetch(fetch)) = fetch.answer(&answer, &mut Budget::default()) else {
        panic!("the keys are elsewhere");
    };
    assert_eq!(fetch.request().url().as_str(), "https://keys.example/set");
    let answer = HttpResponse::of_type(200, "application/jwk-set+json", key_set());
    let Ok(IssuerKeysStep::Done(keys)) = fetch.answer(&answer, &mut Budget::default()) else {
        panic!("these are the keys");
    };
    keys.add_to(&mut trust).expect("a trusted name");
    let verified = verify(&text, &trust).expect("valid");
    assert_eq!(verified.issuer().evidence, IssuerEvidence::WebKeys);
}

#[test]
fn issuer_metadata_that_is_not_the_issuers_own_is_refused() {
    let begin = |trust: &TrustStore, iss: &str| IssuerKeysFetch::begin(trust, iss, LinkPolicy::HttpsOnly).err();
    // A stranger's credential makes us call nobody.
    assert_eq!(begin(&pinned(), ISS), Some(TrustError::UnknownIssuer.into()));
    for (iss, error) in [
        ("http://school.example", IssuerMetadataError::Url(UrlError::NotHttps)),
        ("https://127.0.0.1", IssuerMetadataError::Url(UrlError::InternalHost)),
        ("https://school.example?tenant=1", IssuerMetadataError::QueryInName),
    ] {
        let mut trust = web();
        trust.trust_web_issuer(iss);
        assert_eq!(begin(&trust, iss), Some(error), "{iss}");
    }
    let answer = |response: HttpResponse| {
        let fetch = IssuerKeysFetch::begin(&web(), ISS, LinkPolicy::HttpsOnly).expect("a trusted name");
        fetch.answer(&response, &mut Budget::default()).err()
    };
    let inside = format!(r#""jwks":{}"#, key_set());
    assert_eq!(answer(metadata(&inside)), None);
    let both = format!(r#"{inside},"jwks_uri":"https://keys.example/set""#);
    assert_eq!(answer(metadata(&both)), Some(IssuerMetadataError::KeysPlace));
    assert_eq!(answer(metadata(r#""x":1"#)), Some(IssuerMetadataError::KeysPlace));
    let plain = metadata(r#""jwks_uri":"http://keys.example/set""#);
    assert_eq!(answer(plain), Some(IssuerMetadataError::Url(UrlError::NotHttps)));
    // Byte for byte: the slash at the end counts.
    let other = format!(r#"{{"issuer":"https://school.example/tenant",{inside}}}"#);
    let other = HttpResponse::of_type(200, "application/json", other);
    assert_eq!(answer(other), Some(IssuerMetadataError::OtherIssuer));
    let own = format!(r#"{{"issuer":"{ISS}",{inside}}}"#);
    let html = HttpResponse::of_type(200, "text/html", own.clone());
    assert_eq!(answer(html), Some(IssuerMetadataError::MediaType));
    assert_eq!(
        answer(HttpResponse::of_type(302, "application/json", own)),
        Some(IssuerMetadataError::Status(302))
    );
    let twice = metadata(&format!("{inside},{inside}"));
    assert_eq!(answer(twice).map(|error| error.code()), Some("json.duplicate_member"));
}

#[test]
fn a_certificate_in_the_header_vouches_for_the_issuer_it_names() {
    let mut random = TestRandom::new(3);
    let validity = Validity::new(Some(now().plus(-1000)), Some(now().plus(1000)));
    let ca = CertificateAuthority::generate("Root", Curve::P256, validity, &mut random).expect("a root");
    let profile = LeafProfile::new("School").uri(ISS);
    let leaf = ca
        .issue_leaf(&profile, &PublicKey::from(&key()), validity, &mut random)
        .expect("a leaf");
    let mut trust = TrustStore::new(Environment::Test);
    trust.add_anchor(Role::Issuers, ca.certificate().clone());
    let x5c = Json::Array(vec![Json::from(base64url::encode_standard(leaf.der()))]);
    let with = |claims: &str| issue(claims, &[], Object::new().with("x5c", x5c.clone()));
    let verified = verify(&with(&format!(r#"{{"iss":"{ISS}","vct":"urn:x"}}"#)), &trust).expect("valid");
    assert_eq!(verified.issuer().name, "School");
    // Without `iss` the issuer is the subject of the certificate.
    assert!(verify(&with(r#"{"vct":"urn:x"}"#), &trust).is_ok());
    let other = with(r#"{"iss":"https://other.example","vct":"urn:x"}"#);
    assert_eq!(verify(&other, &trust).err(), Some(TrustError::NameNotBound.into()));
}

const TYPE: &str = r#"{"vct":"urn:report","claims":[
    {"path":["name"],"mandatory":true,"sd":"always"},
    {"path":["school"],"mandatory":true,"sd":"never"},
    {"path":["marks",1],"mandatory":true,"sd":"always"},
    {"path":["courses",null,"points"],"sd":"allowed"}]}"#;

fn resolved(document: &str) -> ResolvedType {
    let step = TypeFetch::begin(TypeReference::new("urn:report")).document(document.as_bytes(), &mut Budget::default());
    match step.expect("valid") {
        TypeStep::Done(resolved) => resolved,
        TypeStep::Fetch(_) => panic!("it has no parent"),
    }
}

const CLAIMS: &str = r#"{"vct":"urn:report","name":"Ada","school":"S","marks":[9,15],"courses":[{"points":1}]}"#;
const SELECTIVE: [&str; 3] = [r#"["name"]"#, r#"["marks",null]"#, r#"["courses",null,"points"]"#];

fn check(claims: &str, selective: &[&str], shown: Option<&[&str]>, reader: Reader) -> Result<(), TypeMetadataError> {
    let text = issue(claims, selective, Object::new());
    let held = verify(&text, &pinned()).expect("valid");
    let Some(shown) = shown else {
        return resolved(TYPE).check(held.credential(), reader);
    };
    let shown: Vec<ClaimPath> = shown.iter().map(|text| path(text)).collect();
    let selection = held.credential().select(&shown).expect("they are there");
    let received = verify(&held.credential().present(&selection).into_compact(), &pinned()).expect("valid");
    resolved(TYPE).check(received.credential(), reader)
}

#[test]
fn a_credential_keeps_the_rules_of_its_type() {
    let holder = |claims: &str, selective: &[&str]| check(claims, selective, None, Reader::Holder);
    assert_eq!(holder(CLAIMS, &SELECTIVE), Ok(()));
    let missing = |from: &str, to: &str| holder(&CLAIMS.replace(from, to), &SELECTIVE[1..]);
    let mandatory = |text: &str| Err(TypeMetadataError::MandatoryMissing(path(text)));
    assert_eq!(missing(r#""name":"Ada","#, ""), mandatory(r#"["name"]"#));
    assert_eq!(
        holder(&CLAIMS.replace(",15", ""), &SELECTIVE),
        mandatory(r#"["marks",1]"#)
    );
    let broken = |text: &str| Err(TypeMetadataError::SelectivityBroken(path(text)));
    assert_eq!(holder(CLAIMS, &SELECTIVE[1..]), broken(r#"["name"]"#));
    let school = [&SELECTIVE[..], &[r#"["school"]"#]].concat();
    assert_eq!(holder(CLAIMS, &school), broken(r#"["school"]"#));
    let shape = holder(&CLAIMS.replace("[9,15]", "1"), &[SELECTIVE[0]]);
    assert_eq!(shape, Err(TypeMetadataError::Path(PathError::NotAnArray)));
    let other = holder(&CLAIMS.replace("urn:report", "urn:other"), &SELECTIVE);
    assert_eq!(other, Err(TypeMetadataError::OtherType));
}

#[test]
fn a_verifier_does_not_take_a_closed_claim_for_a_missing_one() {
    let verifier = |shown: &[&str]| check(CLAIMS, &SELECTIVE, Some(shown), Reader::Verifier);
    assert_eq!(verifier(&[]), Ok(()));
    // The second mark stays the second though the first is closed.
    assert_eq!(verifier(&[r#"["marks",1]"#]), Ok(()));
    let as_holder = check(CLAIMS, &SELECTIVE, Some(&[r#"["marks",1]"#]), Reader::Holder);
    assert_eq!(as_holder, Err(TypeMetadataError::MandatoryMissing(path(r#"["name"]"#))));
    // What must be open to all is missed by everyone.
    let school = CLAIMS.replace(r#""school":"S","#, "");
    let without = check(&school, &SELECTIVE, Some(&[]), Reader::Verifier);
    assert_eq!(without, Err(TypeMetadataError::MandatoryMissing(path(r#"["school"]"#))));
}

#[test]
fn a_blueprint_refuses_what_no_verifier_would_accept() {
    let blueprint = |claims: &str, paths: &[&str]| {
        let paths: Vec<ClaimPath> = paths.iter().map(|text| path(text)).collect();
        Blueprint::new(json(claims).as_object().expect("an object").clone(), &paths).err()
    };
    assert_eq!(blueprint(CLAIMS, &SELECTIVE), None);
    assert_eq!(blueprint(CLAIMS, &[r#"["nothing"]"#]), Some(SdJwtError::NothingThere));
    assert_eq!(blueprint(CLAIMS, &[r#"["marks",7]"#]), Some(SdJwtError::NothingThere));
    assert_eq!(
        blueprint(CLAIMS, &[r#"["name",0]"#]),
        Some(PathError::NotAnArray.into())
    );
    assert_eq!(blueprint(r#"{"a":[{"_sd":[]}]}"#, &[]), Some(SdJwtError::ReservedName));
    assert_eq!(blueprint(r#"{"...":1}"#, &[]), Some(SdJwtError::ReservedName));
    for name in ["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"] {
        let claims = Object::new()
            .with("vct", Json::from("urn:x"))
            .with(name, json(r#"{"a":1}"#))
            .to_string();
        let error = Some(SdJwtError::NeverSelective(name));
        assert_eq!(blueprint(&claims, &[&format!(r#"["{name}"]"#)]), error);
        assert_eq!(blueprint(&claims, &[&format!(r#"["{name}","a"]"#)]), error);
    }
    assert_eq!(blueprint(r#"{"exp":1}"#, &[r#"["exp"]"#]), None);
}

#[test]
fn nothing_selective_leaves_no_trace_and_decoys_leave_only_digests() {
    let plain = issue(CLAIMS, &[], Object::new());
    assert!(plain.ends_with('~') && plain.matches('~').count() == 1);
    let received = Unverified::<SdJwt>::parse(&plain, &mut Budget::default()).expect("valid");
    assert_eq!(Json::Object(received.inspect().payload), json(CLAIMS));
    let claims = json(CLAIMS).as_object().expect("an object").clone();
    let paths: Vec<ClaimPath> = SELECTIVE.iter().map(|text| path(text)).collect();
    let concealed = Blueprint::new(claims, &paths)
        .expect("valid")
        .decoys(5)
        .conceal(&mut TestRandom::new(4));
    assert_eq!(concealed.disclosures().len(), 4);
    let digests = |json: Option<&Json>| json.and_then(Json::as_array).map_or(0, <[Json]>::len);
    let payload = Json::Object(concealed.payload().clone());
    assert_eq!(digests(payload.get("_sd")), 6);
    assert!((2..=7).contains(&digests(payload.get("marks"))));
    let courses = payload.get("courses").and_then(Json::as_array).expect("courses");
    assert_eq!(digests(courses[0].get("_sd")), 6);
    let listed = payload.get("_sd").and_then(Json::as_array).expect("digests");
    assert!(listed.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
}
