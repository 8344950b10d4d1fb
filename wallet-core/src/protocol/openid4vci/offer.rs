//! Credential offers (OpenID4VCI 1.0 §4.1): untrusted text from a QR code or a link.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::codec::{Budget, Json, JsonError, Object, json};
use crate::http::{FormError, HttpsUrl, LinkPolicy, UrlError, decode_form, percent_encode};
use crate::protocol::oauth::PRE_AUTHORIZED_CODE;

/// What a link or QR code holds: the offer itself, or where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "OpenID4VCI 1.0 §4.1 has exactly these two")]
pub enum OfferLink {
    /// `credential_offer`.
    ByValue(CredentialOffer),
    /// `credential_offer_uri`: to be fetched once the user agreed to contact the host.
    ByReference(HttpsUrl),
}

/// The schemes of wallets; anything else must be an `https` link that carries an offer (lessons S14).
const SCHEMES: [&str; 2] = ["openid-credential-offer:", "haip-vci:"];

/// More is no QR code and no link that a messenger passes on.
const LONGEST: usize = 64 << 10;

impl OfferLink {
    /// Reads the content of a QR code, a link, or a bare JSON offer.
    pub fn parse(text: &str, policy: LinkPolicy) -> Result<Self, OfferError> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(OfferError::TooLong {
                length: text.len(),
                limit: LONGEST,
            });
        }
        if text.starts_with('{') {
            return CredentialOffer::parse(text.as_bytes(), policy, &mut Budget::default()).map(Self::ByValue);
        }
        let lower = text
            .split(':')
            .next()
            .map(|scheme| scheme.to_ascii_lowercase() + ":")
            .unwrap_or_default();
        let known = SCHEMES.contains(&lower.as_str()) || matches!(lower.as_str(), "https:" | "http:");
        if !known {
            return Err(OfferError::Scheme);
        }
        let Some((place, query)) = text.split_once('?') else {
            return Err(OfferError::Empty);
        };
        if lower.starts_with("http") {
            // A claimed link of a wallet: nothing is fetched from it, but it must be an honest one.
            HttpsUrl::parse(place, policy).map_err(|error| OfferError::Link { member: "offer", error })?;
        }
        let query = query.split('#').next().unwrap_or(query);
        let (mut by_value, mut by_reference) = (None, None);
        for (name, value) in decode_form(query)? {
            match name.as_str() {
                "credential_offer" => by_value = Some(value),
                "credential_offer_uri" => by_reference = Some(value),
                _ => {}
            }
        }
        match (by_value, by_reference) {
            (Some(_), Some(_)) => Err(OfferError::BothForms),
            (None, None) => Err(OfferError::Empty),
            (Some(offer), None) => {
                CredentialOffer::parse(offer.as_bytes(), policy, &mut Budget::default()).map(Self::ByValue)
            }
            (None, Some(link)) => {
                HttpsUrl::parse(&link, policy)
                    .map(Self::ByReference)
                    .map_err(|error| OfferError::Link {
                        member: "credential_offer_uri",
                        error,
                    })
            }
        }
    }

    /// Writes the link that a QR code holds.
    pub fn encode(&self) -> String {
        match self {
            Self::ByValue(offer) => format!(
                "openid-credential-offer://?credential_offer={}",
                percent_encode(&offer.to_json().to_string())
            ),
            Self::ByReference(link) => format!(
                "openid-credential-offer://?credential_offer_uri={}",
                percent_encode(link.as_str())
            ),
        }
    }
}

/// An offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CredentialOffer {
    /// `credential_issuer`.
    pub issuer: HttpsUrl,
    /// `credential_configuration_ids`: at least one, each once.
    pub configurations: Vec<String>,
    /// The grant with a pre-authorized code.
    pub pre_authorized: Option<PreAuthorizedGrant>,
    /// Whether the grant `authorization_code` is offered.
    pub authorization_code: bool,
}

/// The grant `urn:ietf:params:oauth:grant-type:pre-authorized_code`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PreAuthorizedGrant {
    /// `pre-authorized_code`: whoever has it may collect, together with the transaction code.
    pub code: String,
    /// `tx_code`; present, even if empty, it means that a transaction code is needed.
    pub tx_code: Option<TxCode>,
    /// `authorization_server`.
    pub authorization_server: Option<String>,
}

impl fmt::Debug for PreAuthorizedGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreAuthorizedGrant")
            .field("tx_code", &self.tx_code)
            .field("authorization_server", &self.authorization_server)
            .finish_non_exhaustive()
    }
}

/// What a transaction code looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TxCode {
    /// `input_mode`.
    #[serde(default)]
    pub input_mode: InputMode,
    /// `length`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// `description`: text of the issuer, at most 300 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Which keyboard a transaction code needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum InputMode {
    /// Digits only; the default.
    #[default]
    Numeric,
    /// Any characters.
    Text,
}

impl TxCode {
    /// A code of digits.
    pub fn numeric(length: usize) -> Self {
        Self {
            input_mode: InputMode::Numeric,
            length: Some(length),
            description: None,
        }
    }

    /// Checks a code before it is sent, so that a slip of the finger costs no attempt.
    pub fn check(&self, code: &str) -> Result<(), TxCodeError> {
        if code.is_empty() {
            return Err(TxCodeError::Empty);
        }
        if self.input_mode == InputMode::Numeric && !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(TxCodeError::NotNumeric);
        }
        let entered = code.chars().count();
        match self.length {
            Some(expected) if expected != entered => Err(TxCodeError::Length { entered, expected }),
            _ => Ok(()),
        }
    }
}

/// OpenID4VCI 1.0 §4.1.1: "The length of the string MUST NOT exceed 300 characters."
const LONGEST_DESCRIPTION: usize = 300;

/// More configurations than any user would read.
const MOST_CONFIGURATIONS: usize = 32;

#[derive(Deserialize)]
struct OfferWire {
    credential_issuer: String,
    credential_configuration_ids: Vec<String>,
    #[serde(default)]
    grants: Option<GrantsWire>,
}

#[derive(Deserialize)]
struct GrantsWire {
    #[serde(default)]
    authorization_code: Option<CodeWire>,
    #[serde(rename = "urn:ietf:params:oauth:grant-type:pre-authorized_code", default)]
    pre_authorized: Option<PreAuthorizedWire>,
}

#[derive(Deserialize)]
struct CodeWire {
    #[serde(default)]
    issuer_state: Option<String>,
}

#[derive(Deserialize)]
struct PreAuthorizedWire {
    #[serde(rename = "pre-authorized_code")]
    code: String,
    #[serde(default)]
    tx_code: Option<TxCode>,
    #[serde(default)]
    authorization_server: Option<String>,
}

impl CredentialOffer {
    /// An offer with a pre-authorized code.
    pub fn new(issuer: HttpsUrl, configurations: Vec<String>, code: String, tx_code: Option<TxCode>) -> Self {
        Self {
            issuer,
            configurations,
            pre_authorized: Some(PreAuthorizedGrant {
                code,
                tx_code,
                authorization_server: None,
            }),
            authorization_code: false,
        }
    }

    /// Reads the JSON of an offer.
    pub fn parse(text: &[u8], policy: LinkPolicy, budget: &mut Budget) -> Result<Self, OfferError> {
        let wire: OfferWire = json::from_slice(text, budget)?;
        let link = |error| OfferError::Link {
            member: "credential_issuer",
            error,
        };
        let issuer = HttpsUrl::parse(&wire.credential_issuer, policy).map_err(link)?;
        // OpenID4VCI 1.0 §12.2.1: no query in an issuer identifier; fragments do not parse.
        if issuer.query().is_some() {
            return Err(OfferError::IssuerIdentifier);
        }
        let ids = wire.credential_configuration_ids;
        if ids.is_empty() || ids.iter().any(String::is_empty) {
            return Err(OfferError::NoConfiguration);
        }
        if ids.len() > MOST_CONFIGURATIONS {
            return Err(OfferError::TooManyConfigurations {
                count: ids.len(),
                limit: MOST_CONFIGURATIONS,
            });
        }
        if ids.iter().enumerate().any(|(index, id)| ids[..index].contains(id)) {
            return Err(OfferError::RepeatedConfiguration);
        }
        let grants = wire.grants.unwrap_or(GrantsWire {
            authorization_code: None,
            pre_authorized: None,
        });
        if let Some(code) = &grants.authorization_code
            && code.issuer_state.as_ref().is_some_and(|state| state.trim().is_empty())
        {
            return Err(OfferError::Blank("issuer_state"));
        }
        let pre_authorized = grants.pre_authorized.map(|grant| {
            if grant.code.trim().is_empty() {
                return Err(OfferError::Blank("pre-authorized_code"));
            }
            let description = grant.tx_code.as_ref().and_then(|code| code.description.as_ref());
            let length = description.map_or(0, |text| text.chars().count());
            if length > LONGEST_DESCRIPTION {
                return Err(OfferError::DescriptionTooLong {
                    length,
                    limit: LONGEST_DESCRIPTION,
                });
            }
            Ok(PreAuthorizedGrant {
                code: grant.code,
                tx_code: grant.tx_code,
                authorization_server: grant.authorization_server,
            })
        });
        Ok(Self {
            issuer,
            configurations: ids,
            pre_authorized: pre_authorized.transpose()?,
            authorization_code: grants.authorization_code.is_some(),
        })
    }

    /// The JSON of the offer.
    pub fn to_json(&self) -> Object {
        let strings = |items: &[String]| Json::Array(items.iter().map(|item| Json::from(item.as_str())).collect());
        let pre_authorized = self.pre_authorized.as_ref().map(|grant| {
            let tx_code = grant.tx_code.as_ref().map(|code| {
                Json::Object(
                    Object::new()
                        .with(
                            "input_mode",
                            Json::from(match code.input_mode {
                                InputMode::Numeric => "numeric",
                                InputMode::Text => "text",
                            }),
                        )
                        .with("length", code.length.map(Json::from))
                        .with("description", code.description.as_deref().map(Json::from)),
                )
            });
            Json::Object(
                Object::new()
                    .with("pre-authorized_code", Json::from(grant.code.as_str()))
                    .with("tx_code", tx_code)
                    .with(
                        "authorization_server",
                        grant.authorization_server.as_deref().map(Json::from),
                    ),
            )
        });
        let code = self.authorization_code.then(|| Json::Object(Object::new()));
        let grants = Object::new()
            .with("authorization_code", code)
            .with(PRE_AUTHORIZED_CODE, pre_authorized);
        Object::new()
            .with("credential_issuer", Json::from(self.issuer.as_str()))
            .with("credential_configuration_ids", strings(&self.configurations))
            .with("grants", (!grants.is_empty()).then_some(Json::Object(grants)))
    }
}

/// An offer that is not taken up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OfferError {
    /// A member that is there but blank.
    Blank(&'static str),
    /// Both by value and by reference.
    BothForms,
    /// A description of the transaction code that is longer than allowed.
    DescriptionTooLong {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// A link without an offer.
    Empty,
    /// The query of the link is no form.
    Form(FormError),
    /// An issuer identifier with a query.
    IssuerIdentifier,
    /// Not the JSON of an offer.
    Json(JsonError),
    /// A link that is not followed.
    Link {
        /// Which.
        member: &'static str,
        /// Why.
        error: UrlError,
    },
    /// No credential configuration, or one without a name.
    NoConfiguration,
    /// A configuration named twice.
    RepeatedConfiguration,
    /// A scheme that does not carry offers.
    Scheme,
    /// Longer than any honest link.
    TooLong {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// More configurations than allowed.
    TooManyConfigurations {
        /// How many there are.
        count: usize,
        /// The limit.
        limit: usize,
    },
}

impl OfferError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Blank(_) => "offer.blank",
            Self::BothForms => "offer.both_forms",
            Self::DescriptionTooLong { .. } => "offer.description_too_long",
            Self::Empty => "offer.empty",
            Self::Form(_) => "offer.form",
            Self::IssuerIdentifier => "offer.issuer_identifier",
            Self::Json(error) => error.code(),
            Self::Link { error, .. } => error.code(),
            Self::NoConfiguration => "offer.no_configuration",
            Self::RepeatedConfiguration => "offer.repeated_configuration",
            Self::Scheme => "offer.scheme",
            Self::TooLong { .. } => "offer.too_long",
            Self::TooManyConfigurations { .. } => "offer.too_many_configurations",
        }
    }
}

impl From<JsonError> for OfferError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl From<FormError> for OfferError {
    fn from(error: FormError) -> Self {
        Self::Form(error)
    }
}

impl fmt::Display for OfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank(name) => write!(f, "`{name}` is blank"),
            Self::BothForms => f.write_str("offer comes both by value and by reference"),
            Self::DescriptionTooLong { length, limit } => {
                write!(
                    f,
                    "description of the code has {length} characters, {limit} are allowed"
                )
            }
            Self::Empty => f.write_str("link carries no credential offer"),
            Self::Form(error) => error.fmt(f),
            Self::IssuerIdentifier => f.write_str("issuer identifier has a query"),
            Self::Json(error) => error.fmt(f),
            Self::Link { member, error } => write!(f, "`{member}`: {error}"),
            Self::NoConfiguration => f.write_str("offer names no credential"),
            Self::RepeatedConfiguration => f.write_str("offer names a credential twice"),
            Self::Scheme => f.write_str("not a link that carries credential offers"),
            Self::TooLong { length, limit } => write!(f, "offer has {length} bytes, {limit} are allowed"),
            Self::TooManyConfigurations { count, limit } => {
                write!(f, "offer names {count} credentials, {limit} are allowed")
            }
        }
    }
}

impl std::error::Error for OfferError {}

/// A transaction code that is not of the announced form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TxCodeError {
    /// Nothing was entered.
    Empty,
    /// Another number of characters.
    Length {
        /// How many were entered.
        entered: usize,
        /// How many there must be.
        expected: usize,
    },
    /// Something that is no digit.
    NotNumeric,
}

impl TxCodeError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "tx_code.empty",
            Self::Length { .. } => "tx_code.length",
            Self::NotNumeric => "tx_code.not_numeric",
        }
    }
}

impl fmt::Display for TxCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the transaction code is missing"),
            Self::Length { entered, expected } => {
                write!(
                    f,
                    "the transaction code has {entered} characters, {expected} are expected"
                )
            }
            Self::NotNumeric => f.write_str("the transaction code consists of digits only"),
        }
    }
}

impl std::error::Error for TxCodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = r#"{"credential_issuer":"https://school.example","credential_configuration_ids":["report"],"grants":{"urn:ietf:params:oauth:grant-type:pre-authorized_code":{"pre-authorized_code":"abc","tx_code":{"length":4}}}}"#;

    fn parse(text: &str) -> Result<OfferLink, OfferError> {
        OfferLink::parse(text, LinkPolicy::HttpsOnly)
    }

    fn by_value(scheme: &str, offer: &str) -> Result<OfferLink, OfferError> {
        parse(&format!("{scheme}?credential_offer={}", percent_encode(offer)))
    }

    #[test]
    fn every_form_gives_the_same_offer() {
        let bare = parse(OFFER).expect("valid");
        assert_eq!(by_value("openid-credential-offer://", OFFER), Ok(bare.clone()));
        assert_eq!(by_value("haip-vci://", OFFER), Ok(bare.clone()));
        assert_eq!(by_value("https://wallet.example/offer", OFFER), Ok(bare.clone()));
        assert_eq!(parse(&bare.encode()), Ok(bare));
        let link = HttpsUrl::parse("https://school.example/offer/1", LinkPolicy::HttpsOnly).expect("valid");
        let link = OfferLink::ByReference(link);
        assert_eq!(parse(&link.encode()), Ok(link));
    }

    #[test]
    fn refuses_links_that_lead_astray() {
        let both = format!(
            "openid-credential-offer://?credential_offer={}&credential_offer_uri=https%3A%2F%2Fa.example",
            percent_encode(OFFER)
        );
        let link = |member, error| Err(OfferError::Link { member, error });
        assert_eq!(parse(&both), Err(OfferError::BothForms));
        assert_eq!(parse("openid-credential-offer://"), Err(OfferError::Empty));
        assert_eq!(parse("openid-credential-offer://?x=1"), Err(OfferError::Empty));
        assert_eq!(by_value("javascript://", OFFER), Err(OfferError::Scheme));
        assert_eq!(by_value("openid4vp://", OFFER), Err(OfferError::Scheme));
        assert_eq!(
            by_value("http://wallet.example", OFFER),
            link("offer", UrlError::NotHttps)
        );
        assert_eq!(
            parse("openid-credential-offer://?credential_offer_uri=http%3A%2F%2Fa.example"),
            link("credential_offer_uri", UrlError::NotHttps)
        );
        assert_eq!(
            parse("openid-credential-offer://?credential_offer_uri=https%3A%2F%2F10.0.0.1%2F"),
            link("credential_offer_uri", UrlError::InternalHost)
        );
        assert!(matches!(parse(&" ".repeat(70_000)), Err(OfferError::Scheme)));
        assert!(matches!(parse(&"a".repeat(70_000)), Err(OfferError::TooLong { .. })));
    }

    #[test]
    fn refuses_one_change_to_a_valid_offer() {
        let change = |from: &str, to: &str| {
            assert!(OFFER.contains(from));
            parse(&OFFER.replace(from, to)).map(|_| ())
        };
        assert_eq!(
            change("https://school.example", "http://school.example"),
            Err(OfferError::Link {
                member: "credential_issuer",
                error: UrlError::NotHttps
            })
        );
        assert_eq!(
            change("school.example", "school.example?a=b"),
            Err(OfferError::IssuerIdentifier)
        );
        assert_eq!(change("[\"report\"]", "[]"), Err(OfferError::NoConfiguration));
        assert_eq!(
            change("[\"report\"]", "[\"report\",\"report\"]"),
            Err(OfferError::RepeatedConfiguration)
        );
        assert_eq!(
            change("\"abc\"", "\" \""),
            Err(OfferError::Blank("pre-authorized_code"))
        );
        assert!(matches!(
            change("\"length\":4", "\"length\":-4"),
            Err(OfferError::Json(JsonError::Shape(_)))
        ));
        let long = format!("\"description\":\"{}\"", "x".repeat(301));
        assert_eq!(
            change("\"length\":4", &long),
            Err(OfferError::DescriptionTooLong {
                length: 301,
                limit: 300
            })
        );
    }

    #[test]
    fn a_transaction_code_is_checked_before_it_is_sent() {
        let code = TxCode::numeric(4);
        assert_eq!(code.check("1234"), Ok(()));
        assert_eq!(code.check("12a4"), Err(TxCodeError::NotNumeric));
        assert_eq!(
            code.check("123"),
            Err(TxCodeError::Length {
                entered: 3,
                expected: 4
            })
        );
        assert_eq!(code.check(""), Err(TxCodeError::Empty));
        assert_eq!(TxCode::default().check("123456789"), Ok(()));
    }
}
