//! Looking without believing.

use crate::codec::base64url;
use crate::codec::{Budget, Json, Object};

use super::{SdJwt, SdJwtError, Unverified};

/// What an SD-JWT says, UNVERIFIED: for people who debug, never for decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// The protected header.
    pub header: Object,
    /// The payload as signed, digests included.
    pub payload: Object,
    /// The disclosures, decoded; `null` where one cannot be read.
    pub disclosures: Vec<Json>,
    /// The processed payload, or why it cannot be processed.
    pub claims: Result<Object, SdJwtError>,
    /// Header and payload of the key binding JWT, as far as they can be read.
    pub key_binding: Option<Json>,
}

impl Unverified<SdJwt> {
    /// Shows what is inside, UNVERIFIED.
    pub fn inspect(&self) -> Inspection {
        let inner = self.inner();
        Inspection {
            header: inner.header.json().clone(),
            payload: inner.signed_payload(),
            disclosures: inner.disclosures().map(|text| read(text, inner.depth)).collect(),
            claims: match &inner.fault {
                Some(fault) => Err(fault.clone()),
                None => Ok(inner.claims().clone()),
            },
            key_binding: inner.key_binding().map(|jwt| {
                let mut parts = jwt.split('.').map(|part| read(part, inner.depth));
                Json::Object(Object::new().with("header", parts.next()).with("payload", parts.next()))
            }),
        }
    }
}

impl Inspection {
    /// The whole as JSON, with a member that says it is unverified.
    pub fn to_json(&self) -> Json {
        let claims = match &self.claims {
            Ok(claims) => Object::new().with("claims", Json::Object(claims.clone())),
            Err(fault) => Object::new().with("fault", Json::from(fault.code())),
        };
        let parts = Object::new()
            .with("UNVERIFIED", Json::Bool(true))
            .with("header", Json::Object(self.header.clone()))
            .with("payload", Json::Object(self.payload.clone()))
            .with("disclosures", Json::Array(self.disclosures.clone()))
            .with("key_binding", self.key_binding.clone());
        Json::Object(parts.into_iter().chain(claims).collect())
    }
}

fn read(text: &str, depth: usize) -> Json {
    let mut budget = Budget::new(text.len(), depth, text.len());
    let decoded = base64url::decode(text).unwrap_or_default();
    Json::parse(decoded, &mut budget).unwrap_or(Json::Null)
}
