//! Credentials in the record form of the `dcql` npm package, as tests and tools exchange them.

use std::fmt;

use crate::codec::Json;
use crate::codec::Object;

use super::{Authority, Candidate};

/// A credential by what a query can see of it, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    id: String,
    format: String,
    types: Vec<String>,
    claims: Object,
    holder_bound: bool,
    authority: Option<(String, Vec<String>)>,
}

impl Record {
    /// Parses `{"credential_format", "vct" | "doctype" | "type", "claims" | "namespaces",
    /// "cryptographic_holder_binding", "authority": {"type", "values"}}`; an `id` is kept if there is one.
    pub fn parse(value: &Json) -> Result<Self, RecordError> {
        let text = |name: &'static str| match value.get(name) {
            None => Ok(None),
            Some(member) => member.as_str().map(str::to_owned).map(Some).ok_or(RecordError(name)),
        };
        let object = |name: &'static str| value.get(name).and_then(Json::as_object).ok_or(RecordError(name));
        let format = text("credential_format")?.ok_or(RecordError("credential_format"))?;
        let (types, claims) = if format == "mso_mdoc" {
            let namespaces = object("namespaces")?;
            if namespaces.iter().any(|(_, elements)| elements.as_object().is_none()) {
                return Err(RecordError("namespaces"));
            }
            (vec![text("doctype")?.ok_or(RecordError("doctype"))?], namespaces)
        } else if let Some(vct) = text("vct")? {
            (vec![vct], object("claims")?)
        } else {
            let types = value.get("type").and_then(strings).ok_or(RecordError("type"))?;
            (types, object("claims")?)
        };
        let holder_bound = value.get("cryptographic_holder_binding").and_then(Json::as_bool);
        let authority = match value.get("authority") {
            None => None,
            Some(authority) => {
                let kind = authority.get("type").and_then(Json::as_str);
                let values = authority.get("values").and_then(strings);
                let (kind, values) = kind.zip(values).ok_or(RecordError("authority"))?;
                Some((kind.to_owned(), values))
            }
        };
        Ok(Self {
            id: text("id")?.unwrap_or_default(),
            format,
            types,
            claims: claims.clone(),
            holder_bound: holder_bound.ok_or(RecordError("cryptographic_holder_binding"))?,
            authority,
        })
    }

    /// The record as a query sees it.
    pub fn as_candidate(&self) -> Candidate<'_> {
        let mut named = Vec::new();
        if let Some((kind, values)) = &self.authority {
            named.extend(values.iter().map(|value| Authority::Named(kind, value)));
        }
        Candidate::of_format(&self.id, &self.format, &self.claims)
            .with_types(self.types.iter().map(String::as_str))
            .with_holder_binding(self.holder_bound)
            .with_authorities(named)
    }
}

fn strings(value: &Json) -> Option<Vec<String>> {
    let items = value.as_array()?.iter();
    items.map(|item| item.as_str().map(str::to_owned)).collect()
}

/// A record that is none: the member that is missing or of the wrong type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordError(&'static str);

impl RecordError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        "dcql.record"
    }

    /// The member.
    pub fn member(&self) -> &'static str {
        self.0
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "member `{}` is missing or of the wrong type", self.0)
    }
}

impl std::error::Error for RecordError {}
