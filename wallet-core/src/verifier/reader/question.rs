//! What is asked for, from a DCQL query or in the terms of ISO 18013-5.

use super::ReaderError;
use crate::codec::{Budget, Json};
use crate::credential::{Format, PathElement};
use crate::protocol::dcql::{CredentialQuery, Meta, Query};
use crate::protocol::mdoc::ItemsRequest;

/// What is asked for, document by document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question(Vec<ItemsRequest>);

impl Question {
    /// Asks for these documents, all of them.
    pub fn new(items: Vec<ItemsRequest>) -> Result<Self, ReaderError> {
        let empty = |items: &ItemsRequest| items.elements().next().is_none();
        match items.is_empty() || items.iter().any(empty) {
            true => Err(ReaderError::NoQuestion),
            false => Ok(Self(items)),
        }
    }

    /// Reads a question: a DCQL query, or one or a list of `{"docType": …, "nameSpaces": {namespace: {element: retain}}}`.
    pub fn parse(text: &str, budget: &mut Budget) -> Result<Self, ReaderError> {
        let json = Json::parse(text, budget).map_err(ReaderError::Question)?;
        match &json {
            Json::Array(all) => Self::new(all.iter().map(items).collect::<Result<_, _>>()?),
            json if json.get("docType").is_some() => Self::new(vec![items(json)?]),
            json => Self::from_query(&Query::parse(json).map_err(ReaderError::Query)?),
        }
    }

    /// The question of a query: every credential query is for an mdoc, and all are required.
    ///
    /// # Errors
    /// A session in person knows no choices: credential sets, values and other formats are
    /// [`ReaderError::Unsupported`].
    pub fn from_query(query: &Query) -> Result<Self, ReaderError> {
        if !query.sets().is_empty() {
            return Err(ReaderError::Unsupported("a choice of credentials"));
        }
        Self::new(query.credentials().iter().map(of_query).collect::<Result<_, _>>()?)
    }

    /// What is asked for, document by document.
    pub fn items(&self) -> &[ItemsRequest] {
        &self.0
    }
}

fn of_query(query: &CredentialQuery) -> Result<ItemsRequest, ReaderError> {
    let doctype = match query.meta() {
        Meta::Doctype(doctype) if query.format() == Format::MsoMdoc.name() => doctype,
        _ => return Err(ReaderError::Unsupported("a format other than mso_mdoc")),
    };
    // Of several claim sets the first is what the verifier would like best (DCQL §6.4.1).
    let wanted = query.claim_sets().first();
    let claims = query.claims().iter().enumerate();
    let claims = claims.filter(|(place, _)| wanted.is_none_or(|set| set.contains(place)));
    let mut items = ItemsRequest::new(doctype);
    for (_, claim) in claims {
        let [PathElement::Key(name_space), PathElement::Key(name)] = claim.path().elements() else {
            return Err(ReaderError::Unsupported("a part of an element"));
        };
        if !claim.values().is_empty() {
            return Err(ReaderError::Unsupported("an element of a certain value"));
        }
        items = items.with_element(name_space, name, claim.intent_to_retain().unwrap_or(false));
    }
    Ok(items)
}

fn items(json: &Json) -> Result<ItemsRequest, ReaderError> {
    let unsupported = || ReaderError::Unsupported("what the file says");
    let doctype = json.get("docType").and_then(Json::as_str).ok_or_else(unsupported)?;
    let name_spaces = json
        .get("nameSpaces")
        .and_then(Json::as_object)
        .ok_or_else(unsupported)?;
    let mut items = ItemsRequest::new(doctype);
    for (name_space, elements) in name_spaces.iter() {
        for (name, retain) in elements.as_object().ok_or_else(unsupported)?.iter() {
            items = items.with_element(name_space, name, retain.as_bool().ok_or_else(unsupported)?);
        }
    }
    Ok(items)
}
