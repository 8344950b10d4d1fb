//! OpenID4VCI: the examples of the specification, the inputs of other implementations, and traffic of a foreign issuer.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fs;
use std::path::{Path, PathBuf};

use wallet_core::codec::{Budget, Json};
use wallet_core::crypto::{Curve, SigningKey};
use wallet_core::envelope::jws::UnverifiedJws;
use wallet_core::http::{Headers, HttpRequest, HttpResponse, LinkPolicy};
use wallet_core::issuance::{self, Answer, Config, Outcome, Step, Topic};
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::protocol::oauth::AuthorizationServerMetadata;
use wallet_core::protocol::openid4vci::{
    CredentialOffer, CredentialRequest, CredentialResponse, IssuerMetadata, SIGNED_METADATA_TYPE,
};
use wallet_core::time::Timestamp;
use wallet_core::trust::{Certificate, Environment, Role, TrustStore};
use wallet_tests::{TestRandom, vectors};

/// What a file is read as.
#[derive(Clone, Copy, Debug)]
enum As {
    /// An offer, or an HTTP answer with one.
    Offer,
    /// Issuer metadata.
    Metadata,
    /// The member `credential_configurations_supported` alone, put into metadata.
    Configurations,
    /// Signed issuer metadata: typ and payload.
    Signed,
    /// Authorization server metadata.
    Server,
    /// A credential request.
    Request,
    /// An HTTP answer with credentials.
    Response,
    /// Not a message of the issuer or the wallet that is read here; says why.
    Other(#[expect(dead_code, reason = "for the reader of the list")] &'static str),
}

/// Every file, how it is read, and the code of the error if its name or draft says that it must be refused.
const FILES: &[(&str, As, Option<&str>)] = {
    use As::{Configurations, Metadata, Offer, Other, Request, Response, Server, Signed};
    const AUTHORIZATION: As = Other("parameter of the authorization code flow, which is not supported");
    const KEYS: As = Other("a key set, read by the tests of keys");
    const TYPES: As = Other("type metadata, read by the tests of SD-JWT VC");
    const ATTESTATION: As = Other("an attestation of a certified wallet, which this one is not");
    &[
        ("spec-1.0/authorization_details.json", AUTHORIZATION, None),
        ("spec-1.0/authorization_details_jwt_vc_json.json", AUTHORIZATION, None),
        ("spec-1.0/authorization_details_ldp_vc.json", AUTHORIZATION, None),
        ("spec-1.0/authorization_details_mso_doc.json", AUTHORIZATION, None),
        (
            "spec-1.0/authorization_details_multiple_credentials.json",
            AUTHORIZATION,
            None,
        ),
        ("spec-1.0/authorization_details_sd_jwt_vc.json", AUTHORIZATION, None),
        ("spec-1.0/authorization_details_with_as.json", AUTHORIZATION, None),
        ("spec-1.0/credential_issuer_metadata_sd_jwt_jwt.txt", Signed, None),
        ("spec-1.0/credential_issuer_metadata_sd_jwt_long.json", Metadata, None),
        ("spec-1.0/credential_metadata_jwt_vc_json.json", Configurations, None),
        ("spec-1.0/credential_metadata_ldp_vc.json", Configurations, None),
        ("spec-1.0/credential_metadata_mso_mdoc.json", Configurations, None),
        ("spec-1.0/credential_metadata_sd_jwt_vc.json", Configurations, None),
        ("spec-1.0/credential_offer_authz_code.txt", Offer, None),
        ("spec-1.0/credential_offer_by_reference.json", Offer, None),
        ("spec-1.0/credential_offer_multiple_credentials.json", Offer, None),
        ("spec-1.0/credential_offer_pre-authz_code.json", Offer, None),
        // The example shows a request of an older draft: `format` and `doctype` are gone from 1.0 §8.2.
        (
            "spec-1.0/credential_request_iso_mdl.json",
            Request,
            Some("issuance_message.missing"),
        ),
        // The examples break long strings over lines for print, which JSON does not allow.
        ("spec-1.0/credential_response_jwt_vc_json.txt", Response, None),
        ("spec-1.0/credential_response_ldp_vc.txt", Response, None),
        ("spec-1.0/credential_response_mso_mdoc.txt", Response, None),
        ("spec-1.0/credential_response_sd_jwt_vc.txt", Response, None),
        ("spec-1.0/issuer_jwks.json", KEYS, None),
        ("spec-1.0/wallet_attestation.jwt.txt", ATTESTATION, None),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_negative_preferred_client_status_period.json",
            Metadata,
            Some("issuer_metadata.period"),
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_no_asymmetric_algs.json",
            Metadata,
            Some("issuer_metadata.encryption_algorithms"),
        ),
        // Encrypted answers are required, and there is no key for the request that must then be encrypted (§8.2).
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_no_request_encryption.json",
            Metadata,
            Some("issuer_metadata.encryption_keys"),
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_no_response_encryption.json",
            Metadata,
            None,
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_valid.json",
            Metadata,
            None,
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_with_reuse_policy_both_once_only_limited_time_compact.json",
            Metadata,
            Some("issuer_metadata.reuse_policy"),
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_with_reuse_policy_both_once_only_limited_time_expanded.json",
            Metadata,
            Some("issuer_metadata.reuse_policy"),
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_with_reuse_policy_compact.json",
            Metadata,
            None,
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_with_reuse_policy_duplicate_details_compact.json",
            Metadata,
            Some("issuer_metadata.reuse_policy"),
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_with_reuse_policy_duplicate_details_expanded.json",
            Metadata,
            Some("issuer_metadata.reuse_policy"),
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_with_reuse_policy_duplicates_compact.json",
            Metadata,
            Some("issuer_metadata.reuse_policy"),
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_with_reuse_policy_duplicates_expanded.json",
            Metadata,
            Some("issuer_metadata.reuse_policy"),
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_with_reuse_policy_expanded.json",
            Metadata,
            None,
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_with_reuse_policy_only_per_relying_party.json",
            Metadata,
            Some("issuer_metadata.reuse_policy"),
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_with_reuse_policy_only_rotating_batch.json",
            Metadata,
            Some("issuer_metadata.reuse_policy"),
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_with_signed_full.txt",
            Signed,
            None,
        ),
        // Signed with a bare key in the header, without `typ` and `iat`: no metadata of 1.0.
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_with_signed_invalid.txt",
            Signed,
            Some("jws.wrong_typ"),
        ),
        // Signed metadata must be complete (§12.2.3); older drafts allowed a part.
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_with_signed_partial.txt",
            Signed,
            Some("json.shape"),
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_with_unknown_reuse_policy.json",
            Metadata,
            None,
        ),
        (
            "eudi-vci-kt-internal/credential_issuer_metadata_zero_preferred_client_status_period.json",
            Metadata,
            Some("issuer_metadata.period"),
        ),
        (
            "eudi-vci-kt-internal/credential_offer_over_sized_tx_code_description.json",
            Offer,
            Some("offer.blank"),
        ),
        (
            "eudi-vci-kt-internal/credential_offer_with_blank_issuer_state.json",
            Offer,
            Some("offer.blank"),
        ),
        (
            "eudi-vci-kt-internal/credential_offer_with_blank_pre_authorized_code.json",
            Offer,
            Some("offer.blank"),
        ),
        // The configuration is unknown to the metadata, which the offer alone cannot tell.
        (
            "eudi-vci-kt-internal/credential_offer_with_unknown_format.json",
            Offer,
            None,
        ),
        (
            "eudi-vci-kt-internal/invalid_credential_issuer_metadata.json",
            Metadata,
            Some("json.shape"),
        ),
        ("eudi-vci-kt-internal/key_attestation_jwt.cert", ATTESTATION, None),
        (
            "eudi-vci-kt-internal/oauth_authorization_server_metadata.json",
            Server,
            None,
        ),
        (
            "eudi-vci-kt-internal/oauth_authorization_server_metadata_no_auth_endpoint.json",
            Server,
            None,
        ),
        (
            "eudi-vci-kt-internal/openid-credential-issuer-signed-metadata-x5c.jwt",
            Signed,
            None,
        ),
        ("eudi-vci-kt-internal/request_encryption_keyset.json", KEYS, None),
        ("eudi-vci-kt-internal/sample_credential_offer.json", Offer, None),
        (
            "eudi-vci-kt-internal/sample_credential_offer_auth_code.json",
            Offer,
            None,
        ),
        ("eudi-vci-kt-internal/signed_metadata_jwk.json", KEYS, None),
        (
            "eudi-vci-kt-internal/wrprc.txt",
            Other("a registration certificate, read by no module yet"),
            None,
        ),
        // dc4eu speaks draft 13 and earlier.
        (
            "dc4eu/batch_credential_response.golden",
            Response,
            Some("issuance_message.missing"),
        ),
        (
            "dc4eu/batch_credential_response_deferred.golden",
            Response,
            Some("issuance_message.missing"),
        ),
        // Plain HTTP to a host that is not this machine.
        ("dc4eu/issuer_metadata_json.golden", Metadata, Some("url.not_https")),
        (
            "dc4eu/metadata_issuing_ehic_json.golden",
            Metadata,
            Some("url.not_https"),
        ),
        (
            "dc4eu/metadata_issuing_ehic_yaml.golden",
            Other("YAML, which no issuer serves"),
            None,
        ),
        ("dc4eu/metadata_response.golden", Metadata, Some("url.not_https")),
        ("dc4eu/vctm_pid.json", TYPES, None),
    ]
};

#[test]
fn every_file_is_read_or_refused_as_it_should_be() {
    let Some(folder) = vectors("openid4vci") else { return };
    let mut wrong = Vec::new();
    for (name, read_as, expected) in FILES {
        let bytes = fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = read(*read_as, &bytes).err();
        if found.as_deref() != *expected {
            wrong.push(format!("{name}: expected {expected:?}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_forgotten() {
    let Some(folder) = vectors("openid4vci") else { return };
    for path in files(&folder) {
        let name = path.strip_prefix(&folder).unwrap().to_str().unwrap();
        let known = FILES.iter().any(|(known, ..)| *known == name);
        assert!(known || name == "SOURCE", "{name} is not in the list");
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Reads a file; the error is its code.
fn read(read_as: As, bytes: &[u8]) -> Result<(), String> {
    let budget = &mut Budget::default();
    let policy = LinkPolicy::HttpsOnly;
    let text = String::from_utf8_lossy(bytes);
    // HTTP answers: headers, an empty line, the body.
    let body = text
        .trim_start()
        .starts_with("HTTP/")
        .then(|| text.split_once("{").unwrap().1);
    let body = body.map_or_else(|| text.to_string(), |body| format!("{{{body}"));
    match read_as {
        As::Offer => CredentialOffer::parse(body.as_bytes(), policy, budget)
            .map(|_| ())
            .map_err(|error| error.code().to_owned()),
        As::Metadata => metadata(body.as_bytes()),
        As::Configurations => {
            let outer = r#""credential_issuer":"https://a.example","credential_endpoint":"https://a.example/c","#;
            metadata(body.replacen('{', &format!("{{{outer}"), 1).as_bytes())
        }
        As::Signed => {
            let jws: String = text.split_whitespace().collect();
            let jws = UnverifiedJws::parse(&jws, budget).map_err(|error| error.code().to_owned())?;
            let typ = jws.header().expect_typ(SIGNED_METADATA_TYPE);
            typ.map_err(|error| error.code().to_owned())?;
            metadata(jws.inspect())
        }
        As::Server => AuthorizationServerMetadata::parse(body.as_bytes(), policy, budget)
            .map(|_| ())
            .map_err(|error| error.code().to_owned()),
        As::Request => CredentialRequest::parse(body.as_bytes(), budget)
            .map(|_| ())
            .map_err(|error| error.code().to_owned()),
        As::Response => {
            let joined: String = body.lines().map(str::trim_start).collect();
            CredentialResponse::parse(joined.as_bytes(), budget)
                .map(|_| ())
                .map_err(|error| error.code().to_owned())
        }
        As::Other(_) => Ok(()),
    }
}

fn metadata(bytes: &[u8]) -> Result<(), String> {
    let metadata = IssuerMetadata::parse(bytes, LinkPolicy::HttpsOnly, &mut Budget::default());
    let metadata = metadata.map_err(|error| error.code().to_owned())?;
    // What is written reads as the same.
    let again = IssuerMetadata::parse(
        metadata.encode().as_bytes(),
        LinkPolicy::HttpsOnly,
        &mut Budget::default(),
    );
    assert_eq!(again, Ok(metadata));
    Ok(())
}

/// One exchange of the recorded traffic.
struct Recorded {
    method: String,
    url: String,
    status: u16,
    media_type: String,
    response: String,
}

fn capture() -> Option<Vec<Recorded>> {
    let folder = vectors("openid4vc-capture")?;
    let text = fs::read_to_string(folder.join("credo-0.6.3-dpop-batch.jsonl")).unwrap();
    let exchange = |line: &str| {
        let json = Json::parse(line, &mut Budget::default()).unwrap();
        let text = |name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let headers = json.get("response_headers").unwrap();
        Recorded {
            method: text("method"),
            url: text("url"),
            status: u16::try_from(json.get("status").and_then(Json::as_u64).unwrap()).unwrap(),
            media_type: headers
                .get("content-type")
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned(),
            response: text("response"),
        }
    };
    Some(text.lines().map(exchange).collect())
}

/// Credo's answers as it gave them; only the nonce endpoint, which its own wallet did not ask, is added.
struct Replay {
    exchanges: Vec<Recorded>,
    asked: Vec<String>,
}

impl Replay {
    fn answer(&mut self, request: &HttpRequest) -> HttpResponse {
        let path = request.url().path().to_owned();
        self.asked.push(path.clone());
        if path.ends_with("/nonce") {
            return HttpResponse::of_type(200, "application/json", r#"{"c_nonce":"n"}"#);
        }
        let method = request.method().to_string();
        let fits = |exchange: &&Recorded| exchange.method == method && exchange.url == path;
        let found = self
            .exchanges
            .iter()
            .find(fits)
            .unwrap_or_else(|| panic!("nothing recorded for {path}"));
        HttpResponse::new(found.status, Headers::new(), found.response.clone())
            .with_header("Content-Type", found.media_type.clone())
    }
}

/// Runs the flow against the recorded traffic, with the certificates in it as anchors.
fn replay(offer: &str, trust: &TrustStore) -> Option<(Result<Outcome, issuance::IssuanceError>, Vec<String>)> {
    let mut replay = Replay {
        exchanges: capture()?,
        asked: Vec::new(),
    };
    let now = Timestamp::from_unix(1_795_227_320);
    let mut config = Config::default();
    config.links = LinkPolicy::LoopbackHttp;
    let mut keys: Vec<SigningKey> = Vec::new();
    let mut step = issuance::begin(offer, &config, &mut TestRandom::new(1)).unwrap();
    loop {
        let next = match step {
            Step::Send(exchange) => {
                let response = replay.answer(exchange.request());
                exchange.answer(&response, trust, now)
            }
            Step::Keys(order) => {
                let mut made = Vec::new();
                for wanted in order.wanted() {
                    assert_eq!(wanted.curve, Curve::P256);
                    let key =
                        SigningKey::generate(wanted.curve, &mut TestRandom::new(u8::try_from(keys.len()).unwrap()));
                    made.push((KeyHandle::new(keys.len().to_string()), PublicKey::from(&key)));
                    keys.push(key);
                }
                order.answer(made, now)
            }
            Step::Sign(signing) => {
                let requests = signing.requests();
                let sign = |request: &wallet_core::keys::SigningRequest| {
                    keys[request.handle().as_str().parse::<usize>().unwrap()].sign(request.message())
                };
                let signatures: Vec<_> = requests.iter().map(sign).collect();
                signing.answer(&signatures)
            }
            Step::Ask(question) => {
                let answer = match question.topic() {
                    Topic::Offer(summary) => {
                        assert_eq!(summary.claimed_name.as_deref(), Some("Credo peer"));
                        assert_eq!(summary.credentials[0].type_name, "urn:example:degree:1");
                        assert_eq!(summary.credentials[0].copies, 3);
                        Answer::Code("2335".to_owned())
                    }
                    _ => Answer::Yes,
                };
                question.answer(answer, trust, now)
            }
            Step::Wait(_) => panic!("nothing is deferred"),
            Step::Done(outcome) => return Some((Ok(outcome), replay.asked)),
        };
        match next {
            Ok(next) => step = next,
            Err(error) => return Some((Err(error), replay.asked)),
        }
    }
}

const OFFER: &str = "openid-credential-offer://?credential_offer_uri=http%3A%2F%2Flocalhost%3A7001%2Foid4vci%2Fpeer%2Foffers%2F220cc989-3eb3-40fc-ab85-a3972b86ca79";

/// Trusts the key that signed the recorded credentials.
fn trust_the_recorded_issuer() -> Option<TrustStore> {
    let exchanges = capture()?;
    let credentials = exchanges
        .iter()
        .find(|exchange| exchange.url.ends_with("/credential"))
        .unwrap();
    let response = CredentialResponse::parse(credentials.response.as_bytes(), &mut Budget::default()).unwrap();
    let CredentialResponse::Issued { credentials, .. } = response else {
        panic!("issued")
    };
    assert_eq!(credentials.len(), 3);
    let jwt = credentials[0].as_str().unwrap().split('~').next().unwrap();
    let jws = UnverifiedJws::parse(jwt, &mut Budget::default()).unwrap();
    let leaf = jws.header().x5c().unwrap().unwrap().remove(0);
    let mut trust = TrustStore::new(Environment::Test);
    trust.add_anchor(Role::Issuers, Certificate::parse(&leaf).unwrap());
    Some(trust)
}

#[test]
fn the_traffic_of_a_foreign_issuer_is_understood() {
    let trust = TrustStore::new(Environment::Test);
    let Some((outcome, asked)) = replay(OFFER, &trust) else {
        return;
    };
    // The root is not in the recording, so nobody vouches for the issuer: everything before that was understood.
    let Ok(Outcome::Refused { error, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error.code(), "trust.untrusted_path");
    assert_eq!(
        asked,
        [
            "/oid4vci/peer/offers/220cc989-3eb3-40fc-ab85-a3972b86ca79",
            "/.well-known/openid-credential-issuer/oid4vci/peer",
            "/.well-known/oauth-authorization-server/oid4vci/peer",
            "/oid4vci/peer/token",
            "/oid4vci/peer/nonce",
            "/oid4vci/peer/credential",
        ]
    );
}

#[test]
fn credentials_recorded_for_another_wallet_are_refused() {
    let Some(trust) = trust_the_recorded_issuer() else {
        return;
    };
    let Some((outcome, _)) = replay(OFFER, &trust) else {
        return;
    };
    let Ok(Outcome::Refused { error, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    // Signature, chain, type and time are good; the keys are those of Credo's own wallet.
    assert_eq!(error.code(), "issuance.refused.key_not_ours");
}
