//! `DeviceResponse`: one or several documents, and what was not returned (ISO 18013-5 §8.3.2.1.2.2).

use crate::codec::base64url;
use crate::codec::cbor::Writer;
use crate::codec::{Budget, Cbor};

use super::read::{map, member, text};
use super::{Document, Mdoc, MdocError, Unverified};

/// A document type that was asked for and not returned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DocumentError {
    /// The document type.
    pub doctype: String,
    /// Why (§8.3.2.1.2.3); 0 says no more than that it is not returned.
    pub code: i64,
}

/// A response to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceResponse {
    documents: Vec<Document>,
    document_errors: Vec<DocumentError>,
    status: u64,
}

/// A response as received: its documents are still to be verified, one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceivedResponse {
    /// `version`.
    pub version: String,
    /// `status`: 0 is well; 10, 11 and 12 are errors (§8.3.2.1.2.3), and then there are no documents.
    pub status: u64,
    /// The documents.
    pub documents: Vec<Unverified<Mdoc>>,
    /// What was not returned.
    pub document_errors: Vec<DocumentError>,
}

/// More documents than anyone asks for at once.
const MOST_DOCUMENTS: usize = 64;

impl DeviceResponse {
    /// A response with these documents and status 0.
    pub fn new(documents: Vec<Document>) -> Self {
        Self {
            documents,
            ..Self::default()
        }
    }

    /// A response without documents that says what went wrong: 10 in general, 11 in decoding, 12 in validation.
    pub fn failed(status: u64) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Adds a document type that is not returned. A wallet that does not tell why says 0.
    #[must_use]
    pub fn with_document_error(mut self, doctype: impl Into<String>, code: i64) -> Self {
        self.document_errors.push(DocumentError {
            doctype: doctype.into(),
            code,
        });
        self
    }

    /// The documents.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The encoded response.
    pub fn encode(&self) -> Vec<u8> {
        let length: usize = self.documents.iter().map(|document| document.as_bytes().len()).sum();
        let mut out = Writer::with_capacity(length + 64);
        let (documents, errors) = (!self.documents.is_empty(), !self.document_errors.is_empty());
        out.map(2 + usize::from(documents) + usize::from(errors));
        out.text("version").text("1.0");
        if documents {
            out.text("documents").array(self.documents.len());
            for document in &self.documents {
                out.raw(document.as_bytes());
            }
        }
        if errors {
            out.text("documentErrors").array(self.document_errors.len());
            for error in &self.document_errors {
                out.map(1).text(&error.doctype).value(&error.code.into());
            }
        }
        out.text("status").unsigned(self.status);
        out.into_bytes()
    }

    /// The encoded response as base64url: an element of `vp_token` (OpenID4VP 1.0 Appendix B.2.5).
    pub fn to_base64url(&self) -> String {
        base64url::encode(self.encode())
    }

    /// Parses a response.
    pub fn parse(encoded: &[u8], budget: &mut Budget) -> Result<ReceivedResponse, MdocError> {
        let response = Cbor::parse(encoded, budget)?;
        map(&response, "DeviceResponse")?;
        let version = text(member(&response, "version")?, "version")?;
        // §8.3.2.1.2.2: there is one version, in the second edition too.
        if version != "1.0" {
            return Err(MdocError::Version("DeviceResponse"));
        }
        let status = member(&response, "status")?
            .as_u64()
            .ok_or(MdocError::BadMember("status"))?;
        let list = |name| match response.get(name) {
            None => Ok(&[][..]),
            Some(list) => list.as_array().ok_or(MdocError::BadMember(name)),
        };
        let documents = list("documents")?;
        if documents.len() > MOST_DOCUMENTS {
            return Err(MdocError::TooMany {
                count: documents.len(),
                limit: MOST_DOCUMENTS,
            });
        }
        // §8.3.2.1.2.3 Table 8: an error of the whole comes without documents.
        if status != 0 && !documents.is_empty() {
            return Err(MdocError::ResponseStatus { status });
        }
        let mut document_errors = Vec::new();
        for error in list("documentErrors")? {
            for (doctype, code) in map(error, "documentErrors")? {
                document_errors.push(DocumentError {
                    doctype: text(doctype, "documentErrors")?.to_owned(),
                    code: code.as_i64().ok_or(MdocError::BadMember("documentErrors"))?,
                });
            }
        }
        let documents = documents
            .iter()
            .map(|document| Mdoc::read_document(document, budget).map(Unverified::new));
        Ok(ReceivedResponse {
            version: version.to_owned(),
            status,
            documents: documents.collect::<Result<_, _>>()?,
            document_errors,
        })
    }

    /// As [`DeviceResponse::parse`], from base64url.
    pub fn parse_base64url(text: &str, budget: &mut Budget) -> Result<ReceivedResponse, MdocError> {
        Self::parse(&base64url::decode(text)?, budget)
    }
}
