//! `ItemsRequest`: which elements of one document are asked for (§8.3.2.1.2.1).

use super::MessageError;
use super::raw::{Raw, at_most};
use crate::codec::{Budget, Cbor};

/// Which elements of one document are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemsRequest {
    doctype: String,
    name_spaces: Vec<(String, Vec<(String, bool)>)>,
    request_info: Option<Vec<u8>>,
}

/// An mDL has about 40 elements, a PID about 30; a question that a person is to read has fewer.
const MOST_ELEMENTS: usize = 512;

impl ItemsRequest {
    /// Asks for a document of this type, for nothing of it yet.
    pub fn new(doctype: impl Into<String>) -> Self {
        Self {
            doctype: doctype.into(),
            name_spaces: Vec::new(),
            request_info: None,
        }
    }

    /// The same, asking for this element, too.
    #[must_use]
    pub fn with_element(
        mut self,
        name_space: impl Into<String>,
        element: impl Into<String>,
        intent_to_retain: bool,
    ) -> Self {
        let (name_space, element) = (name_space.into(), (element.into(), intent_to_retain));
        match self.name_spaces.iter_mut().find(|(name, _)| *name == name_space) {
            Some((_, elements)) => match elements.iter_mut().find(|(name, _)| *name == element.0) {
                Some(old) => *old = element,
                None => elements.push(element),
            },
            None => self.name_spaces.push((name_space, vec![element])),
        }
        self
    }

    /// The type of the document.
    pub fn doctype(&self) -> &str {
        &self.doctype
    }

    /// The elements, namespace by namespace: its name, the element, and whether the reader intends to retain it.
    pub fn elements(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        let name_spaces = self.name_spaces.iter();
        name_spaces.flat_map(|(name, elements)| {
            let elements = elements.iter();
            elements.map(|(element, retain)| (name.as_str(), element.as_str(), *retain))
        })
    }

    /// Whether this element is asked for.
    pub fn asks_for(&self, name_space: &str, element: &str) -> bool {
        self.elements().any(|(name, id, _)| name == name_space && id == element)
    }

    /// `requestInfo` as it was received: what the second edition adds. A holder may leave it aside (§8.3.2.1.2.1).
    pub fn request_info(&self) -> Option<&[u8]> {
        self.request_info.as_deref()
    }

    pub(super) fn parse(bytes: &[u8], budget: &mut Budget) -> Result<Self, MessageError> {
        let item = Cbor::parse(bytes, budget)?;
        item.as_map().ok_or(MessageError::Malformed("itemsRequest"))?;
        let doctype = item.get("docType").ok_or(MessageError::Missing("docType"))?;
        let doctype = doctype.as_str().ok_or(MessageError::Malformed("docType"))?;
        let name_spaces = item.get("nameSpaces").ok_or(MessageError::Missing("nameSpaces"))?;
        let malformed = || MessageError::Malformed("nameSpaces");
        let mut all = Vec::new();
        let mut count = 0;
        for (name, elements) in name_spaces.as_map().ok_or_else(malformed)? {
            let mut asked = Vec::new();
            for (element, retain) in elements.as_map().ok_or_else(malformed)? {
                let element = element.as_str().ok_or_else(malformed)?.to_owned();
                asked.push((element, retain.as_bool().ok_or_else(malformed)?));
            }
            count += asked.len();
            at_most("elements", count, MOST_ELEMENTS)?;
            // CDDL `DataElements = {+ …}`.
            if asked.is_empty() {
                return Err(malformed());
            }
            all.push((name.as_str().ok_or_else(malformed)?.to_owned(), asked));
        }
        if all.is_empty() {
            return Err(malformed());
        }
        Ok(Self {
            doctype: doctype.to_owned(),
            name_spaces: all,
            request_info: item.get("requestInfo").map(|info| info.raw().to_vec()),
        })
    }

    /// `ItemsRequestBytes`.
    pub(super) fn encode(&self) -> Vec<u8> {
        let members = 2 + usize::from(self.request_info.is_some());
        let raw = Raw::default().map(members).text("docType").text(&self.doctype);
        let raw = raw.text("nameSpaces").map(self.name_spaces.len());
        let raw = self.name_spaces.iter().fold(raw, |raw, (name, elements)| {
            let raw = raw.text(name).map(elements.len());
            let elements = elements.iter();
            elements.fold(raw, |raw, (element, retain)| raw.text(element).bool(*retain))
        });
        match &self.request_info {
            Some(info) => raw.text("requestInfo").item(info),
            None => raw,
        }
        .embedded()
    }
}
