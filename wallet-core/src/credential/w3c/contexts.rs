//! The JSON-LD contexts that are known, by their URL; nothing is ever fetched (VCDM 2.0 §5.3, Data Integrity §2.4).
//!
//! Bundled are the contexts of the standards, from the crate `ssi-contexts` (its files are the publishers', most under
//! the W3C Software and Document licence). Contexts with `@vocab`, such as those of examples, define every term and
//! so switch the check for undefined terms off: they are not bundled.

use std::collections::HashMap;
use std::sync::Arc;

use crate::codec::{Budget, Json};

use super::rdf::{Active, RdfError, Run};

/// The contexts of the standards by their URL.
const BUNDLED: &[(&str, &str)] = &[
    ("https://www.w3.org/ns/credentials/v2", ssi_contexts::CREDENTIALS_V2),
    ("https://www.w3.org/2018/credentials/v1", ssi_contexts::CREDENTIALS_V1),
    ("https://www.w3.org/ns/did/v1", ssi_contexts::DID_V1),
    ("https://www.w3.org/ns/odrl.jsonld", ssi_contexts::ODRL),
    ("https://w3id.org/citizenship/v1", ssi_contexts::CITIZENSHIP_V1),
    ("https://w3id.org/security/v1", ssi_contexts::SECURITY_V1),
    ("https://w3id.org/security/v2", ssi_contexts::SECURITY_V2),
    (
        "https://w3id.org/security/data-integrity/v1",
        ssi_contexts::W3ID_DATA_INTEGRITY_V1,
    ),
    (
        "https://w3id.org/security/data-integrity/v2",
        ssi_contexts::W3ID_DATA_INTEGRITY_V2,
    ),
    ("https://w3id.org/security/multikey/v1", ssi_contexts::W3ID_MULTIKEY_V1),
    (
        "https://w3id.org/security/suites/ed25519-2020/v1",
        ssi_contexts::W3ID_ED2020_V1,
    ),
    (
        "https://w3id.org/security/suites/jws-2020/v1",
        ssi_contexts::W3ID_JWS2020_V1,
    ),
    ("https://w3id.org/vc/status-list/v1", ssi_contexts::STATUS_LIST_2021_V1),
];

/// Contexts by URL, and what was worked out of them once.
///
/// Making the bundled set parses every document: keep one and lend it.
#[derive(Clone, Debug)]
pub struct Contexts {
    documents: HashMap<String, Arc<Json>>,
    initial: Arc<Active>,
    prepared: Vec<(Arc<Active>, String, Arc<Active>)>,
}

impl Contexts {
    /// No context at all.
    pub fn empty() -> Self {
        Self {
            documents: HashMap::new(),
            initial: Arc::default(),
            prepared: Vec::new(),
        }
    }

    /// The contexts of the standards.
    pub fn bundled() -> Self {
        let mut contexts = Self::empty();
        for (url, text) in BUNDLED {
            contexts
                .add(url, text)
                .expect("bundled contexts are JSON: a test adds them all");
        }
        for url in [
            "https://www.w3.org/ns/credentials/v2",
            "https://www.w3.org/2018/credentials/v1",
        ] {
            contexts
                .prepare(&[url])
                .expect("bundled contexts are contexts: a test prepares them all");
        }
        contexts
    }

    /// The URLs of the bundled contexts.
    pub fn bundled_urls() -> impl Iterator<Item = &'static str> {
        BUNDLED.iter().map(|(url, _)| *url)
    }

    /// Adds the context document that an issuer's profile lists under `url`.
    pub fn add(&mut self, url: &str, document: &str) -> Result<(), RdfError> {
        let json = Json::parse(document, &mut Budget::default()).map_err(|_| RdfError::BadContext(url.to_owned()))?;
        let context = json
            .get("@context")
            .ok_or_else(|| RdfError::BadContext(url.to_owned()))?;
        self.documents.insert(url.to_owned(), Arc::new(context.clone()));
        // What was worked out of an earlier document of that name is void.
        self.prepared.clear();
        Ok(())
    }

    /// Works out the contexts `urls` in this order, so that documents that begin with them need not.
    pub fn prepare(&mut self, urls: &[&str]) -> Result<(), RdfError> {
        let mut active = Arc::clone(&self.initial);
        for url in urls {
            let next = match self.prepared(&active, url) {
                Some(next) => next,
                None => {
                    let next = Run::new(self, &super::rdf::Limits::default()).process_url(&active, url)?;
                    self.prepared
                        .push((Arc::clone(&active), (*url).to_owned(), Arc::clone(&next)));
                    next
                }
            };
            active = next;
        }
        Ok(())
    }

    /// Whether there is a context of this URL.
    pub fn contains(&self, url: &str) -> bool {
        self.documents.contains_key(url)
    }

    pub(super) fn document(&self, url: &str) -> Option<&Arc<Json>> {
        self.documents.get(url)
    }

    pub(super) fn initial(&self) -> &Arc<Active> {
        &self.initial
    }

    pub(super) fn prepared(&self, from: &Arc<Active>, url: &str) -> Option<Arc<Active>> {
        let same = |(other, name, _): &&(Arc<Active>, String, Arc<Active>)| Arc::ptr_eq(other, from) && name == url;
        self.prepared.iter().find(same).map(|(_, _, to)| Arc::clone(to))
    }
}
