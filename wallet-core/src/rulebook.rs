//! What credential types mean: their ids, claims, labels and rules of disclosure, as data; and typed views on them.
//!
//! A [`Rulebook`] holds one [`CredentialType`] per type. Each comes from one data file under `data/`, so that a new
//! type needs no code. [`xschule`] reads the German school messages that the school types are made from, [`pid`] says
//! what a PID is in both formats, [`names`] compares what documents call a person.
//! A type that extends another one says nothing about who may issue it: trust is checked elsewhere.
//!
//! ```
//! use wallet_core::credential::ClaimPath;
//! use wallet_core::rulebook::{Language, Rulebook};
//!
//! let rulebook = Rulebook::bundled();
//! let abitur = rulebook.lookup("urn:mappe:de:abitur:1").expect("bundled");
//! let grade = ClaimPath::of_keys("final_grade", &[]);
//! assert_eq!(abitur.label(&grade, Language::German), Some("Durchschnittsnote"));
//! ```

pub mod codes;
pub mod countries;
mod credential_type;
mod decimal;
mod disclosure;
mod labelled;
pub mod mdl;
mod mdoc;
mod metadata;
pub mod names;
pub mod pid;
mod text;
pub mod xschule;

use std::fmt;

use crate::codec::JsonError;

pub use credential_type::{Binding, ClaimInfo, CredentialType, ElementInfo, Encoding, Mark, MdocIds, Sd};
pub use decimal::{Decimal, DecimalError};
pub use labelled::LabelledValue;
pub use mdoc::{MappingError, MdocClaims, MdocElement, MdocElements};

/// A language that labels exist in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
}

impl Language {
    /// The BCP 47 tag.
    pub fn tag(self) -> &'static str {
        self.pick("de", "en")
    }

    pub(crate) fn pick<T>(self, german: T, english: T) -> T {
        match self {
            Self::English => english,
            Self::German => german,
        }
    }
}

/// The credential types known to a wallet, an authority or a verifier.
#[derive(Clone, Debug)]
pub struct Rulebook {
    types: Vec<CredentialType>,
}

impl Rulebook {
    /// The types that come with this crate: EU and German PID, mobile driving licence, school report, Abitur,
    /// certificate of attendance.
    pub fn bundled() -> Self {
        let mut rulebook = Self { types: Vec::new() };
        for text in [
            include_str!("rulebook/data/pid.json"),
            include_str!("rulebook/data/pid-de.json"),
            include_str!("rulebook/data/mdl.json"),
            include_str!("rulebook/data/school-report.json"),
            include_str!("rulebook/data/abitur.json"),
            include_str!("rulebook/data/school-attendance.json"),
        ] {
            rulebook.add(text).expect("a test reads every bundled type");
        }
        rulebook
    }

    /// Adds a type from its data file; a type that it extends must have been added before, so there are no cycles.
    pub fn add(&mut self, text: &str) -> Result<&CredentialType, RulebookError> {
        let added = credential_type::parse(text, |vct| self.lookup(vct))?;
        if self.types.iter().any(|known| known.vct() == added.vct()) {
            return Err(RulebookError::Duplicate);
        }
        self.types.push(added);
        self.types.last().ok_or(RulebookError::Duplicate)
    }

    /// The type with this `vct`, compared byte for byte.
    pub fn lookup(&self, vct: &str) -> Option<&CredentialType> {
        let mut types = self.types.iter();
        types.find(|known| known.vct() == vct && !known.is_mdoc_only())
    }

    /// The type with this document type in ISO mdoc, compared byte for byte. Types that extend it in SD-JWT VC share
    /// its document type: of those, the one that they extend.
    pub fn lookup_doctype(&self, doctype: &str) -> Option<&CredentialType> {
        self.of_doctype(doctype).next()
    }

    /// What is known about an element of an mdoc, with those that a domestic name space adds.
    pub fn element(&self, doctype: &str, namespace: &str, identifier: &str) -> Option<&ClaimInfo> {
        self.of_doctype(doctype)
            .find_map(|known| known.element(namespace, identifier))
    }

    /// The label of an mdoc element for people.
    pub fn element_label(&self, doctype: &str, namespace: &str, identifier: &str, language: Language) -> Option<&str> {
        self.element(doctype, namespace, identifier)
            .map(|claim| claim.label(language))
    }

    /// A type is added after those that it extends, so a base comes first.
    fn of_doctype<'a, 'b>(&'a self, doctype: &'b str) -> impl Iterator<Item = &'a CredentialType> + use<'a, 'b> {
        let fits = move |known: &&CredentialType| known.mdoc().is_some_and(|ids| ids.doctype == doctype);
        self.types.iter().filter(fits)
    }

    /// Whether the type `vct` is `base` or extends it, directly or not.
    pub fn is_a(&self, vct: &str, base: &str) -> bool {
        vct == base
            || self
                .lookup(vct)
                .is_some_and(|known| known.extends().iter().any(|parent| parent == base))
    }

    /// All types.
    pub fn types(&self) -> impl ExactSizeIterator<Item = &CredentialType> {
        self.types.iter()
    }
}

/// A description of a type that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RulebookError {
    /// A type, or a path within one, is described twice.
    Duplicate,
    /// Not acceptable JSON.
    Json(JsonError),
    /// A claim is disclosed more freely than in the type that this one extends (SD-JWT VC, type metadata, `extends`).
    Loosened,
    /// A member is missing or of the wrong kind.
    Member(&'static str),
    /// A sensitive claim stands in the default request.
    SensitiveByDefault,
    /// The type that is extended is not known.
    UnknownParent,
}

impl RulebookError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Duplicate => "rulebook.duplicate",
            Self::Json(_) => "rulebook.json",
            Self::Loosened => "rulebook.loosened",
            Self::Member(_) => "rulebook.member",
            Self::SensitiveByDefault => "rulebook.sensitive_by_default",
            Self::UnknownParent => "rulebook.unknown_parent",
        }
    }
}

impl From<JsonError> for RulebookError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl fmt::Display for RulebookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate => f.write_str("the type or a path in it is described twice"),
            Self::Json(error) => error.fmt(f),
            Self::Loosened => f.write_str("a claim is disclosed more freely than in the type that is extended"),
            Self::Member(name) => write!(f, "the member {name} is missing or of the wrong kind"),
            Self::SensitiveByDefault => f.write_str("a sensitive claim stands in the default request"),
            Self::UnknownParent => f.write_str("the type that is extended is not known"),
        }
    }
}

impl std::error::Error for RulebookError {}

#[cfg(test)]
mod tests;
