//! A valid SD-JWT, one mutation, the exact refusal: the MUST-reject rules of RFC 9901 and SD-JWT VC.

use wallet_core::codec::{Budget, Json, JsonError, Object, base64url};
use wallet_core::credential::sd_jwt::{JsonForm, KeyBinding, Kind, SdJwt, SdJwtError, VerifyOptions};
use wallet_core::credential::{Unverified, Verified};
use wallet_core::crypto::{Curve, HashAlgorithm, SignatureAlgorithm, SigningKey};
use wallet_core::envelope::jws::{JwsError, UnsignedJws};
use wallet_core::keys::{Jwk, JwkSet, KeyError, PublicKey};
use wallet_core::time::{OutsideValidity, Timestamp};
use wallet_core::trust::{Environment, TrustError, TrustStore};
use wallet_tests::TestRandom;

const NOW: i64 = 1_800_000_000;

fn json(text: &str) -> Json {
    Json::parse(text, &mut Budget::default()).expect(text)
}

fn key(seed: u8) -> SigningKey {
    SigningKey::generate(Curve::P256, &mut TestRandom::new(seed))
}

fn jwk(key: &SigningKey) -> Json {
    Json::Object(PublicKey::from(key).to_jwk())
}

fn trust() -> TrustStore {
    let mut trust = TrustStore::new(Environment::Test);
    let keys = JwkSet::new(vec![Jwk::parse(&jwk(&key(1))).expect("a key")]);
    trust.pin_issuer_keys(Some("https://school.example".to_owned()), keys);
    trust
}

fn disclosure(text: &str) -> String {
    base64url::encode(text)
}

fn digest(disclosure: &str) -> String {
    base64url::encode(HashAlgorithm::Sha256.digest(disclosure.as_bytes()))
}

/// Writes by hand what an honest issuer would not.
struct Forge {
    header: String,
    payload: String,
    disclosures: Vec<String>,
}

impl Forge {
    /// A valid credential: `name` and the second of two `marks` are selective, and in `name` the `given`.
    fn valid() -> Self {
        let given = disclosure(r#"["salt-1","given","Ada"]"#);
        let name = disclosure(&format!(
            r#"["salt-2","name",{{"family":"L","_sd":["{}"]}}]"#,
            digest(&given)
        ));
        let mark = disclosure(r#"["salt-3",15]"#);
        let payload = format!(
            r#"{{"iss":"https://school.example","vct":"urn:example:report","exp":1900000000,"marks":[9,{{"...":"{}"}}],
                "plain":{{"a":1}},"cnf":{{"jwk":{}}},"_sd":["{}","{}"],"_sd_alg":"sha-256"}}"#,
            digest(&mark),
            jwk(&key(2)),
            digest(&name),
            digest("decoy"),
        );
        Self {
            header: r#"{"alg":"ES256","typ":"dc+sd-jwt"}"#.to_owned(),
            payload,
            disclosures: vec![given, name, mark],
        }
    }

    fn payload(mut self, from: &str, to: &str) -> Self {
        assert!(self.payload.contains(from), "{from}");
        self.payload = self.payload.replacen(from, to, 1);
        self
    }

    fn header(mut self, header: &str) -> Self {
        self.header = header.to_owned();
        self
    }

    /// Puts another disclosure in the place of one, and its digest in the place of its digest.
    fn disclosure(mut self, index: usize, text: &str) -> Self {
        let new = disclosure(text);
        let old = std::mem::replace(&mut self.disclosures[index], new.clone());
        self.payload(&digest(&old), &digest(&new))
    }

    /// One more selective member at the top.
    fn also(mut self, text: &str) -> Self {
        let new = disclosure(text);
        let entry = format!(r#""_sd":["{}","#, digest(&new));
        self.disclosures.push(new);
        self.payload(r#""_sd":["#, &entry)
    }

    fn only(mut self, disclosures: &[usize]) -> Self {
        self.disclosures = disclosures
            .iter()
            .map(|index| self.disclosures[*index].clone())
            .collect();
        self
    }

    fn build(self) -> String {
        let input = [base64url::encode(&self.header), base64url::encode(&self.payload)].join(".");
        let signature = base64url::encode(key(1).sign(input.as_bytes()));
        let mut text = format!("{input}.{signature}~");
        for disclosure in self.disclosures {
            text.push_str(&disclosure);
            text.push('~');
        }
        text
    }

    fn refused(self) -> SdJwtError {
        refused(&self.build())
    }
}

fn check(text: &str, options: &VerifyOptions) -> Result<Verified<SdJwt>, SdJwtError> {
    Unverified::<SdJwt>::parse(text, &mut Budget::default())?.verify(&trust(), options, Timestamp::from_unix(NOW))
}

fn refused(text: &str) -> SdJwtError {
    check(text, &VerifyOptions::at_rest()).expect_err("it must be refused")
}

#[test]
fn the_valid_one_is_accepted() {
    let verified = check(&Forge::valid().build(), &VerifyOptions::at_rest()).expect("valid");
    let claims = verified.credential().claims();
    assert_eq!(claims.get("name"), Some(&json(r#"{"family":"L","given":"Ada"}"#)));
    assert_eq!(claims.get("marks"), Some(&json("[9,15]")));
    assert!(!claims.contains("_sd") && !claims.contains("_sd_alg"));
    let none = check(&Forge::valid().only(&[]).build(), &VerifyOptions::at_rest()).expect("valid");
    assert_eq!(none.credential().claims().get("marks"), Some(&json("[9]")));
    assert_eq!(
        none.credential()
            .claims_with_slots()
            .get("marks")
            .and_then(Json::as_array)
            .map(<[Json]>::len),
        Some(2)
    );
}

#[test]
fn what_is_no_sd_jwt_is_refused() {
    let valid = Forge::valid().build();
    let jwt = valid.split('~').next().expect("a JWT");
    assert_eq!(refused(jwt), SdJwtError::NotAnSdJwt);
    assert_eq!(refused(&valid.replacen('.', "~", 1)), JwsError::NotThreeParts.into());
    assert_eq!(refused(&format!("a.{valid}")), JwsError::NotThreeParts.into());
    // The last component is neither empty nor a key binding JWT.
    assert_eq!(
        refused(valid.strip_suffix('~').expect("a tilde")),
        SdJwtError::KeyBindingUnexpected
    );
    assert_eq!(
        refused(&valid.replacen('~', "~~", 1)),
        SdJwtError::DisclosureJson(JsonError::Syntax {
            offset: 0,
            expected: "a value"
        })
    );
}

/// RFC 9901 §7.1 step 1.
#[test]
fn the_signature_and_its_algorithm_are_checked() {
    for (header, error) in [
        (r#"{"alg":"none","typ":"dc+sd-jwt"}"#, JwsError::UnsupportedAlgorithm),
        (r#"{"alg":"HS256","typ":"dc+sd-jwt"}"#, JwsError::UnsupportedAlgorithm),
        (r#"{"typ":"dc+sd-jwt"}"#, JwsError::AlgorithmMissing),
        (r#"{"alg":"ES256"}"#, JwsError::WrongType { expected: "dc+sd-jwt" }),
        (
            r#"{"alg":"ES256","typ":"JWT"}"#,
            JwsError::WrongType { expected: "dc+sd-jwt" },
        ),
        (
            r#"{"alg":"ES256","typ":"vc+sd-jwt"}"#,
            JwsError::WrongType { expected: "dc+sd-jwt" },
        ),
        (
            r#"{"alg":"ES256","typ":"dc+sd-jwt","crit":["x"],"x":1}"#,
            JwsError::CriticalHeader,
        ),
    ] {
        assert_eq!(Forge::valid().header(header).refused(), error.into(), "{header}");
    }
    let valid = Forge::valid().build();
    let payload = valid.split('.').nth(1).expect("a payload");
    let other = base64url::encode(Forge::valid().payload("[9,", "[8,").payload);
    assert_eq!(
        refused(&valid.replacen(payload, &other, 1)),
        JwsError::BadSignature.into()
    );
    let header = base64url::encode(r#"{"alg":"ES384","typ":"dc+sd-jwt"}"#);
    let relabelled = format!("{header}{}", &valid[valid.find('.').expect("a dot")..]);
    assert_eq!(refused(&relabelled), TrustError::UnknownIssuer.into());
    let unknown = Forge::valid().payload("school.example", "stranger.example");
    assert_eq!(unknown.refused(), TrustError::UnknownIssuer.into());
}

/// RFC 9901 §4.1.1, §7.1 step 2.
#[test]
fn the_hash_must_be_known_and_named_at_the_top() {
    for name in [r#""sha-256-32""#, r#""md5""#, r#""SHA-256""#, r#""""#, "256", "null"] {
        let forged = Forge::valid().payload(r#""sha-256""#, name);
        assert_eq!(forged.refused(), SdJwtError::UnsupportedHash, "{name}");
    }
    let nested = Forge::valid().payload(r#"{"a":1}"#, r#"{"_sd_alg":"sha-256"}"#);
    assert_eq!(nested.refused(), SdJwtError::ReservedName);
    // Absent means SHA-256.
    let absent = Forge::valid().payload(r#","_sd_alg":"sha-256""#, "").build();
    assert!(check(&absent, &VerifyOptions::at_rest()).is_ok());
    // Another hash than the one that was used opens nothing.
    let other = Forge::valid().payload("sha-256", "sha-512");
    assert_eq!(other.refused(), SdJwtError::DisclosureUnreferenced);
}

/// RFC 9901 §7.1 step 3.c.
#[test]
fn a_disclosure_must_be_of_its_kind() {
    let member = |text: &str| Forge::valid().also(text).refused();
    assert_eq!(member(r#"["salt","value"]"#), SdJwtError::DisclosureKind);
    assert_eq!(member(r#"["salt"]"#), SdJwtError::DisclosureShape);
    assert_eq!(member(r#"["salt","x",1,2]"#), SdJwtError::DisclosureShape);
    assert_eq!(member(r#"["salt",1,2]"#), SdJwtError::DisclosureShape);
    assert_eq!(member(r#"[1,"x",2]"#), SdJwtError::DisclosureShape);
    assert_eq!(member(r#"{"a":1}"#), SdJwtError::DisclosureShape);
    assert_eq!(member(r#"["salt","_sd",["x"]]"#), SdJwtError::ReservedName);
    assert_eq!(member(r#"["salt","...","x"]"#), SdJwtError::ReservedName);
    assert_eq!(member(r#"["salt","_sd_alg","sha-512"]"#), SdJwtError::ReservedName);
    // The name exists in the clear, and by another disclosure.
    assert_eq!(member(r#"["salt","plain",1]"#), SdJwtError::NameClash);
    assert_eq!(member(r#"["salt","name",1]"#), SdJwtError::NameClash);
    let element = |text: &str| Forge::valid().disclosure(2, text).refused();
    assert_eq!(element(r#"["salt","name",1]"#), SdJwtError::DisclosureKind);
    assert_eq!(element(r#"["salt",{"...":"x"}]"#), SdJwtError::ReservedName);
    assert_eq!(element(r#"["salt",{"_sd":"x"}]"#), SdJwtError::BadDigestList);
}

#[test]
fn a_disclosure_is_canonical_base64url_of_strict_json() {
    let replaced = |text: &str| {
        let mut forge = Forge::valid();
        let old = std::mem::replace(&mut forge.disclosures[2], text.to_owned());
        forge.payload(&digest(&old), &digest(text)).refused()
    };
    assert_eq!(replaced("WyJhIiwxXQ==").code(), "sd_jwt.disclosure.base64");
    assert_eq!(replaced("WyJhIiwx+Q").code(), "sd_jwt.disclosure.base64");
    assert_eq!(replaced("WyJhIiwxXR").code(), "sd_jwt.disclosure.base64");
    assert_eq!(replaced(&disclosure(r#"["a",1"#)).code(), "sd_jwt.disclosure.json");
    assert_eq!(
        replaced(&disclosure(r#"["a",{"x":1,"x":2}]"#)).code(),
        "sd_jwt.disclosure.json"
    );
    let twice = Forge::valid().payload(r#""plain":"#, r#""exp":1,"plain":"#).refused();
    assert_eq!(twice.code(), "json.duplicate_member");
}

/// RFC 9901 §7.1 steps 4 and 5.
#[test]
fn a_digest_stands_once_and_every_disclosure_has_one() {
    let valid = Forge::valid();
    let (given, name, mark) = (
        digest(&valid.disclosures[0]),
        digest(&valid.disclosures[1]),
        digest(&valid.disclosures[2]),
    );
    let decoy = digest("decoy");
    for twice in [&name, &decoy, &mark, &given] {
        let forged = Forge::valid().payload(r#""_sd":["#, &format!(r#""_sd":["{twice}","#));
        assert_eq!(forged.refused(), SdJwtError::DuplicateDigest);
    }
    let nested = Forge::valid().payload(r#"{"a":1}"#, &format!(r#"{{"_sd":["{}"]}}"#, digest("decoy")));
    assert_eq!(nested.refused(), SdJwtError::DuplicateDigest);
    let closed = Forge::valid()
        .payload(r#"{"a":1}"#, &format!(r#"{{"_sd":["{name}"]}}"#))
        .only(&[2]);
    assert_eq!(closed.refused(), SdJwtError::DuplicateDigest);

    let mut stray = Forge::valid();
    stray.disclosures.push(disclosure(r#"["salt","stray",1]"#));
    assert_eq!(stray.refused(), SdJwtError::DisclosureUnreferenced);
    // A child without its parent.
    assert_eq!(Forge::valid().only(&[0]).refused(), SdJwtError::DisclosureUnreferenced);
    assert_eq!(
        Forge::valid().only(&[0, 1, 1]).refused(),
        SdJwtError::DisclosureRepeated
    );
    // A changed disclosure opens nothing.
    let mut changed = Forge::valid();
    changed.disclosures[2] = disclosure(r#"["salt-3",14]"#);
    assert_eq!(changed.refused(), SdJwtError::DisclosureUnreferenced);
    // Nor does the same JSON in another spelling: the text as received is hashed.
    let mut respelt = Forge::valid();
    respelt.disclosures[2] = disclosure(r#"["salt-3", 15]"#);
    assert_eq!(respelt.refused(), SdJwtError::DisclosureUnreferenced);
}

/// RFC 9901 §4.1, §4.2.4: the names have one use.
#[test]
fn reserved_names_have_no_other_use() {
    let plain = |to: &str| Forge::valid().payload(r#"{"a":1}"#, to).refused();
    assert_eq!(plain(r#"{"_sd":"x"}"#), SdJwtError::BadDigestList);
    assert_eq!(plain(r#"{"_sd":[1]}"#), SdJwtError::BadDigestList);
    assert_eq!(plain(r#"{"_sd":{}}"#), SdJwtError::BadDigestList);
    assert_eq!(plain(r#"{"...":"x"}"#), SdJwtError::ReservedName);
    assert_eq!(plain(r#"[{"...":1}]"#), SdJwtError::BadArraySlot);
    assert_eq!(plain(r#"[{"...":"x","a":1}]"#), SdJwtError::BadArraySlot);
    assert_eq!(plain(r#"[[{"a":{"...":"x"}}]]"#), SdJwtError::ReservedName);
}

/// RFC 9901 §7.1 step 6, RFC 7519 §4.1.
#[test]
fn validity_is_that_of_the_processed_payload() {
    let at = Timestamp::from_unix;
    let exp = |to: &str| Forge::valid().payload(r#""exp":1900000000"#, to);
    let expired = SdJwtError::OutsideValidity(OutsideValidity::Expired {
        expired: at(1_799_999_940),
    });
    assert_eq!(exp(r#""exp":1799999940"#).refused(), expired);
    assert_eq!(exp(r#""exp":1799999940.9"#).refused(), expired);
    let early = SdJwtError::OutsideValidity(OutsideValidity::NotYetValid {
        not_before: at(1_800_000_061),
    });
    assert_eq!(exp(r#""nbf":1800000061"#).refused(), early);
    assert_eq!(exp(r#""nbf":1800000060.1"#).refused(), early);
    assert_eq!(exp(r#""exp":"1900000000""#).refused(), SdJwtError::BadClaim("exp"));
    assert_eq!(exp(r#""nbf":null"#).refused(), SdJwtError::BadClaim("nbf"));
    assert_eq!(exp(r#""iat":"now""#).refused(), SdJwtError::BadClaim("iat"));
    assert_eq!(
        exp(r#""aud":"https://other.example""#).refused(),
        SdJwtError::AudienceMismatch
    );
    assert_eq!(exp(r#""aud":[1]"#).refused(), SdJwtError::AudienceMismatch);
    assert_eq!(exp(r#""aud":1"#).refused(), SdJwtError::BadClaim("aud"));
    let ours = VerifyOptions::at_rest().with_audience("https://us.example");
    assert!(check(&exp(r#""aud":["x","https://us.example"]"#).build(), &ours).is_ok());
    let wants_exp = VerifyOptions::at_rest().requiring("exp");
    let without = exp(r#""iat":1"#).build();
    assert_eq!(check(&without, &wants_exp).err(), Some(SdJwtError::ClaimMissing("exp")));
    // In an SD-JWT that is no VC `exp` may be disclosed: what counts is what came out.
    let plain = VerifyOptions::at_rest().with_kind(Kind::Plain);
    let hidden = exp(r#""iat":1"#).also(r#"["salt","exp",1799999940]"#).build();
    assert_eq!(check(&hidden, &plain).err(), Some(expired));
}

/// SD-JWT VC §2.2.2.2.
#[test]
fn claims_that_every_verifier_needs_are_never_selective() {
    for (open, closed) in [
        (r#""exp":1900000000,"#, r#"["salt","exp",1900000000]"#),
        (
            r#""vct":"urn:example:report","#,
            r#"["salt","vct","urn:example:report"]"#,
        ),
    ] {
        let name = if open.contains("exp") { "exp" } else { "vct" };
        let forged = Forge::valid().payload(open, "").also(closed);
        assert_eq!(forged.refused(), SdJwtError::NeverSelective(name));
    }
    for name in ["nbf", "vct#integrity", "aka_vcts", "status"] {
        let forged = Forge::valid().also(&format!(r#"["salt","{name}",1]"#));
        assert_eq!(forged.refused(), SdJwtError::NeverSelective(name));
    }
    // Neither what is in them.
    let inside = Forge::valid().payload(r#""plain":{"a":1}"#, r#""status":{"_sd":[]}"#);
    assert_eq!(inside.refused(), SdJwtError::NeverSelective("status"));
    let inside = Forge::valid().payload(r#""cnf":{"#, r#""cnf":{"x":[{"...":"x"}],"#);
    assert_eq!(inside.refused(), SdJwtError::NeverSelective("cnf"));
    let iss = Forge::valid()
        .payload(r#""iss":"https://school.example","#, "")
        .also(r#"["salt","iss","https://school.example"]"#);
    assert_eq!(iss.refused(), SdJwtError::NeverSelective("iss"));
    // `sub` and `iat` may be.
    let may = Forge::valid()
        .also(r#"["salt","sub","x"]"#)
        .also(r#"["salt","iat",1]"#)
        .build();
    assert!(check(&may, &VerifyOptions::at_rest()).is_ok());
}

/// SD-JWT VC §2.2.2.1.
#[test]
fn the_type_is_a_string_and_its_other_names_differ_from_it() {
    let vct = |to: &str| Forge::valid().payload(r#""vct":"urn:example:report""#, to).refused();
    assert_eq!(vct(r#""x":1"#), SdJwtError::ClaimMissing("vct"));
    assert_eq!(vct(r#""vct":1"#), SdJwtError::BadClaim("vct"));
    assert_eq!(vct(r#""vct":"""#), SdJwtError::BadClaim("vct"));
    let further = |names: &str| {
        let both = format!(r#""vct":"urn:example:report","aka_vcts":{names}"#);
        Forge::valid().payload(r#""vct":"urn:example:report""#, &both)
    };
    for names in ["[]", r#""x""#, "[1]", r#"["urn:example:report"]"#] {
        assert_eq!(further(names).refused(), SdJwtError::BadClaim("aka_vcts"), "{names}");
    }
    let verified = check(&further(r#"["urn:other"]"#).build(), &VerifyOptions::at_rest()).expect("valid");
    assert_eq!(verified.credential().type_names(), ["urn:example:report", "urn:other"]);
    let cnf = Forge::valid()
        .payload(r#""plain":{"a":1}"#, r#""status":"revoked""#)
        .refused();
    assert_eq!(cnf, SdJwtError::BadClaim("status"));
}

struct Bound {
    sd_jwt: String,
    header: Object,
    claims: Object,
    signer: u8,
}

impl Bound {
    fn valid() -> Self {
        Self::of(Forge::valid().only(&[2]).build())
    }

    fn of(sd_jwt: String) -> Self {
        let claims = Object::new()
            .with("iat", Json::from(NOW))
            .with("aud", Json::from("x509_hash:abc"))
            .with("nonce", Json::from("n-1"))
            .with("sd_hash", Json::from(digest(&sd_jwt)));
        Self {
            sd_jwt,
            header: Object::new().with("typ", Json::from("kb+jwt")),
            claims,
            signer: 2,
        }
    }

    fn claim(mut self, name: &str, value: Json) -> Self {
        self.claims.insert(name, value);
        self
    }

    fn build(self) -> String {
        let jws = UnsignedJws::new(SignatureAlgorithm::Es256, self.header, self.claims.to_string());
        format!("{}{}", self.sd_jwt, jws.sign(&key(self.signer)))
    }

    fn refused(self) -> SdJwtError {
        presented(&self.build()).expect_err("it must be refused")
    }
}

fn presented(text: &str) -> Result<Verified<SdJwt>, SdJwtError> {
    check(
        text,
        &VerifyOptions::presentation(KeyBinding::new("n-1", "x509_hash:abc")),
    )
}

/// RFC 9901 §7.3 steps 1 and 5, §4.3.
#[test]
fn key_binding_answers_this_request_over_these_disclosures() {
    assert!(presented(&Bound::valid().build()).is_ok());
    let valid = Bound::valid;
    assert_eq!(
        valid().claim("nonce", "n-2".into()).refused(),
        SdJwtError::KeyBindingNonce
    );
    assert_eq!(
        valid().claim("aud", "x509_hash:abd".into()).refused(),
        SdJwtError::KeyBindingAudience
    );
    assert_eq!(
        valid().claim("aud", json(r#"["x509_hash:abc"]"#)).refused(),
        SdJwtError::KeyBindingClaim("aud")
    );
    assert_eq!(
        valid().claim("sd_hash", digest("x").into()).refused(),
        SdJwtError::KeyBindingSdHash
    );
    for name in ["iat", "aud", "nonce", "sd_hash"] {
        let mut bound = valid();
        bound.claims.remove(name);
        assert_eq!(bound.refused(), SdJwtError::KeyBindingClaim(name));
    }
    let future = SdJwtError::KeyBindingInFuture { ahead: 61, limit: 60 };
    assert_eq!(valid().claim("iat", Json::from(NOW + 61)).refused(), future);
    let old = SdJwtError::KeyBindingTooOld { age: 361, limit: 360 };
    assert_eq!(valid().claim("iat", Json::from(NOW - 361)).refused(), old);
    let expired = valid().claim("exp", Json::from(NOW - 60)).refused();
    assert_eq!(expired.code(), "sd_jwt.expired");

    let mut typ = valid();
    typ.header = Object::new().with("typ", Json::from("JWT"));
    assert_eq!(
        typ.refused(),
        SdJwtError::KeyBinding(JwsError::WrongType { expected: "kb+jwt" })
    );
    let mut thief = valid();
    thief.signer = 3;
    assert_eq!(thief.refused(), SdJwtError::KeyBinding(JwsError::BadSignature));
    let unsigned = format!(
        "{}{}.{}.",
        valid().sd_jwt,
        base64url::encode(r#"{"alg":"none"}"#),
        base64url::encode("{}")
    );
    assert_eq!(
        presented(&unsigned).err(),
        Some(SdJwtError::KeyBinding(JwsError::UnsupportedAlgorithm))
    );
    let garbage = format!("{}x", valid().sd_jwt);
    assert_eq!(
        presented(&garbage).err(),
        Some(SdJwtError::KeyBinding(JwsError::NotThreeParts))
    );
    // A disclosure taken away or added after the holder signed.
    let text = valid().build();
    let more = Forge::valid().disclosures.remove(1);
    let added = text.replacen('~', &format!("~{more}~"), 1);
    assert_eq!(presented(&added).err(), Some(SdJwtError::KeyBindingSdHash));
    let parts: Vec<&str> = text.split('~').collect();
    assert_eq!(
        presented(&[parts[0], parts[2]].join("~")).err(),
        Some(SdJwtError::KeyBindingSdHash)
    );
}

/// RFC 9901 §7.2, §7.3 step 1, §9.5: decided by policy, never by what came.
#[test]
fn key_binding_cannot_be_stripped_and_is_refused_from_an_issuer() {
    let text = Bound::valid().build();
    assert_eq!(refused(&text), SdJwtError::KeyBindingUnexpected);
    let stripped = &text[..=text.rfind('~').expect("a tilde")];
    assert_eq!(presented(stripped).err(), Some(SdJwtError::KeyBindingMissing));
}

/// RFC 7800 §3: a key by value, and nothing is fetched.
#[test]
fn the_holder_key_is_in_the_credential_itself() {
    let with = |cnf: &str| {
        let key = format!(r#""cnf":{{"jwk":{}}}"#, jwk(&key(2)));
        Bound::of(Forge::valid().payload(&key, cnf).only(&[]).build()).refused()
    };
    assert_eq!(with(r#""x":1"#), SdJwtError::HolderKeyMissing);
    assert_eq!(with(r#""cnf":{"kid":"did:example:1"}"#), SdJwtError::HolderKeyMissing);
    assert_eq!(
        with(r#""cnf":{"jku":"https://x.example","kid":"1"}"#),
        SdJwtError::HolderKeyMissing
    );
    assert_eq!(
        with(r#""cnf":{"jwk":{"kty":"RSA","n":"AQ","e":"AQAB"}}"#).code(),
        "jwk.unsupported_type"
    );
    assert_eq!(
        with(r#""cnf":{"jwk":{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ","d":"AQ"}}"#),
        SdJwtError::HolderKey(KeyError::PrivateMember)
    );
}

/// RFC 9901 §8.
#[test]
fn the_json_forms_say_the_same_and_are_as_strict() {
    let verified = presented(&Bound::valid().build()).expect("valid");
    let options = VerifyOptions::presentation(KeyBinding::new("n-1", "x509_hash:abc"));
    let parse = |text: &str| -> Result<Verified<SdJwt>, SdJwtError> {
        Unverified::<SdJwt>::parse_json(text.as_bytes(), &mut Budget::default())?.verify(
            &trust(),
            &options,
            Timestamp::from_unix(NOW),
        )
    };
    let flattened = verified.credential().to_json(JsonForm::Flattened).to_string();
    let general = verified.credential().to_json(JsonForm::General).to_string();
    assert_eq!(
        parse(&flattened).as_ref().map(Verified::credential),
        Ok(verified.credential())
    );
    assert_eq!(
        parse(&general).as_ref().map(Verified::credential),
        Ok(verified.credential())
    );
    let mutate = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        parse(&text.replacen(from, to, 1)).err()
    };
    let form = |expected| Some(SdJwtError::JsonForm(expected));
    assert_eq!(
        mutate(&flattened, "\"kb_jwt\"", "\"kb\""),
        Some(SdJwtError::KeyBindingMissing)
    );
    assert_eq!(
        mutate(&flattened, "\"disclosures\"", "\"x\""),
        Some(SdJwtError::KeyBindingSdHash)
    );
    assert_eq!(
        mutate(&flattened, "{\"payload\"", "{\"signatures\":[],\"payload\""),
        form("either `signature` or `signatures`")
    );
    assert_eq!(
        mutate(&flattened, "\"signature\"", "\"sig\""),
        form("either `signature` or `signatures`")
    );
    assert_eq!(
        mutate(&flattened, "\"disclosures\":[\"", "\"disclosures\":[\"x~"),
        form("strings in `disclosures`")
    );
    assert_eq!(
        mutate(&flattened, "\"kb_jwt\":\"", "\"kb_jwt\":\"x~"),
        form("a string `kb_jwt`")
    );
    assert_eq!(
        mutate(&flattened, "\"header\":{", "\"header\":{\"crit\":[\"x\"],"),
        Some(JwsError::CriticalHeader.into())
    );
    assert_eq!(
        mutate(&flattened, "\"header\":{", "\"header\":{\"alg\":\"ES256\","),
        form("headers without a common name")
    );
    assert_eq!(
        mutate(&general, "}]}", "},{\"header\":{\"disclosures\":[]}}]}"),
        form("disclosures in the first signature only")
    );
    let payload = flattened.replacen("\"payload\":\"", "\"payload\":\"x~", 1);
    assert_eq!(
        parse(&payload).err(),
        form("base64url in `protected`, `payload`, `signature`")
    );
}

#[test]
fn depth_and_size_are_bounded() {
    // Each disclosure is flat; together they would nest a thousand levels.
    let mut inner = disclosure(r#"["salt","x",1]"#);
    let mut forge = Forge::valid().only(&[]);
    for _ in 0..1000 {
        let outer = disclosure(&format!(r#"["salt","x",{{"_sd":["{}"]}}]"#, digest(&inner)));
        forge.disclosures.push(std::mem::replace(&mut inner, outer));
    }
    let entry = format!(r#""_sd":["{}","#, digest(&inner));
    forge.disclosures.push(inner);
    let deep = forge.payload(r#""_sd":["#, &entry).build();
    assert_eq!(refused(&deep), SdJwtError::TooDeep { depth: 65, limit: 64 });
    let valid = Forge::valid().build();
    let parse = |bytes, depth, values| {
        let parsed = Unverified::<SdJwt>::parse(&valid, &mut Budget::new(bytes, depth, values));
        parsed.err().map(|error| error.code())
    };
    assert_eq!(parse(10_000, 64, 1000), None);
    assert_eq!(parse(500, 64, 1000), Some("json.budget"));
    assert_eq!(parse(10_000, 2, 1000), Some("json.budget"));
    assert_eq!(parse(10_000, 64, 20), Some("json.budget"));
}
