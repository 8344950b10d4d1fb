//! `DeviceRequest`: what a reader asks for (§8.3.2.1.2.1), and what it signs (§9.1.4).

use super::raw::{Raw, at_most, version};
use super::{ItemsRequest, MessageError};
use crate::codec::{Budget, Cbor};

/// What a reader asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRequest {
    version: String,
    doc_requests: Vec<DocRequest>,
    device_request_info: Option<Vec<u8>>,
    reader_auth_all: Vec<Vec<u8>>,
}

/// What a reader asks for of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocRequest {
    items_request_bytes: Vec<u8>,
    items: ItemsRequest,
    reader_auth: Option<Vec<u8>>,
}

/// Nobody reads a question about more documents.
const MOST_DOCUMENTS: usize = 32;
/// Signatures over the whole request: one a purpose at most, each costs a path and a check.
const MOST_SIGNATURES: usize = 8;

impl DocRequest {
    /// Asks for these elements, without a signature.
    pub fn new(items: ItemsRequest) -> Self {
        Self {
            items_request_bytes: items.encode(),
            items,
            reader_auth: None,
        }
    }

    /// The same, signed: `reader_auth` is the COSE_Sign1 over [`DocRequest::reader_authentication`].
    #[must_use]
    pub fn with_reader_auth(mut self, reader_auth: Vec<u8>) -> Self {
        self.reader_auth = Some(reader_auth);
        self
    }

    /// What is asked for.
    pub fn items(&self) -> &ItemsRequest {
        &self.items
    }

    /// `ItemsRequestBytes` as received, tag included.
    pub fn items_request_bytes(&self) -> &[u8] {
        &self.items_request_bytes
    }

    /// `readerAuth` as received: a COSE_Sign1 without payload.
    pub fn reader_auth(&self) -> Option<&[u8]> {
        self.reader_auth.as_deref()
    }

    /// `ReaderAuthenticationBytes`, the detached payload of `readerAuth` (§9.1.4.4); `transcript` is the encoded
    /// `SessionTranscript`.
    pub fn reader_authentication(&self, transcript: &[u8]) -> Vec<u8> {
        let raw = Raw::default().array(3).text("ReaderAuthentication");
        raw.item(transcript).item(&self.items_request_bytes).embedded()
    }

    fn parse(item: &Cbor<'_>, budget: &mut Budget) -> Result<Self, MessageError> {
        item.as_map().ok_or(MessageError::Malformed("docRequests"))?;
        let items = item.get("itemsRequest").ok_or(MessageError::Missing("itemsRequest"))?;
        let inner = items.embedded().ok_or(MessageError::Malformed("itemsRequest"))?;
        Ok(Self {
            items_request_bytes: items.raw().to_vec(),
            items: ItemsRequest::parse(inner, budget)?,
            reader_auth: item.get("readerAuth").map(|auth| auth.raw().to_vec()),
        })
    }
}

impl DeviceRequest {
    /// A request for these documents, of version 1.0.
    pub fn new(doc_requests: Vec<DocRequest>) -> Self {
        Self {
            version: "1.0".to_owned(),
            doc_requests,
            device_request_info: None,
            reader_auth_all: Vec::new(),
        }
    }

    /// The same with a signature over the whole: a COSE_Sign1 over [`DeviceRequest::reader_authentication_all`]. This
    /// makes the request one of version 1.1.
    #[must_use]
    pub fn with_reader_auth_all(mut self, reader_auth: Vec<u8>) -> Self {
        "1.1".clone_into(&mut self.version);
        self.reader_auth_all.push(reader_auth);
        self
    }

    /// Parses a request.
    pub fn parse(bytes: &[u8], budget: &mut Budget) -> Result<Self, MessageError> {
        let item = Cbor::parse(bytes, budget)?;
        item.as_map().ok_or(MessageError::Malformed("DeviceRequest"))?;
        let version = version(item.get("version"))?;
        let documents = item.get("docRequests").ok_or(MessageError::Missing("docRequests"))?;
        let documents = documents.as_array().filter(|documents| !documents.is_empty());
        let documents = documents.ok_or(MessageError::Malformed("docRequests"))?;
        at_most("documents", documents.len(), MOST_DOCUMENTS)?;
        let documents = documents.iter().map(|document| DocRequest::parse(document, budget));
        let documents = documents.collect::<Result<_, _>>()?;
        // In a request of the first edition these are members that nobody knows.
        let known = |name| item.get(name).filter(|_| version != "1.0");
        let info = known("deviceRequestInfo").map(|info| {
            let embedded = info.embedded().map(|_| info.raw().to_vec());
            embedded.ok_or(MessageError::Malformed("deviceRequestInfo"))
        });
        let all = known("readerAuthAll").map(|all| all.as_array().ok_or(MessageError::Malformed("readerAuthAll")));
        let all = all.transpose()?.unwrap_or_default();
        at_most("signatures", all.len(), MOST_SIGNATURES)?;
        Ok(Self {
            doc_requests: documents,
            device_request_info: info.transpose()?,
            reader_auth_all: all.iter().map(|auth| auth.raw().to_vec()).collect(),
            version,
        })
    }

    /// The message as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let members =
            2 + usize::from(self.device_request_info.is_some()) + usize::from(!self.reader_auth_all.is_empty());
        let raw = Raw::default().map(members).text("version").text(&self.version);
        let raw = raw.text("docRequests").array(self.doc_requests.len());
        let raw = self.doc_requests.iter().fold(raw, |raw, document| {
            let raw = raw.map(1 + usize::from(document.reader_auth.is_some()));
            let raw = raw.text("itemsRequest").item(&document.items_request_bytes);
            match &document.reader_auth {
                Some(auth) => raw.text("readerAuth").item(auth),
                None => raw,
            }
        });
        let raw = match &self.device_request_info {
            Some(info) => raw.text("deviceRequestInfo").item(info),
            None => raw,
        };
        let raw = match self.reader_auth_all.as_slice() {
            [] => raw,
            all => {
                let raw = raw.text("readerAuthAll").array(all.len());
                all.iter().fold(raw, |raw, auth| raw.item(auth))
            }
        };
        raw.finish()
    }

    /// The version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What is asked for, document by document.
    pub fn doc_requests(&self) -> &[DocRequest] {
        &self.doc_requests
    }

    /// `DeviceRequestInfoBytes` as received (second edition).
    pub fn device_request_info(&self) -> Option<&[u8]> {
        self.device_request_info.as_deref()
    }

    /// Signatures over the whole request as received (second edition).
    pub fn reader_auth_all(&self) -> &[Vec<u8>] {
        &self.reader_auth_all
    }

    /// `ReaderAuthenticationAllBytes`, the detached payload of `readerAuthAll`; `transcript` is the encoded
    /// `SessionTranscript`.
    pub fn reader_authentication_all(&self, transcript: &[u8]) -> Vec<u8> {
        let raw = Raw::default().array(4).text("ReaderAuthenticationAll").item(transcript);
        let raw = raw.array(self.doc_requests.len());
        let documents = self.doc_requests.iter();
        let raw = documents.fold(raw, |raw, document| raw.item(&document.items_request_bytes));
        match &self.device_request_info {
            Some(info) => raw.item(info),
            None => raw.null(),
        }
        .embedded()
    }
}
