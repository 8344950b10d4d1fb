//! DCQL, the query language of OpenID4VP 1.0 §6: the wire grammar, strict, and a builder for those who ask.
//!
//! A [`Query`] is correct by construction: ids are unique and of the allowed form, every id that is referred to exists,
//! nothing that must not be empty is empty, and all of it lies within [`Limits`]. The builder ends in the same check as
//! the parser. Members that §6 does not name are ignored, as it asks; a member of the wrong type is refused, and the
//! error names the place in the JSON.
//!
//! Three forms from before 1.0 are read, because their meaning is not in doubt: a missing `meta` is an empty one, a
//! claim of an mdoc may say `namespace` and `claim_name` for `path`, and `vc+sd-jwt` is a format (of its own: it does
//! not match `dc+sd-jwt`). None of them is ever written.

mod error;
mod parse;
mod write;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::codec::Json;
use crate::credential::{ClaimPath, Format};

pub use error::{Limited, QueryError};
pub use parse::Limits;

/// A valid DCQL query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    credentials: Vec<CredentialQuery>,
    sets: Vec<CredentialSet>,
}

impl Query {
    /// Makes a query out of its parts; without `sets` every credential is required.
    pub fn new(credentials: Vec<CredentialQuery>, sets: Vec<CredentialSet>) -> Result<Self, QueryError> {
        let built = Self { credentials, sets };
        let parsed = Self::parse(&built.to_json())?;
        let mut pairs = parsed.credentials.iter().zip(&built.credentials);
        // Types of another format would be unknown members to the reader: a query wider than its maker meant.
        match pairs.position(|(parsed, built)| parsed.meta != built.meta) {
            Some(index) => Err(QueryError::WrongType {
                place: format!("credentials[{index}].meta"),
                expected: "that of the format",
            }),
            None => Ok(parsed),
        }
    }

    /// Parses the JSON form within the default [`Limits`].
    pub fn parse(value: &Json) -> Result<Self, QueryError> {
        Self::parse_within(value, &Limits::default())
    }

    /// Parses the JSON form within the given limits.
    pub fn parse_within(value: &Json, limits: &Limits) -> Result<Self, QueryError> {
        parse::query(value, limits)
    }

    /// The JSON form.
    pub fn to_json(&self) -> Json {
        write::query(self)
    }

    /// The credentials asked for.
    pub fn credentials(&self) -> &[CredentialQuery] {
        &self.credentials
    }

    /// The credential query of this id.
    pub fn credential(&self, id: &str) -> Option<&CredentialQuery> {
        self.credentials.iter().find(|credential| credential.id == id)
    }

    /// Which combinations will do; empty where every credential is required.
    pub fn sets(&self) -> &[CredentialSet] {
        &self.sets
    }

    /// Whether any claim is asked for by its value. Whether such a query can be answered says something about a
    /// person, so a wallet asks before it lets anyone know, the refusal included (OpenID4VP 1.0 §15.9).
    pub fn uses_values(&self) -> bool {
        let mut claims = self.credentials.iter().flat_map(|credential| &credential.claims);
        claims.any(|claim| !claim.values.is_empty())
    }

    /// Whether any credential is asked for by who stands above its issuer: for the wallet the same as asking by value.
    pub fn names_authorities(&self) -> bool {
        self.credentials
            .iter()
            .any(|credential| !credential.authorities.is_empty())
    }
}

impl Serialize for Query {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Query {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Json::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// What is asked of one credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialQuery {
    id: String,
    format: String,
    meta: Meta,
    multiple: bool,
    holder_binding: bool,
    authorities: Vec<TrustedAuthority>,
    claims: Vec<ClaimQuery>,
    /// Positions in `claims`.
    claim_sets: Vec<Vec<usize>>,
}

impl CredentialQuery {
    /// Asks for an SD-JWT VC of one of the types `vct_values`.
    pub fn sd_jwt_vc(id: &str, vct_values: &[&str]) -> Self {
        let vct_values = vct_values.iter().map(|&vct| vct.to_owned()).collect();
        Self::new(id, Format::DcSdJwt, Meta::Vct(vct_values))
    }

    /// Asks for an mdoc of a document type.
    pub fn mdoc(id: &str, doctype: &str) -> Self {
        Self::new(id, Format::MsoMdoc, Meta::Doctype(doctype.to_owned()))
    }

    /// Asks for a credential in any format, constrained by `meta`.
    pub fn new(id: &str, format: Format, meta: Meta) -> Self {
        Self {
            id: id.to_owned(),
            format: format.name().to_owned(),
            meta,
            multiple: false,
            holder_binding: true,
            authorities: Vec::new(),
            claims: Vec::new(),
            claim_sets: Vec::new(),
        }
    }

    /// Asks for a claim too. With [`CredentialQuery::with_claim_set`] every claim needs an id.
    #[must_use]
    pub fn with_claim(mut self, claim: impl Into<ClaimQuery>) -> Self {
        self.claims.push(claim.into());
        self
    }

    /// Says that these claims will do, by their ids; earlier sets are preferred. An id that no claim has makes
    /// [`Query::new`] refuse the whole.
    #[must_use]
    pub fn with_claim_set(mut self, ids: &[&str]) -> Self {
        let position = |id: &&str| self.claims.iter().position(|claim| claim.id.as_deref() == Some(id));
        let set = ids.iter().map(|id| position(id).unwrap_or(usize::MAX)).collect();
        self.claim_sets.push(set);
        self
    }

    /// Accepts several credentials instead of one.
    #[must_use]
    pub fn with_multiple(mut self) -> Self {
        self.multiple = true;
        self
    }

    /// Accepts a credential without proof that its holder presents it.
    #[must_use]
    pub fn without_holder_binding(mut self) -> Self {
        self.holder_binding = false;
        self
    }

    /// Narrows to issuers under an authority; several of them are alternatives.
    #[must_use]
    pub fn with_authority(mut self, authority: TrustedAuthority) -> Self {
        self.authorities.push(authority);
        self
    }

    /// The id, which the answer names.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The format's identifier; one that is not known here matches nothing.
    pub fn format(&self) -> &str {
        &self.format
    }

    /// The types asked for.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Whether several credentials may answer.
    pub fn multiple(&self) -> bool {
        self.multiple
    }

    /// Whether a proof of the holder is required.
    pub fn requires_holder_binding(&self) -> bool {
        self.holder_binding
    }

    /// The authorities of which one must stand above the issuer; empty where any will do.
    pub fn authorities(&self) -> &[TrustedAuthority] {
        &self.authorities
    }

    /// The claims asked for; without any, nothing that can be withheld is asked for.
    pub fn claims(&self) -> &[ClaimQuery] {
        &self.claims
    }

    /// Combinations of claims that will do, the preferred one first, as positions in [`CredentialQuery::claims`].
    /// Empty where all of them are asked for.
    pub fn claim_sets(&self) -> &[Vec<usize>] {
        &self.claim_sets
    }
}

/// Which types of credential are meant (OpenID4VP 1.0 §B.1.1, §B.2.3, §B.3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Meta {
    /// Any type.
    Any,
    /// One of these types, or one that inherits from it.
    Vct(Vec<String>),
    /// This document type.
    Doctype(String),
    /// All expanded types of one of these lists.
    Types(Vec<Vec<String>>),
}

/// An authority or framework that stands above issuers (OpenID4VP 1.0 §6.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedAuthority {
    kind: String,
    values: Vec<String>,
}

impl TrustedAuthority {
    /// An authority by its kind (`aki`, `etsi_tl`, `openid_federation`) and its names, which are alternatives.
    pub fn new(kind: &str, values: &[&str]) -> Self {
        Self {
            kind: kind.to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
        }
    }

    /// The kind.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The names.
    pub fn values(&self) -> &[String] {
        &self.values
    }
}

/// One claim asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimQuery {
    id: Option<String>,
    path: ClaimPath,
    values: Vec<ClaimValue>,
    intent_to_retain: Option<bool>,
}

impl ClaimQuery {
    /// Asks for what `path` selects.
    pub fn new(path: ClaimPath) -> Self {
        Self {
            id: None,
            path,
            values: Vec::new(),
            intent_to_retain: None,
        }
    }

    /// Names the claim for claim sets.
    #[must_use]
    pub fn with_id(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    /// Asks for the claim only if it has this value; several are alternatives.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<ClaimValue>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Says whether the value will be kept (mdoc only).
    #[must_use]
    pub fn with_intent_to_retain(mut self, retain: bool) -> Self {
        self.intent_to_retain = Some(retain);
        self
    }

    /// The id.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The path.
    pub fn path(&self) -> &ClaimPath {
        &self.path
    }

    /// The values of which one is expected; empty where any will do.
    pub fn values(&self) -> &[ClaimValue] {
        &self.values
    }

    /// Whether the verifier says that it will keep the value (mdoc only); `None` where it makes no statement.
    pub fn intent_to_retain(&self) -> Option<bool> {
        self.intent_to_retain
    }
}

impl From<ClaimPath> for ClaimQuery {
    fn from(path: ClaimPath) -> Self {
        Self::new(path)
    }
}

/// A value that a claim is expected to have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "OpenID4VP 1.0 §6.3 has exactly these")]
pub enum ClaimValue {
    /// A boolean.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A string.
    String(String),
}

impl ClaimValue {
    /// Whether type and value are the same (OpenID4VP 1.0 §6.3). JSON has one type of number: `2.0` is the integer 2.
    pub fn matches(&self, value: &Json) -> bool {
        match (self, value) {
            (Self::Bool(expected), Json::Bool(value)) => expected == value,
            (Self::String(expected), Json::String(value)) => expected == value,
            (Self::Integer(expected), Json::Number(_)) => parse::integer(value) == Some(*expected),
            _ => false,
        }
    }
}

impl From<&str> for ClaimValue {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<i64> for ClaimValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for ClaimValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// Combinations of credentials, one of which will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialSet {
    options: Vec<Vec<String>>,
    required: bool,
}

impl CredentialSet {
    /// A set of which one option must be answered.
    pub fn required(options: &[&[&str]]) -> Self {
        let ids = |option: &&[&str]| option.iter().map(|&id| id.to_owned()).collect();
        Self {
            options: options.iter().map(ids).collect(),
            required: true,
        }
    }

    /// A set that may be left unanswered.
    pub fn optional(options: &[&[&str]]) -> Self {
        Self {
            required: false,
            ..Self::required(options)
        }
    }

    /// The options: ids of credential queries, all of which one option needs.
    pub fn options(&self) -> &[Vec<String>] {
        &self.options
    }

    /// Whether the set must be answered.
    pub fn is_required(&self) -> bool {
        self.required
    }
}

#[cfg(test)]
mod tests;
