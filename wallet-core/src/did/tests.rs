use super::*;
use crate::codec::{Budget, Json, base64url};
use crate::http::{HttpResponse, LinkPolicy};
use crate::time::Timestamp;

const ED25519: &str = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";
const P256: &str = "zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP";
const OKP: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"NvUhsjZe7Mdv8Esoc60o3ma1U5j2tFUTDsOQd39xMnI"}"#;

fn now() -> Timestamp {
    Timestamp::parse("2026-07-05T12:00:00Z").unwrap()
}

fn json(text: &str) -> Json {
    Json::parse(text, &mut Budget::default()).unwrap()
}

fn resolve(text: &str) -> Result<DidDocument, DidError> {
    resolve_local(&Did::parse(text)?)
}

fn code<T: std::fmt::Debug>(result: Result<T, DidError>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn reads_identifiers_and_their_urls() {
    let did = Did::parse("did:web:schule.example%3A8443:a:b").unwrap();
    assert_eq!((did.method(), did.specific_id()), ("web", "schule.example%3A8443:a:b"));
    let url = DidUrl::parse("did:example:123/path?query#key-1").unwrap();
    assert_eq!((url.did().as_str(), url.fragment()), ("did:example:123", Some("key-1")));
}

#[test]
fn refuses_what_is_no_identifier() {
    for text in [
        "",
        "did",
        "did:",
        "did:web",
        "did:web:",
        "DID:web:a",
        "did:Web:a",
        "did::a",
        "did:web:a:",
        "did:web:a%3",
        "did:web:a%zz",
        "did:web:a b",
        "did:web:a/b",
        "did:web:a#b",
        "did:web:\u{e4}",
        "https://a.example",
    ] {
        assert_eq!(code(Did::parse(text)), "did.syntax", "{text}");
    }
    for text in ["#key-1", "did:web:a#b#c", "did:web:a/b c", "did:web:a?{"] {
        assert_eq!(code(DidUrl::parse(text)), "did.syntax", "{text}");
    }
    assert_eq!(
        code(Did::parse(&format!("did:key:{}", "z".repeat(5000)))),
        "did.too_long"
    );
}

#[test]
fn a_key_that_is_its_own_identifier_may_sign() {
    for key in [ED25519, P256] {
        let did = format!("did:key:{key}");
        let document = resolve(&did).unwrap();
        let url = format!("{did}#{key}");
        let method = document.method_for(&url, Relationship::AssertionMethod, now()).unwrap();
        let encoded = encode_key(&crate::keys::Multikey::Signature(
            method.signature_key().unwrap().clone(),
        ));
        assert_eq!(encoded.unwrap().as_str(), did);
        assert!(document.method_for(&url, Relationship::Authentication, now()).is_ok());
        assert_eq!(
            code(document.method_for(&url, Relationship::KeyAgreement, now())),
            "did.wrong_relationship"
        );
        assert_eq!(
            code(document.method_for(&format!("{did}#0"), Relationship::AssertionMethod, now())),
            "did.method_not_found"
        );
    }
}

#[test]
fn refuses_keys_that_are_unsupported_or_not_canonical() {
    for (text, expected) in [
        (
            "did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",
            "did.unsupported_key",
        ),
        (
            "did:key:zQ3shQHqLdkCacGpenXzbXZLqBbDeKfxgbxJgDSi1hoajzzg8",
            "did.unsupported_key",
        ),
        (
            "did:key:m6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
            "multibase.prefix",
        ),
        (
            "did:key:1.1:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
            "multibase.prefix",
        ),
        (
            "did:key:z16MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
            "did.unsupported_key",
        ),
        ("did:ion:EiAdjtCU7lOOND5xRgjpDiAB2DxAs9", "did.unsupported_method"),
        ("did:web:schule.example", "did.unsupported_method"),
    ] {
        assert_eq!(code(resolve(text)), expected, "{text}");
    }
}

fn did_jwk(jwk: &str) -> String {
    format!("did:jwk:{}", base64url::encode(jwk))
}

#[test]
fn a_jwk_that_is_its_own_identifier_has_the_one_key_0() {
    let did = did_jwk(OKP);
    let document = resolve(&did).unwrap();
    let url = format!("{did}#0");
    let method = document.method_for(&url, Relationship::AssertionMethod, now()).unwrap();
    assert_eq!(encode_jwk(method.signature_key().unwrap()).unwrap().as_str(), did);
    let named = did_jwk(&OKP.replace('}', r#","kid":"key-1","use":"sig"}"#));
    let document = resolve(&named).unwrap();
    assert!(
        document
            .method_for(&format!("{named}#0"), Relationship::AssertionMethod, now())
            .is_ok()
    );
    assert_eq!(
        code(document.method_for(&format!("{named}#key-1"), Relationship::AssertionMethod, now())),
        "did.method_not_found"
    );
    let encrypting = did_jwk(&OKP.replace('}', r#","use":"enc"}"#));
    let document = resolve(&encrypting).unwrap();
    assert_eq!(
        code(document.method_for(&format!("{encrypting}#0"), Relationship::AssertionMethod, now())),
        "did.wrong_relationship"
    );
}

#[test]
fn refuses_jwks_that_are_not_public_keys() {
    for (jwk, expected) in [
        (OKP.replace('}', r#","d":"AAAA"}"#), "did.private_key"),
        (OKP.replace('}', r#","use":"foo"}"#), "did.jwk_use"),
        (OKP.replace("Ed25519", "X25519"), "did.unsupported_key"),
        (OKP.replace("NvUh", "Nv"), "did.jwk"),
        (OKP.replace('}', ""), "did.jwk_encoding"),
        (OKP.replace('}', r#","kty":"OKP"}"#), "did.jwk_encoding"),
    ] {
        assert_eq!(code(resolve(&did_jwk(&jwk))), expected, "{jwk}");
    }
    assert_eq!(code(resolve(&format!("{}%3D", did_jwk(OKP)))), "did.jwk_encoding");
}

#[test]
fn did_web_names_where_its_document_is() {
    for (did, expected) in [
        ("did:web:schule.example", "https://schule.example/.well-known/did.json"),
        (
            "did:web:schule.example%3A8443",
            "https://schule.example:8443/.well-known/did.json",
        ),
        ("did:web:schule.example:a:b", "https://schule.example/a/b/did.json"),
        (
            "did:web:schule.example%3a8443:a",
            "https://schule.example:8443/a/did.json",
        ),
    ] {
        let request = web::request(&Did::parse(did).unwrap(), LinkPolicy::HttpsOnly).unwrap();
        assert_eq!(request.url().as_str(), expected);
    }
    let local = Did::parse("did:web:localhost%3A7001").unwrap();
    let url = web::url(&local, LinkPolicy::LoopbackHttp).unwrap();
    assert_eq!(url.as_str(), "http://localhost:7001/.well-known/did.json");
}

#[test]
fn did_web_leads_nowhere_else() {
    for (did, expected) in [
        ("did:web:127.0.0.1", "did.web_host"),
        ("did:web:2130706433", "did.web_host"),
        ("did:web:schule.0x7f", "did.web_host"),
        ("did:web:%5B%3A%3A1%5D", "did.web_port"),
        ("did:web:localhost", "did.web_host"),
        ("did:web:intranet", "did.web_host"),
        ("did:web:schule.example.", "did.web_host"),
        ("did:web:printer.local", "url.internal_host"),
        ("did:web:the_issuer.example", "url.host"),
        ("did:web:schule.example%3A", "did.web_port"),
        ("did:web:schule.example%3A99999", "url.host"),
        ("did:web:schule.example%40evil.example", "did.web_port"),
        ("did:web:schule.example%2Fa", "did.web_port"),
        ("did:web:schule.example::a", "did.web_path"),
        ("did:web:schule.example:..:a", "did.web_path"),
        ("did:web:schule.example:%2e%2E:a", "did.web_path"),
        ("did:web:schule.example:a%2Fb", "did.web_path"),
        ("did:key:schule.example", "did.unsupported_method"),
    ] {
        let did = Did::parse(did).unwrap();
        assert_eq!(code(web::request(&did, LinkPolicy::HttpsOnly)), expected, "{did}");
    }
    for address in ["did:web:127.0.0.1", "did:web:10.0.0.1"] {
        let did = Did::parse(address).unwrap();
        assert_eq!(code(web::request(&did, LinkPolicy::LoopbackHttp)), "did.web_host");
    }
}

const SCHOOL: &str = "did:web:schule.example";

fn document() -> String {
    format!(
        r##"{{"@context":["https://www.w3.org/ns/did/v1"],"id":"{SCHOOL}","alsoKnownAs":["https://schule.example"],
        "verificationMethod":[
          {{"id":"#multi","type":"Multikey","controller":"{SCHOOL}","publicKeyMultibase":"{P256}"}},
          {{"id":"{SCHOOL}#jwk","type":"JsonWebKey","controller":"{SCHOOL}","publicKeyJwk":{OKP}}},
          {{"id":"{SCHOOL}#old","type":"Ed25519VerificationKey2018","controller":"{SCHOOL}",
            "publicKeyBase58":"CrEjzKWCvT8wrrjCL3itq2C1zzHFR2w3RWPU3nuvgEce"}},
          {{"id":"{SCHOOL}#foreign","type":"Multikey","controller":"did:web:other.example","publicKeyMultibase":"{P256}"}},
          {{"id":"{SCHOOL}#coin","type":"EcdsaSecp256k1VerificationKey2019","controller":"{SCHOOL}","publicKeyHex":"02"}},
          {{"id":"{SCHOOL}#gone","type":"Multikey","controller":"{SCHOOL}","publicKeyMultibase":"{P256}","revoked":"2026-07-05T12:00:00Z"}},
          {{"id":"{SCHOOL}#past","type":"Multikey","controller":"{SCHOOL}","publicKeyMultibase":"{P256}","expires":"2026-07-05T11:59:59Z"}}],
        "assertionMethod":["#multi","{SCHOOL}#jwk","#old","#foreign","#coin","#gone","#past","did:web:other.example#key",
          {{"id":"#inside","type":"Ed25519VerificationKey2020","controller":"{SCHOOL}","publicKeyMultibase":"{ED25519}"}}],
        "authentication":["#multi"]}}"##
    )
}

fn answer(body: &str) -> Result<DidDocument, DidError> {
    let response = HttpResponse::of_type(200, "application/did+json", body);
    web::read(&Did::parse(SCHOOL).unwrap(), &response)
}

#[test]
fn a_document_says_which_key_may_do_what() {
    let document = answer(&document()).unwrap();
    for name in ["multi", "jwk", "old", "inside"] {
        let url = format!("{SCHOOL}#{name}");
        let method = document.method_for(&url, Relationship::AssertionMethod, now()).unwrap();
        assert!(method.signature_key().is_ok(), "{name}");
    }
    let url = format!("{SCHOOL}#coin");
    let method = document.method_for(&url, Relationship::AssertionMethod, now()).unwrap();
    assert_eq!(code(method.signature_key()), "did.unsupported_key");
    assert_eq!(document.methods_under(Relationship::Authentication, now()).count(), 1);
    assert_eq!(document.methods_under(Relationship::AssertionMethod, now()).count(), 5);
    assert_eq!(document.also_known_as(), ["https://schule.example"]);

    for (url, expected) in [
        ("did:web:schule.example#jwk", "did.wrong_relationship"),
        ("did:web:schule.example#inside", "did.wrong_relationship"),
        ("did:web:schule.example#none", "did.method_not_found"),
        ("did:web:schule.example?a=b#multi", "did.wrong_document"),
        ("#multi", "did.wrong_document"),
    ] {
        let found = document.method_for(url, Relationship::Authentication, now());
        assert_eq!(code(found), expected, "{url}");
    }
    for (name, expected) in [
        ("did:web:schule.example#foreign", "did.wrong_controller"),
        ("did:web:schule.example#gone", "did.key_revoked"),
        ("did:web:schule.example#past", "did.key_expired"),
        ("did:web:other.example#key", "did.wrong_document"),
    ] {
        let found = document.method_for(name, Relationship::AssertionMethod, now());
        assert_eq!(code(found), expected, "{name}");
    }
    let earlier = now().plus(-3600);
    for name in ["gone", "past"] {
        let url = format!("{SCHOOL}#{name}");
        assert!(
            document
                .method_for(&url, Relationship::AssertionMethod, earlier)
                .is_ok()
        );
    }
}

#[test]
fn refuses_documents_that_leave_something_open() {
    let with_key =
        |key: &str| format!(r##""type":"Multikey","controller":"{SCHOOL}",{key},"publicKeyMultibase":"{P256}""##);
    let plain = with_key("").replace(",,", ",");
    for (from, to, expected) in [
        (
            format!(r#""id":"{SCHOOL}","#),
            r#""id":"did:web:other.example","#.to_owned(),
            "did.wrong_document",
        ),
        (format!(r#""id":"{SCHOOL}","#), String::new(), "did.document_malformed"),
        (
            r##""authentication":["#multi"]"##.to_owned(),
            r#""authentication":"all""#.to_owned(),
            "did.document_malformed",
        ),
        (
            r##""authentication":["#multi"]"##.to_owned(),
            r#""authentication":[1]"#.to_owned(),
            "did.document_malformed",
        ),
        (
            r##""authentication":["#multi"]"##.to_owned(),
            r#""authentication":["multi"]"#.to_owned(),
            "did.document_malformed",
        ),
        (
            r##""id":"#multi""##.to_owned(),
            r##""id":"#gone""##.to_owned(),
            "did.method_twice",
        ),
        (
            r##""id":"#multi""##.to_owned(),
            r##""id":"#""##.to_owned(),
            "did.method_malformed",
        ),
        (
            r##""id":"#inside""##.to_owned(),
            r##""id":"#multi""##.to_owned(),
            "did.method_twice",
        ),
        (plain.clone(), plain.replacen(SCHOOL, "", 1), "did.method_malformed"),
        (
            plain.clone(),
            with_key(r#""secretKeyMultibase":"z42""#),
            "did.private_key",
        ),
        (plain.clone(), with_key(r#""privateKeyJwk":{}"#), "did.private_key"),
        (plain.clone(), with_key(r#""publicKeyBase58":"4Sj""#), "did.two_keys"),
        (
            plain.clone(),
            with_key(r#""expires":"2026-07-05""#),
            "did.method_malformed",
        ),
        (plain.clone(), with_key(r#""revoked":1"#), "did.method_malformed"),
        (P256.to_owned(), P256.replacen('z', "u", 1), "multibase.prefix"),
        (ED25519.to_owned(), P256.to_owned(), "did.key_of_other_type"),
        ("CrEjzKWC".to_owned(), "CrEjzK".to_owned(), "multikey.length"),
        (OKP.to_owned(), OKP.replace('}', r#","d":"AAAA"}"#), "did.private_key"),
        (OKP.to_owned(), OKP.replace("NvUh", "Nv"), "did.jwk"),
        (
            r#""publicKeyHex":"02""#.to_owned(),
            r#""publicKeyJwk":{"kty":"EC","d":"AAAA"}"#.to_owned(),
            "did.private_key",
        ),
    ] {
        let mutated = document().replacen(&from, &to, 1);
        assert_ne!(mutated, document(), "{from}");
        assert_eq!(code(answer(&mutated)), expected, "{to}");
    }
    let many = vec![r##""#multi""##; 101].join(",");
    let mutated = document().replace(
        r##""authentication":["#multi"]"##,
        &format!(r#""authentication":[{many}]"#),
    );
    assert_eq!(code(answer(&mutated)), "did.too_many_entries");
}

#[test]
fn refuses_answers_that_are_not_the_document() {
    let did = Did::parse(SCHOOL).unwrap();
    let read = |status, body: &str| web::read(&did, &HttpResponse::of_type(status, "application/json", body));
    assert!(read(200, &document()).is_ok());
    assert_eq!(code(read(302, &document())), "did.web_redirect");
    assert_eq!(code(read(404, &document())), "did.web_status");
    assert_eq!(code(read(200, "<html>")), "json.syntax");
    assert_eq!(code(read(200, &" ".repeat((256 << 10) + 1))), "did.web_too_large");
}

#[test]
fn an_encrypting_jwk_signs_nothing() {
    let jwk = OKP.replace('}', r#","use":"enc"}"#);
    let document = DidDocument::parse(&json(&document().replace(OKP, &jwk)), SCHOOL).unwrap();
    let url = format!("{SCHOOL}#jwk");
    let method = document.method_for(&url, Relationship::AssertionMethod, now()).unwrap();
    assert_eq!(code(method.signature_key()), "did.unsupported_key");
}
