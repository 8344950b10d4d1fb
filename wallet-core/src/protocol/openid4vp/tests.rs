use super::*;
use crate::codec::{Budget, Json, Object};
use crate::http::{LinkPolicy, UrlError};

fn json(text: &str) -> Json {
    Json::parse(text, &mut Budget::default()).expect("valid JSON")
}

const KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"WZtglRF8E9speSfrWcBHiNJxjBCpqwiIQIbYkyIaqJE","y":"QkIjW66OZnM0t6PsSy_iyoi424CJ0kw_SlWqj8EgLVc","alg":"ECDH-ES","kid":"1","use":"enc"}"#;

fn claims() -> Object {
    let metadata =
        format!(r#"{{"jwks":{{"keys":[{KEY}]}},"encrypted_response_enc_values_supported":["A128GCM","A256GCM"]}}"#);
    Object::new()
        .with("client_id", Json::from("x509_san_dns:uni.example"))
        .with("response_type", Json::from("vp_token"))
        .with("response_mode", Json::from("direct_post.jwt"))
        .with("response_uri", Json::from("https://uni.example/response"))
        .with("nonce", Json::from("n-0S6_WzA2Mj"))
        .with("state", Json::from("s"))
        .with("aud", Json::from(STATIC_AUDIENCE))
        .with("dcql_query", json(r#"{"credentials":[]}"#))
        .with("client_metadata", json(&metadata))
}

#[test]
fn links_of_every_scheme_parse() {
    for scheme in LINK_SCHEMES {
        let id = ClientId::new("x509_hash:abc");
        let link = RequestLink::by_reference(id, "https://uni.example/r?a=b&c", RequestMethod::Post);
        assert_eq!(RequestLink::parse(&link.encode(scheme)), Ok(link));
    }
    let https = "https://wallet.example/authorize?client_id=x509_hash%3Aabc&request=a.b.c";
    let link = RequestLink::parse(https).expect("valid");
    assert_eq!(link.source, RequestSource::Value("a.b.c".into()));
    assert_eq!(
        (link.client_id.prefix(), link.client_id.identifier()),
        (ClientIdPrefix::X509Hash, "abc")
    );
}

#[test]
fn links_that_are_no_signed_request_are_refused() {
    for (text, error) in [
        ("hello", RequestError::NotALink),
        ("openid4vp://", RequestError::NotALink),
        ("ftp://x?client_id=a&request=b", RequestError::Scheme),
        (
            "openid4vp://?client_id=a&request=b&request_uri=c",
            RequestError::RequestAndRequestUri,
        ),
        (
            "openid4vp://?request_uri=https%3A%2F%2Fa",
            RequestError::Missing("client_id"),
        ),
        ("openid4vp://?client_id=a", RequestError::Missing("request_uri")),
        (
            "openid4vp://?client_id=a&response_type=vp_token&nonce=n",
            RequestError::Unsigned,
        ),
        (
            "openid4vp://?client_id=a&request_uri=b&request_uri_method=PUT",
            RequestError::RequestUriMethod,
        ),
    ] {
        assert_eq!(RequestLink::parse(text), Err(error), "{text}");
    }
    assert!(matches!(
        RequestLink::parse("openid4vp://?client_id=a&client_id=b&request=c"),
        Err(RequestError::Form(_))
    ));
}

#[test]
fn a_request_object_parses_and_prefers_the_stronger_cipher() {
    let request = RequestObject::parse(&claims()).expect("valid");
    let (key, cipher) = request.metadata.encryption().expect("a key");
    assert_eq!((key.kid.as_str(), cipher), ("1", "A256GCM"));
    assert_eq!(request.audience, Some(vec![STATIC_AUDIENCE.to_owned()]));
}

#[test]
fn each_fault_of_a_request_object_has_its_error() {
    let with = |name: &str, value: Json| RequestObject::parse(&claims().with(name, value)).map(|_| ());
    let without = |name: &str| {
        let mut claims = claims();
        claims.remove(name);
        RequestObject::parse(&claims).map(|_| ())
    };
    assert_eq!(
        with("transaction_data", Json::Array(vec![])),
        Err(RequestError::TransactionData)
    );
    assert_eq!(
        with("response_type", Json::from("code")),
        Err(RequestError::ResponseType)
    );
    assert_eq!(
        with("response_mode", Json::from("fragment")),
        Err(RequestError::ResponseMode)
    );
    assert_eq!(without("response_mode"), Err(RequestError::ResponseMode));
    assert_eq!(without("response_uri"), Err(RequestError::Missing("response_uri")));
    assert_eq!(
        with("redirect_uri", Json::from("https://uni.example/cb")),
        Err(RequestError::RedirectUriWithDirectPost)
    );
    assert_eq!(without("nonce"), Err(RequestError::Missing("nonce")));
    assert_eq!(with("nonce", Json::from("")), Err(RequestError::Malformed("nonce")));
    assert_eq!(with("nonce", Json::from("a b")), Err(RequestError::Malformed("nonce")));
    assert_eq!(with("nonce", Json::from(7_i64)), Err(RequestError::Malformed("nonce")));
    assert_eq!(with("scope", Json::from("x")), Err(RequestError::QueryAndScope));
    assert_eq!(without("dcql_query"), Err(RequestError::Missing("dcql_query")));
    let mut old = claims();
    old.remove("dcql_query");
    old.insert("presentation_definition", Object::new());
    assert_eq!(RequestObject::parse(&old), Err(RequestError::PresentationDefinition));
}

#[test]
fn keys_of_a_request_need_alg_and_their_own_kid() {
    let metadata = |keys: &str| ClientMetadata::parse(&json(&format!(r#"{{"jwks":{{"keys":[{keys}]}}}}"#)));
    let choose = |keys: &str| metadata(keys).and_then(|metadata| metadata.encryption().map(|(_, cipher)| cipher));
    assert_eq!(choose(KEY), Ok("A128GCM"));
    assert_eq!(
        choose(&KEY.replace(r#""alg":"ECDH-ES","#, "")),
        Err(RequestError::KeyWithoutAlg)
    );
    assert_eq!(
        choose(&KEY.replace("ECDH-ES", "RSA-OAEP")),
        Err(RequestError::UnsupportedEncryption)
    );
    assert_eq!(
        choose(&KEY.replace(r#""kid":"1","#, "")),
        Err(RequestError::KeyWithoutKid)
    );
    assert_eq!(choose(&format!("{KEY},{KEY}")), Err(RequestError::RepeatedKid));
    assert_eq!(
        choose(&KEY.replace(r#""enc""#, r#""sig""#)),
        Err(RequestError::NoEncryptionKey)
    );
}

#[test]
fn answers_parse_as_they_are_written() {
    let vp_token = VpToken::new(vec![("q".into(), vec![Json::from("a~b~")])]);
    let response = Response::Presented {
        vp_token,
        state: Some("s".into()),
    };
    let budget = &mut Budget::default();
    let fields = crate::http::decode_form(&response.to_form()).expect("a form");
    assert_eq!(Response::parse_form(&fields, budget), Ok(response.clone()));
    assert_eq!(
        Response::parse_payload(response.to_payload().as_bytes(), budget),
        Ok(response)
    );
    for (text, error) in [
        (r#"{"vp_token":"a~"}"#, ResponseError::VpToken),
        (r#"{"vp_token":{}}"#, ResponseError::VpToken),
        (r#"{"vp_token":{"q":"a~"}}"#, ResponseError::VpToken),
        (r#"{"vp_token":{"q":[]}}"#, ResponseError::VpToken),
        (r#"{"vp_token":{"q":[1]}}"#, ResponseError::VpToken),
        (r#"{"state":"s"}"#, ResponseError::Malformed("vp_token")),
        (
            r#"{"error":"access_denied","vp_token":{"q":["a"]}}"#,
            ResponseError::Malformed("error"),
        ),
        (r#"{"error":1}"#, ResponseError::Malformed("error")),
    ] {
        assert_eq!(Response::parse_payload(text.as_bytes(), budget), Err(error), "{text}");
    }
}

#[test]
fn a_return_link_is_https_and_may_have_a_fragment() {
    let parse = |text| ReturnLink::parse(text, LinkPolicy::HttpsOnly).map(|_| ());
    assert_eq!(parse("https://uni.example/cb#response_code=1"), Ok(()));
    assert_eq!(parse("javascript:alert(1)"), Err(UrlError::NotHttps));
    assert_eq!(parse("http://localhost/cb"), Err(UrlError::NotHttps));
    assert_eq!(parse("https://uni.example/#a#b"), Err(UrlError::Character));
}
