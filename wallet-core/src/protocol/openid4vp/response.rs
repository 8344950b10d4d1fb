//! What the wallet sends, and what it gets back (OpenID4VP 1.0 §8).

use std::fmt;

use super::{ErrorCode, ResponseError};
use crate::codec::{Budget, Json, Object};
use crate::http::{self, HttpsUrl, LinkPolicy, UrlError};

/// The answer of a wallet: presentations, or an error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Response {
    /// An error, which says no more than its code.
    Error {
        /// `error`.
        code: ErrorCode,
        /// `state` of the request.
        state: Option<String>,
    },
    /// Presentations.
    Presented {
        /// `vp_token`.
        vp_token: VpToken,
        /// `state` of the request.
        state: Option<String>,
    },
}

/// `vp_token`: the presentations by the id of the query that each answers (§8.1).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct VpToken(Vec<(String, Vec<Json>)>);

/// More presentations than any query of ours or of an honest peer asks for.
const MOST_PRESENTATIONS: usize = 64;

impl VpToken {
    /// Presentations by query.
    pub fn new(presentations: Vec<(String, Vec<Json>)>) -> Self {
        Self(presentations)
    }

    /// Reads the object: every value is a non-empty array.
    pub fn parse(value: &Json) -> Result<Self, ResponseError> {
        let object = value.as_object().ok_or(ResponseError::VpToken)?;
        let mut count = 0;
        let mut queries = Vec::new();
        for (query, presentations) in object.iter() {
            let presentations = presentations
                .as_array()
                .filter(|presentations| !presentations.is_empty())
                .ok_or(ResponseError::VpToken)?;
            count += presentations.len();
            if !presentations
                .iter()
                .all(|item| matches!(item, Json::String(_) | Json::Object(_)))
            {
                return Err(ResponseError::VpToken);
            }
            queries.push((query.to_owned(), presentations.to_vec()));
        }
        if count > MOST_PRESENTATIONS {
            return Err(ResponseError::TooManyPresentations {
                count,
                limit: MOST_PRESENTATIONS,
            });
        }
        if queries.is_empty() {
            return Err(ResponseError::VpToken);
        }
        Ok(Self(queries))
    }

    /// The JSON form.
    pub fn to_json(&self) -> Json {
        let member = |(query, items): &(String, Vec<Json>)| (query.clone(), Json::Array(items.clone()));
        Json::Object(self.0.iter().map(member).collect())
    }

    /// The presentations by query.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[Json])> {
        self.0.iter().map(|(query, items)| (query.as_str(), items.as_slice()))
    }
}

impl fmt::Debug for VpToken {
    /// Names the queries only: presentations are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(query, _)| query)).finish()
    }
}

impl Response {
    /// `state`, echoed.
    pub fn state(&self) -> Option<&str> {
        match self {
            Self::Error { state, .. } | Self::Presented { state, .. } => state.as_deref(),
        }
    }

    /// The form body of `direct_post` (§8.2).
    pub fn to_form(&self) -> String {
        let payload: Vec<_> = self.members();
        http::encode_form(payload.iter().map(|(name, value)| (*name, value.as_str())))
    }

    /// The plain text of `direct_post.jwt`: the members on the top level (§8.3).
    pub fn to_payload(&self) -> String {
        let mut payload = Object::new();
        match self {
            Self::Error { code, .. } => payload.insert("error", code.name()),
            Self::Presented { vp_token, .. } => payload.insert("vp_token", vp_token.to_json()),
        };
        if let Some(state) = self.state() {
            payload.insert("state", state);
        }
        payload.to_string()
    }

    fn members(&self) -> Vec<(&'static str, String)> {
        let mut members = vec![match self {
            Self::Error { code, .. } => ("error", code.name().to_owned()),
            Self::Presented { vp_token, .. } => ("vp_token", vp_token.to_json().to_string()),
        }];
        members.extend(self.state().map(|state| ("state", state.to_owned())));
        members
    }

    /// Reads the form body of `direct_post`, without the field `response`.
    pub fn parse_form(fields: &[(String, String)], budget: &mut Budget) -> Result<Self, ResponseError> {
        let field = |name| {
            fields
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value.as_str())
        };
        let vp_token = field("vp_token").map(|text| Json::parse(text, budget)).transpose()?;
        Self::assemble(field("error"), vp_token.as_ref(), field("state"))
    }

    /// Reads the decrypted text of `direct_post.jwt`.
    pub fn parse_payload(text: &[u8], budget: &mut Budget) -> Result<Self, ResponseError> {
        let payload = Json::parse(text, budget)?;
        let member = |name| match payload.get(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or(ResponseError::Malformed(name)),
        };
        Self::assemble(member("error")?, payload.get("vp_token"), member("state")?)
    }

    fn assemble(error: Option<&str>, vp_token: Option<&Json>, state: Option<&str>) -> Result<Self, ResponseError> {
        let state = state.map(str::to_owned);
        match (error, vp_token) {
            (Some(code), None) => Ok(Self::Error {
                code: ErrorCode::from_name(code),
                state,
            }),
            (None, Some(vp_token)) => Ok(Self::Presented {
                vp_token: VpToken::parse(vp_token)?,
                state,
            }),
            (Some(_), Some(_)) => Err(ResponseError::Malformed("error")),
            (None, None) => Err(ResponseError::Malformed("vp_token")),
        }
    }
}

/// What the verifier replies to a posted answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DirectPostReply {
    /// `redirect_uri`: where the user is to be sent back to.
    pub redirect_uri: Option<String>,
}

impl DirectPostReply {
    /// A reply.
    pub fn new(redirect_uri: Option<String>) -> Self {
        Self { redirect_uri }
    }

    /// Reads the body.
    pub fn parse(body: &[u8], budget: &mut Budget) -> Result<Self, ResponseError> {
        let Json::Object(reply) = Json::parse(body, budget)? else {
            return Err(ResponseError::Malformed("reply"));
        };
        let redirect_uri = match reply.get("redirect_uri") {
            None => None,
            Some(value) => Some(
                value
                    .as_str()
                    .ok_or(ResponseError::Malformed("redirect_uri"))?
                    .to_owned(),
            ),
        };
        Ok(Self { redirect_uri })
    }

    /// The body.
    pub fn to_json(&self) -> Json {
        Json::Object(Object::new().with("redirect_uri", self.redirect_uri.as_deref().map(Json::from)))
    }
}

/// A web address that the user's browser is to open: `https`, or `http` to this machine in development.
/// Unlike an address that the core has fetched it may have a fragment, which carries the response code (§8.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReturnLink(String);

impl ReturnLink {
    /// Parses a link under a policy.
    pub fn parse(text: &str, policy: LinkPolicy) -> Result<Self, UrlError> {
        let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
        HttpsUrl::parse(url, policy)?;
        if fragment.contains('#') || !fragment.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(UrlError::Character);
        }
        Ok(Self(text.to_owned()))
    }

    /// The link.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReturnLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
