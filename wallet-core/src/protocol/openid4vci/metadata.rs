//! Credential issuer metadata (OpenID4VCI 1.0 §12.2).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::codec::{Budget, Json, JsonError, Object, json};
use crate::credential::ClaimPath;
use crate::http::{HttpsUrl, LinkPolicy, UrlError};

/// The name of the metadata below `/.well-known/`.
pub const WELL_KNOWN: &str = "openid-credential-issuer";

/// `typ` of signed metadata (§12.2.3).
pub const SIGNED_METADATA_TYPE: &str = "openidvci-issuer-metadata+jwt";

/// What a credential issuer says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IssuerMetadata {
    /// `credential_issuer`.
    pub issuer: HttpsUrl,
    /// `authorization_servers`; empty means the issuer itself.
    pub authorization_servers: Vec<HttpsUrl>,
    /// `credential_endpoint`.
    pub credential_endpoint: HttpsUrl,
    /// `nonce_endpoint`.
    pub nonce_endpoint: Option<HttpsUrl>,
    /// `deferred_credential_endpoint`.
    pub deferred_endpoint: Option<HttpsUrl>,
    /// `notification_endpoint`.
    pub notification_endpoint: Option<HttpsUrl>,
    /// `batch_credential_issuance.batch_size`.
    pub batch_size: Option<usize>,
    /// `credential_request_encryption` and `credential_response_encryption`.
    pub encryption: Encryption,
    /// `display`.
    pub display: Vec<Display>,
    /// `credential_configurations_supported`.
    pub configurations: BTreeMap<String, CredentialConfiguration>,
}

/// How requests and responses are encrypted (§10).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Encryption {
    /// Whether requests must be encrypted.
    pub request_required: bool,
    /// The issuer's keys, as a JWK set.
    pub request_keys: Option<Json>,
    /// `enc_values_supported` of requests.
    pub request_ciphers: Vec<String>,
    /// Whether responses must be encrypted.
    pub response_required: bool,
    /// `alg_values_supported` of responses.
    pub response_algorithms: Vec<String>,
    /// `enc_values_supported` of responses.
    pub response_ciphers: Vec<String>,
}

/// One credential that the issuer offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CredentialConfiguration {
    /// `format`.
    pub format: String,
    /// `scope`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// `vct` of an SD-JWT VC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vct: Option<String>,
    /// `doctype` of an mdoc.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doctype: Option<String>,
    /// `cryptographic_binding_methods_supported`; absent means that the credential is bound to no key.
    #[serde(
        rename = "cryptographic_binding_methods_supported",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub binding_methods: Option<Vec<String>>,
    /// `credential_signing_alg_values_supported`: names, or COSE numbers.
    #[serde(
        rename = "credential_signing_alg_values_supported",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub signing_algorithms: Vec<Json>,
    /// `proof_types_supported`.
    #[serde(rename = "proof_types_supported", default, skip_serializing_if = "Option::is_none")]
    pub proof_types: Option<BTreeMap<String, ProofType>>,
    /// `credential_metadata`.
    #[serde(rename = "credential_metadata", default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<CredentialMetadata>,
}

impl CredentialConfiguration {
    /// An SD-JWT VC of type `vct`, bound to a key by a `jwt` proof with one of `algorithms`.
    pub fn sd_jwt_vc(vct: impl Into<String>, scope: impl Into<String>, algorithms: &[&str]) -> Self {
        let names: Vec<String> = algorithms.iter().map(|name| (*name).to_owned()).collect();
        let proof = ProofType {
            algorithms: names.clone(),
            key_attestations_required: None,
        };
        Self {
            format: "dc+sd-jwt".to_owned(),
            scope: Some(scope.into()),
            vct: Some(vct.into()),
            doctype: None,
            binding_methods: Some(vec!["jwk".to_owned()]),
            signing_algorithms: names.into_iter().map(Json::from).collect(),
            proof_types: Some(BTreeMap::from([("jwt".to_owned(), proof)])),
            metadata: None,
        }
    }

    /// An mdoc of type `doctype`, bound to a key by a `jwt` proof with one of `algorithms` (Appendix A.2). What it is
    /// signed with is told as COSE numbers.
    pub fn mso_mdoc(doctype: impl Into<String>, scope: impl Into<String>, algorithms: &[&str]) -> Self {
        let mut configuration = Self::sd_jwt_vc("", scope, algorithms);
        configuration.format = "mso_mdoc".to_owned();
        configuration.vct = None;
        configuration.doctype = Some(doctype.into());
        configuration.binding_methods = Some(vec!["cose_key".to_owned()]);
        configuration.signing_algorithms = Vec::new();
        configuration
    }

    /// Whether the credential is bound to a key of the holder.
    pub fn is_bound(&self) -> bool {
        self.proof_types.as_ref().is_some_and(|types| !types.is_empty())
    }
}

/// How possession of a key is proven.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProofType {
    /// `proof_signing_alg_values_supported`: names. COSE numbers, which some issuers write for an mdoc here too, are
    /// read as the names that they stand for.
    #[serde(rename = "proof_signing_alg_values_supported", deserialize_with = "algorithm_names")]
    pub algorithms: Vec<String>,
    /// `key_attestations_required`: present, even if empty, it asks for an attested key store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_attestations_required: Option<Json>,
}

fn algorithm_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let name = |value: Json| match (value.as_i64(), value) {
        (_, Json::String(name)) => Ok(name),
        (Some(-7 | -9), _) => Ok("ES256".to_owned()),
        (Some(-35 | -51), _) => Ok("ES384".to_owned()),
        (Some(-36 | -52), _) => Ok("ES512".to_owned()),
        (Some(-8 | -19), _) => Ok("EdDSA".to_owned()),
        // A number of something else is for somebody else.
        (Some(other), _) => Ok(other.to_string()),
        _ => Err(D::Error::custom("an algorithm is neither a name nor a number")),
    };
    Vec::<Json>::deserialize(deserializer)?.into_iter().map(name).collect()
}

/// What to show, where type metadata does not say it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CredentialMetadata {
    /// `display`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub display: Vec<Display>,
    /// `claims`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimDescription>,
    /// `credential_reuse_policy`, as received; read by [`ReusePolicy::parse`].
    #[serde(rename = "credential_reuse_policy", default, skip_serializing_if = "Option::is_none")]
    pub reuse_policy: Option<Json>,
}

impl CredentialMetadata {
    /// Names of the credential and of its claims.
    pub fn new(display: Vec<Display>, claims: Vec<ClaimDescription>) -> Self {
        Self {
            display,
            claims,
            reuse_policy: None,
        }
    }
}

/// One claim that a credential may hold (Appendix B.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClaimDescription {
    /// `path`.
    pub path: ClaimPath,
    /// `mandatory`.
    #[serde(default)]
    pub mandatory: bool,
    /// `display`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub display: Vec<Display>,
}

impl ClaimDescription {
    /// A claim with its labels.
    pub fn new(path: ClaimPath, display: Vec<Display>) -> Self {
        Self {
            path,
            mandatory: false,
            display,
        }
    }
}

/// A name in one language. It is the issuer's own word about itself: never a proof of who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Display {
    /// `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `locale` (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// `description`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Display {
    /// A name.
    pub fn new(name: impl Into<String>, locale: Option<&str>) -> Self {
        Self {
            name: Some(name.into()),
            locale: locale.map(str::to_owned),
            description: None,
        }
    }
}

/// The name in the first language of `languages` that has one, else the first name there is.
pub fn best_display<'a>(display: &'a [Display], languages: &[String]) -> Option<&'a str> {
    let primary = |tag: &str| tag.split('-').next().unwrap_or(tag).to_ascii_lowercase();
    let in_language = |language: &String| {
        display
            .iter()
            .find(|entry| {
                entry.name.is_some()
                    && entry
                        .locale
                        .as_deref()
                        .is_some_and(|locale| primary(locale) == primary(language))
            })
            .and_then(|entry| entry.name.as_deref())
    };
    let best = languages.iter().find_map(in_language);
    best.or_else(|| display.iter().find_map(|entry| entry.name.as_deref()))
}

/// How copies of a credential are meant to be used (ARF 3.0 ISSU_37, ISSU_39a).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReusePolicy {
    /// The options, in the issuer's order of preference.
    pub options: Vec<ReuseOption>,
}

/// One way to use copies.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReuseOption {
    /// The methods.
    pub methods: Vec<ReuseMethod>,
    /// `batch_size`.
    pub batch_size: Option<usize>,
    /// `reissue_trigger_unused`: fetch more when so few are left.
    pub reissue_unused: Option<usize>,
    /// `reissue_trigger_lifetime_left`: fetch more when so many seconds are left.
    pub reissue_lifetime_left: Option<u64>,
}

/// A method of ISSU_37.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReuseMethod {
    /// A: each copy once.
    OnceOnly,
    /// B: one copy for a limited time.
    LimitedTime,
    /// C: copies in turn.
    RotatingBatch,
    /// D: one copy for each relying party.
    PerRelyingParty,
}

impl ReuseMethod {
    /// Underscores and hyphens vary between issuers.
    fn from_name(name: &str) -> Option<Self> {
        match name.replace('-', "_").as_str() {
            "once_only" => Some(Self::OnceOnly),
            "limited_time" => Some(Self::LimitedTime),
            "rotating_batch" => Some(Self::RotatingBatch),
            "per_relying_party" => Some(Self::PerRelyingParty),
            _ => None,
        }
    }
}

impl ReusePolicy {
    /// Reads a policy; one of an unknown kind gives `None`.
    pub fn parse(policy: &Json) -> Result<Option<Self>, MetadataError> {
        let bad = |reason| MetadataError::ReusePolicy(reason);
        match policy.get("id").and_then(Json::as_str) {
            Some("arf_annex_ii") => {}
            Some(_) => return Ok(None),
            None => return Err(bad("`id` is missing")),
        }
        let options = policy
            .get("options")
            .and_then(Json::as_array)
            .filter(|options| !options.is_empty())
            .ok_or(bad("`options` is missing"))?;
        let mut parsed: Vec<ReuseOption> = Vec::new();
        for option in options {
            let details = option
                .get("details")
                .and_then(Json::as_array)
                .filter(|details| !details.is_empty())
                .ok_or(bad("`details` is missing"))?;
            let mut methods = Vec::new();
            for detail in details {
                let method = detail.as_str().and_then(ReuseMethod::from_name);
                let method = method.ok_or(bad("a method is unknown"))?;
                if methods.contains(&method) {
                    return Err(bad("a method is named twice"));
                }
                methods.push(method);
            }
            if parsed.iter().any(|other| other.methods == methods) {
                return Err(bad("an option is given twice"));
            }
            let number = |name: &'static str| match option.get(name) {
                None => Ok(None),
                Some(value) => value.as_u64().map(Some).ok_or(bad("a number is malformed")),
            };
            let small = |value: Option<u64>| value.and_then(|value| usize::try_from(value).ok());
            parsed.push(ReuseOption {
                methods,
                batch_size: small(number("batch_size")?),
                reissue_unused: small(number("reissue_trigger_unused")?),
                reissue_lifetime_left: number("reissue_trigger_lifetime_left")?,
            });
        }
        let has = |method| parsed.iter().any(|option| option.methods.contains(&method));
        match (has(ReuseMethod::OnceOnly), has(ReuseMethod::LimitedTime)) {
            (true, true) => Err(bad("once-only and limited-time exclude each other")),
            (false, false) => Err(bad("neither once-only nor limited-time is there")),
            _ => Ok(Some(Self { options: parsed })),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct MetadataWire {
    credential_issuer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authorization_servers: Option<Vec<String>>,
    credential_endpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce_endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deferred_credential_endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notification_endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batch_credential_issuance: Option<BatchWire>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credential_request_encryption: Option<RequestEncryptionWire>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credential_response_encryption: Option<ResponseEncryptionWire>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preferred_client_status_period: Option<Json>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    display: Vec<Display>,
    credential_configurations_supported: BTreeMap<String, CredentialConfiguration>,
}

#[derive(Serialize, Deserialize)]
struct BatchWire {
    batch_size: usize,
}

#[derive(Serialize, Deserialize)]
struct RequestEncryptionWire {
    jwks: Json,
    enc_values_supported: Vec<String>,
    encryption_required: bool,
}

#[derive(Serialize, Deserialize)]
struct ResponseEncryptionWire {
    alg_values_supported: Vec<String>,
    enc_values_supported: Vec<String>,
    encryption_required: bool,
}

impl IssuerMetadata {
    /// Metadata with the members that are required.
    pub fn new(issuer: HttpsUrl, credential_endpoint: HttpsUrl) -> Self {
        Self {
            issuer,
            authorization_servers: Vec::new(),
            credential_endpoint,
            nonce_endpoint: None,
            deferred_endpoint: None,
            notification_endpoint: None,
            batch_size: None,
            encryption: Encryption::default(),
            display: Vec::new(),
            configurations: BTreeMap::new(),
        }
    }

    /// Reads the metadata; whose it is, is checked by [`IssuerMetadata::check_issuer`].
    pub fn parse(text: &[u8], policy: LinkPolicy, budget: &mut Budget) -> Result<Self, MetadataError> {
        let wire: MetadataWire = json::from_slice(text, budget)?;
        let link = |member: &'static str, text: &str| {
            HttpsUrl::parse(text, policy).map_err(|error| MetadataError::Link { member, error })
        };
        let optional = |member, text: &Option<String>| text.as_deref().map(|text| link(member, text)).transpose();
        let servers = wire.authorization_servers.unwrap_or_default();
        let batch_size = match wire.batch_credential_issuance {
            // §12.2.4: "MUST be 2 or greater".
            Some(BatchWire { batch_size }) if batch_size < 2 => {
                return Err(MetadataError::BatchSize { size: batch_size });
            }
            batch => batch.map(|batch| batch.batch_size),
        };
        let encryption = encryption(wire.credential_request_encryption, wire.credential_response_encryption)?;
        // TS3 v1.5: a period in seconds.
        if let Some(period) = wire.preferred_client_status_period
            && period.as_u64().is_none_or(|seconds| seconds == 0)
        {
            return Err(MetadataError::Period("preferred_client_status_period"));
        }
        for configuration in wire.credential_configurations_supported.values() {
            if let Some(policy) = configuration
                .metadata
                .as_ref()
                .and_then(|data| data.reuse_policy.as_ref())
            {
                ReusePolicy::parse(policy)?;
            }
        }
        Ok(Self {
            issuer: link("credential_issuer", &wire.credential_issuer)?,
            authorization_servers: servers
                .iter()
                .map(|server| link("authorization_servers", server))
                .collect::<Result<_, _>>()?,
            credential_endpoint: link("credential_endpoint", &wire.credential_endpoint)?,
            nonce_endpoint: optional("nonce_endpoint", &wire.nonce_endpoint)?,
            deferred_endpoint: optional("deferred_credential_endpoint", &wire.deferred_credential_endpoint)?,
            notification_endpoint: optional("notification_endpoint", &wire.notification_endpoint)?,
            batch_size,
            encryption,
            display: wire.display,
            configurations: wire.credential_configurations_supported,
        })
    }

    /// Checks that the metadata is that of the issuer that was asked: a plain comparison (§12.2.4).
    pub fn check_issuer(&self, expected: &HttpsUrl) -> Result<(), MetadataError> {
        if self.issuer.as_str() == expected.as_str() {
            Ok(())
        } else {
            Err(MetadataError::IssuerDiffers)
        }
    }

    /// Writes the metadata.
    pub fn encode(&self) -> String {
        let text = |url: &HttpsUrl| url.as_str().to_owned();
        let list = |items: &[HttpsUrl]| (!items.is_empty()).then(|| items.iter().map(text).collect());
        let encryption = &self.encryption;
        let wire = MetadataWire {
            credential_issuer: text(&self.issuer),
            authorization_servers: list(&self.authorization_servers),
            credential_endpoint: text(&self.credential_endpoint),
            nonce_endpoint: self.nonce_endpoint.as_ref().map(text),
            deferred_credential_endpoint: self.deferred_endpoint.as_ref().map(text),
            notification_endpoint: self.notification_endpoint.as_ref().map(text),
            batch_credential_issuance: self.batch_size.map(|batch_size| BatchWire { batch_size }),
            credential_request_encryption: encryption.request_keys.clone().map(|jwks| RequestEncryptionWire {
                jwks,
                enc_values_supported: encryption.request_ciphers.clone(),
                encryption_required: encryption.request_required,
            }),
            credential_response_encryption: (!encryption.response_algorithms.is_empty()).then(|| {
                ResponseEncryptionWire {
                    alg_values_supported: encryption.response_algorithms.clone(),
                    enc_values_supported: encryption.response_ciphers.clone(),
                    encryption_required: encryption.response_required,
                }
            }),
            preferred_client_status_period: None,
            display: self.display.clone(),
            credential_configurations_supported: self.configurations.clone(),
        };
        serde_json::to_string(&wire).expect("strings, numbers and lists are JSON")
    }

    /// The metadata as an object, for signed metadata.
    pub fn to_json(&self) -> Object {
        match Json::parse(self.encode(), &mut Budget::new(usize::MAX, 64, usize::MAX)) {
            Ok(Json::Object(object)) => object,
            _ => Object::new(),
        }
    }
}

fn encryption(
    request: Option<RequestEncryptionWire>,
    response: Option<ResponseEncryptionWire>,
) -> Result<Encryption, MetadataError> {
    let mut encryption = Encryption::default();
    if let Some(request) = request {
        encryption.request_required = request.encryption_required;
        encryption.request_keys = Some(request.jwks);
        encryption.request_ciphers = request.enc_values_supported;
    }
    if let Some(response) = response {
        // §12.2.4: key management by a public key; a password or a shared key is none.
        let symmetric = |name: &String| name.starts_with("PBES2") || name.starts_with('A') || name == "dir";
        if response.alg_values_supported.iter().all(symmetric) {
            return Err(MetadataError::EncryptionAlgorithms);
        }
        // §8.2: the request must be encrypted if it asks for an encrypted response.
        if response.encryption_required && encryption.request_keys.is_none() {
            return Err(MetadataError::EncryptionKeys);
        }
        encryption.response_required = response.encryption_required;
        encryption.response_algorithms = response.alg_values_supported;
        encryption.response_ciphers = response.enc_values_supported;
    }
    Ok(encryption)
}

/// Issuer metadata that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataError {
    /// A batch of less than two.
    BatchSize {
        /// The size announced.
        size: usize,
    },
    /// No public-key algorithm for encrypted responses.
    EncryptionAlgorithms,
    /// Encrypted responses are required, but there is no key to encrypt the request with.
    EncryptionKeys,
    /// The metadata is that of another issuer.
    IssuerDiffers,
    /// Not the JSON of issuer metadata.
    Json(JsonError),
    /// An endpoint that is not followed.
    Link {
        /// Which.
        member: &'static str,
        /// Why.
        error: UrlError,
    },
    /// A period that is not a positive number of seconds.
    Period(&'static str),
    /// A reuse policy that contradicts itself.
    ReusePolicy(&'static str),
}

impl MetadataError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BatchSize { .. } => "issuer_metadata.batch_size",
            Self::EncryptionAlgorithms => "issuer_metadata.encryption_algorithms",
            Self::EncryptionKeys => "issuer_metadata.encryption_keys",
            Self::IssuerDiffers => "issuer_metadata.issuer_differs",
            Self::Json(error) => error.code(),
            Self::Link { error, .. } => error.code(),
            Self::Period(_) => "issuer_metadata.period",
            Self::ReusePolicy(_) => "issuer_metadata.reuse_policy",
        }
    }
}

impl From<JsonError> for MetadataError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BatchSize { size } => write!(f, "batch size is {size}, at least 2 is allowed"),
            Self::EncryptionAlgorithms => f.write_str("no public-key algorithm for encrypted responses"),
            Self::EncryptionKeys => f.write_str("encrypted responses are required, but no key encrypts the request"),
            Self::IssuerDiffers => f.write_str("metadata belongs to another issuer"),
            Self::Json(error) => error.fmt(f),
            Self::Link { member, error } => write!(f, "`{member}`: {error}"),
            Self::Period(member) => write!(f, "`{member}` is not a positive number of seconds"),
            Self::ReusePolicy(reason) => write!(f, "reuse policy: {reason}"),
        }
    }
}

impl std::error::Error for MetadataError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(text: &str) -> HttpsUrl {
        HttpsUrl::parse(text, LinkPolicy::HttpsOnly).expect("valid")
    }

    fn sample() -> IssuerMetadata {
        let mut metadata = IssuerMetadata::new(link("https://school.example/vci"), link("https://school.example/c"));
        metadata.batch_size = Some(4);
        metadata.display = vec![
            Display::new("School", Some("en")),
            Display::new("Schule", Some("de-DE")),
        ];
        let mut report = CredentialConfiguration::sd_jwt_vc("urn:report", "report", &["ES256"]);
        report.metadata = Some(CredentialMetadata {
            display: vec![Display::new("Zeugnis", Some("de"))],
            claims: vec![ClaimDescription::new(ClaimPath::of_keys("grade", &[]), Vec::new())],
            reuse_policy: None,
        });
        metadata.configurations.insert("report".into(), report);
        metadata
    }

    fn parse(text: &str) -> Result<IssuerMetadata, MetadataError> {
        IssuerMetadata::parse(text.as_bytes(), LinkPolicy::HttpsOnly, &mut Budget::default())
    }

    #[test]
    fn metadata_survives_the_round() {
        let metadata = sample();
        assert_eq!(parse(&metadata.encode()), Ok(metadata.clone()));
        assert_eq!(metadata.check_issuer(&link("https://school.example/vci")), Ok(()));
        assert_eq!(
            metadata.check_issuer(&link("https://school.example/vci/")),
            Err(MetadataError::IssuerDiffers)
        );
        let languages = ["de".to_owned()];
        assert_eq!(best_display(&metadata.display, &languages), Some("Schule"));
        assert_eq!(best_display(&metadata.display, &["fr".to_owned()]), Some("School"));
    }

    #[test]
    fn refuses_one_change_to_valid_metadata() {
        let text = sample().encode();
        let change = |from: &str, to: &str| {
            assert!(text.contains(from), "{text}");
            parse(&text.replace(from, to)).map(|_| ())
        };
        assert_eq!(
            change("\"batch_size\":4", "\"batch_size\":1"),
            Err(MetadataError::BatchSize { size: 1 })
        );
        assert_eq!(
            change("https://school.example/c\"", "http://school.example/c\""),
            Err(MetadataError::Link {
                member: "credential_endpoint",
                error: UrlError::NotHttps
            })
        );
        assert!(matches!(
            change("\"credential_endpoint\"", "\"endpoint\""),
            Err(MetadataError::Json(JsonError::Shape(_)))
        ));
    }
}
