//! Documents: which keys may be used for what (Controlled Identifiers 1.0 §2, DID Core 1.0 §5).

use super::{Did, DidError, DidUrl, VerificationMethod};
use crate::codec::{Json, Object};
use crate::time::Timestamp;

/// More keys than an honest controller rotates.
const MOST_METHODS: usize = 100;

/// What a key may be used for (Controlled Identifiers 1.0 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Relationship {
    /// Stating claims: issuing a credential.
    AssertionMethod,
    /// Proving to be the subject: presenting a credential.
    Authentication,
    /// Handing on a capability.
    CapabilityDelegation,
    /// Using a capability.
    CapabilityInvocation,
    /// Encrypting to the subject.
    KeyAgreement,
}

const RELATIONSHIPS: [Relationship; 5] = [
    Relationship::AssertionMethod,
    Relationship::Authentication,
    Relationship::CapabilityDelegation,
    Relationship::CapabilityInvocation,
    Relationship::KeyAgreement,
];

impl Relationship {
    /// Its name, also the proof purpose that goes with it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AssertionMethod => "assertionMethod",
            Self::Authentication => "authentication",
            Self::CapabilityDelegation => "capabilityDelegation",
            Self::CapabilityInvocation => "capabilityInvocation",
            Self::KeyAgreement => "keyAgreement",
        }
    }

    /// The relationship of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        RELATIONSHIPS
            .into_iter()
            .find(|relationship| relationship.name() == name)
    }
}

/// A DID document, or the controlled identifier document of an HTTPS URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DidDocument {
    id: String,
    also_known_as: Vec<String>,
    /// All methods, those that stand inside a relationship too.
    methods: Vec<VerificationMethod>,
    /// Which method, by its absolute URL, stands under which relationship.
    uses: Vec<(Relationship, String)>,
}

impl DidDocument {
    /// Reads the document of `id`, a decentralised identifier or an HTTPS URL; a document of another is refused.
    pub fn parse(document: &Json, id: &str) -> Result<Self, DidError> {
        let document = document.as_object().ok_or(DidError::DocumentMember("id"))?;
        let found = document.get("id").and_then(Json::as_str);
        // Controlled Identifiers 1.0 §3.3: the document's `id` is the URL that it was found under.
        if found.ok_or(DidError::DocumentMember("id"))? != id {
            return Err(DidError::WrongDocument);
        }
        let mut methods = Vec::new();
        for method in members(document, "verificationMethod")? {
            let method = method
                .as_object()
                .ok_or(DidError::DocumentMember("verificationMethod"))?;
            add(&mut methods, VerificationMethod::parse(method, id)?)?;
        }
        let mut uses = Vec::new();
        for relationship in RELATIONSHIPS {
            let name = relationship.name();
            for entry in members(document, name)? {
                let url = match entry {
                    Json::String(reference) => absolute(reference, id).ok_or(DidError::DocumentMember(name))?,
                    Json::Object(method) => {
                        let method = VerificationMethod::parse(method, id)?;
                        let url = method.id().to_owned();
                        add(&mut methods, method)?;
                        url
                    }
                    _ => return Err(DidError::DocumentMember(name)),
                };
                uses.push((relationship, url));
            }
        }
        let also_known_as = members(document, "alsoKnownAs")?.iter();
        let also_known_as = also_known_as.map(|name| name.as_str().map(str::to_owned));
        let also_known_as = also_known_as.collect::<Option<_>>();
        Ok(Self {
            id: id.to_owned(),
            also_known_as: also_known_as.ok_or(DidError::DocumentMember("alsoKnownAs"))?,
            methods,
            uses,
        })
    }

    /// The document of an identifier that carries its one key.
    pub(super) fn of_one_key(did: &Did, method: VerificationMethod, relationships: &[Relationship]) -> Self {
        let uses = relationships.iter();
        Self {
            id: did.as_str().to_owned(),
            also_known_as: Vec::new(),
            uses: uses
                .map(|relationship| (*relationship, method.id().to_owned()))
                .collect(),
            methods: vec![method],
        }
    }

    /// Whose document it is.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Other names that it claims; nothing proves them.
    pub fn also_known_as(&self) -> &[String] {
        &self.also_known_as
    }

    /// All methods, whatever they may be used for.
    pub fn verification_methods(&self) -> &[VerificationMethod] {
        &self.methods
    }

    /// The methods under a relationship that are good at `now`.
    pub fn methods_under(
        &self,
        relationship: Relationship,
        now: Timestamp,
    ) -> impl Iterator<Item = &VerificationMethod> {
        let methods = self.methods.iter();
        methods.filter(move |method| self.method_for(method.id(), relationship, now).is_ok())
    }

    /// The method of this URL, if the document lets it be used so at `now` (Controlled Identifiers 1.0 §3.3): it is
    /// this document's, listed under the relationship, controlled by whose document it is, and neither revoked nor
    /// expired.
    pub fn method_for(
        &self,
        url: &str,
        relationship: Relationship,
        now: Timestamp,
    ) -> Result<&VerificationMethod, DidError> {
        if !is_part_of(url, &self.id) {
            return Err(DidError::WrongDocument);
        }
        let method = self.methods.iter().find(|method| method.id() == url);
        let method = method.ok_or(DidError::MethodNotFound)?;
        if !self.uses.iter().any(|(other, id)| *other == relationship && id == url) {
            return Err(DidError::WrongRelationship { relationship });
        }
        if method.controller() != self.id {
            return Err(DidError::WrongController);
        }
        method.check_time(now)?;
        Ok(method)
    }
}

/// Adds a method; two of one name would leave open which is meant.
fn add(methods: &mut Vec<VerificationMethod>, method: VerificationMethod) -> Result<(), DidError> {
    if methods.iter().any(|other| other.id() == method.id()) {
        return Err(DidError::MethodTwice);
    }
    methods.push(method);
    Ok(())
}

/// A bounded array that may be missing.
fn members<'a>(document: &'a Object, name: &'static str) -> Result<&'a [Json], DidError> {
    let Some(value) = document.get(name) else {
        return Ok(&[]);
    };
    let entries = value.as_array().ok_or(DidError::DocumentMember(name))?;
    if entries.len() > MOST_METHODS {
        return Err(DidError::TooManyEntries {
            count: entries.len(),
            limit: MOST_METHODS,
        });
    }
    Ok(entries)
}

/// The absolute form of a reference: a fragment belongs to the document, anything else is absolute already.
pub(super) fn absolute(reference: &str, document: &str) -> Option<String> {
    let url = if reference.starts_with('#') {
        format!("{document}{reference}")
    } else {
        reference.to_owned()
    };
    let fragment = url.split_once('#').is_some_and(|(_, fragment)| !fragment.is_empty());
    let https = url.starts_with("https://") && super::id::is_url_text(&url);
    (fragment && (https || DidUrl::parse(&url).is_ok())).then_some(url)
}

/// Whether `url` is `document` and a fragment.
fn is_part_of(url: &str, document: &str) -> bool {
    url.split_once('#').is_some_and(|(base, _)| base == document)
}
