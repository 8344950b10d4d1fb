//! The JSON form of a query; what equals its default is left out.

use crate::codec::Json;
use crate::codec::Object;

use super::{ClaimQuery, ClaimValue, CredentialQuery, CredentialSet, Meta, Query, TrustedAuthority};

pub(super) fn query(query: &Query) -> Json {
    let sets = array(&query.sets, credential_set);
    Object::new()
        .with(
            "credentials",
            Json::Array(query.credentials.iter().map(credential).collect()),
        )
        .with("credential_sets", sets)
        .into()
}

fn credential(query: &CredentialQuery) -> Json {
    let meta = match &query.meta {
        Meta::Any => Object::new(),
        Meta::Vct(values) => Object::new().with("vct_values", strings(values)),
        Meta::Doctype(value) => Object::new().with("doctype_value", Json::from(value.as_str())),
        Meta::Types(values) => Object::new().with(
            "type_values",
            Json::Array(values.iter().map(|types| strings(types)).collect()),
        ),
    };
    // A set built from an id that no claim has is written as an id that no claim can have, and refused by the parser.
    let id = |&index: &usize| {
        query
            .claims
            .get(index)
            .and_then(|claim| claim.id.as_deref())
            .unwrap_or("")
    };
    let set = |set: &Vec<usize>| Json::Array(set.iter().map(|index| Json::from(id(index))).collect());
    Object::new()
        .with("id", Json::from(query.id.as_str()))
        .with("format", Json::from(query.format.as_str()))
        .with("meta", Json::from(meta))
        .with("multiple", query.multiple.then(|| Json::from(true)))
        .with("trusted_authorities", array(&query.authorities, authority))
        .with(
            "require_cryptographic_holder_binding",
            (!query.holder_binding).then(|| Json::from(false)),
        )
        .with("claims", array(&query.claims, claim))
        .with("claim_sets", array(&query.claim_sets, set))
        .into()
}

fn authority(authority: &TrustedAuthority) -> Json {
    Object::new()
        .with("type", Json::from(authority.kind.as_str()))
        .with("values", strings(&authority.values))
        .into()
}

fn claim(claim: &ClaimQuery) -> Json {
    let value = |value: &ClaimValue| match value {
        ClaimValue::Bool(value) => Json::from(*value),
        ClaimValue::Integer(value) => Json::from(*value),
        ClaimValue::String(value) => Json::from(value.as_str()),
    };
    Object::new()
        .with("id", claim.id.as_deref().map(Json::from))
        .with("path", claim.path.to_json())
        .with("values", array(&claim.values, value))
        .with("intent_to_retain", claim.intent_to_retain.map(Json::from))
        .into()
}

fn credential_set(set: &CredentialSet) -> Json {
    Object::new()
        .with(
            "options",
            Json::Array(set.options.iter().map(|ids| strings(ids)).collect()),
        )
        .with("required", (!set.required).then(|| Json::from(false)))
        .into()
}

fn strings(values: &[String]) -> Json {
    Json::Array(values.iter().map(|value| Json::from(value.as_str())).collect())
}

fn array<T>(items: &[T], write: impl Fn(&T) -> Json) -> Option<Json> {
    (!items.is_empty()).then(|| Json::Array(items.iter().map(write).collect()))
}
