//! Getting a type together with its parents (SD-JWT VC §6.3, §6.4).

use crate::codec::{Budget, Json};
use crate::http::{HttpRequest, HttpResponse, HttpsUrl, LinkPolicy};

use super::document::integrity;
use super::{ClaimMetadata, Integrity, SdJwt, SdRule, TypeDisplay, TypeMetadata, TypeMetadataError};

/// A type, and what its document must hash to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeReference {
    /// The type.
    pub vct: String,
    /// The integrity value, if whoever refers to it gave one.
    pub integrity: Option<Integrity>,
}

impl TypeReference {
    /// A reference without integrity value.
    pub fn new(vct: impl Into<String>) -> Self {
        Self {
            vct: vct.into(),
            integrity: None,
        }
    }

    /// The type of a credential, with its `vct#integrity`.
    pub fn of(credential: &SdJwt) -> Result<Self, TypeMetadataError> {
        Ok(Self {
            vct: credential.vct().to_owned(),
            integrity: integrity(credential.claims(), "vct#integrity")?,
        })
    }
}

/// Resolving a type: a document is wanted, or all are there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the type is known when every document was handed in"]
#[expect(clippy::exhaustive_enums, reason = "a driver handles every kind of step")]
pub enum TypeStep {
    /// A document is wanted.
    Fetch(TypeFetch),
    /// The type.
    Done(ResolvedType),
}

/// A document that is wanted: from a cache or a registry by its [name](TypeFetch::reference), or by HTTP.
/// A fetch tells the publisher that the type is in use, so what is known already goes first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the document is handed in"]
pub struct TypeFetch {
    wanted: TypeReference,
    /// From the type itself upwards.
    known: Vec<TypeMetadata>,
}

/// A family of types deeper than this is a mistake or an attack.
const MOST_PARENTS: usize = 8;

impl TypeFetch {
    /// Starts with a type.
    pub fn begin(reference: TypeReference) -> Self {
        Self {
            wanted: reference,
            known: Vec::new(),
        }
    }

    /// Which document is wanted.
    pub fn reference(&self) -> &TypeReference {
        &self.wanted
    }

    /// The request for it: the type is the URL of its own document (SD-JWT VC §6.3.1). Redirects are not followed.
    pub fn request(&self, policy: LinkPolicy) -> Result<HttpRequest, TypeMetadataError> {
        let url = HttpsUrl::parse(&self.wanted.vct, policy).map_err(TypeMetadataError::NotAUrl)?;
        Ok(HttpRequest::get(url, "application/json"))
    }

    /// Takes the answer to [`TypeFetch::request`].
    pub fn answer(self, response: &HttpResponse, budget: &mut Budget) -> Result<TypeStep, TypeMetadataError> {
        if response.status() != 200 {
            return Err(TypeMetadataError::Status(response.status()));
        }
        match response.media_type().as_deref() {
            Some("application/json") => self.document(response.body(), budget),
            Some(other) if other.starts_with("application/") && other.ends_with("+json") => {
                self.document(response.body(), budget)
            }
            _ => Err(TypeMetadataError::MediaType),
        }
    }

    /// Takes the document from elsewhere.
    pub fn document(mut self, document: &[u8], budget: &mut Budget) -> Result<TypeStep, TypeMetadataError> {
        // SD-JWT VC §7: over the octets as received, and before they are read.
        if let Some(integrity) = &self.wanted.integrity {
            integrity.check(document)?;
        }
        let metadata = TypeMetadata::parse(document, budget)?;
        // SD-JWT VC §6.2: byte for byte.
        if metadata.vct != self.wanted.vct {
            return Err(TypeMetadataError::OtherType);
        }
        let parent = metadata.extends.clone();
        self.known.push(metadata);
        let Some(parent) = parent else {
            return ResolvedType::merge(self.known).map(TypeStep::Done);
        };
        // SD-JWT VC §6.4: no type is its own ancestor.
        if self.known.iter().any(|known| known.vct == parent.vct) {
            return Err(TypeMetadataError::Cycle);
        }
        if self.known.len() > MOST_PARENTS {
            return Err(TypeMetadataError::TooManyParents { limit: MOST_PARENTS });
        }
        Ok(TypeStep::Fetch(Self {
            wanted: parent,
            known: self.known,
        }))
    }
}

/// A type with everything it has from its parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedType {
    names: Vec<String>,
    name: Option<String>,
    description: Option<String>,
    display: Vec<TypeDisplay>,
    claims: Vec<ClaimMetadata>,
}

impl ResolvedType {
    fn merge(chain: Vec<TypeMetadata>) -> Result<Self, TypeMetadataError> {
        let names = chain.iter().map(|metadata| metadata.vct.clone()).collect();
        let (name, description) = match chain.first() {
            Some(own) => (own.name.clone(), own.description.clone()),
            None => (None, None),
        };
        let mut merged = Self {
            names,
            name,
            description,
            display: Vec::new(),
            claims: Vec::new(),
        };
        for metadata in chain.into_iter().rev() {
            // SD-JWT VC §8.2: the display of the child stands alone.
            if !metadata.display.is_empty() {
                merged.display = metadata.display;
            }
            for claim in metadata.claims {
                merged.add(claim)?;
            }
        }
        Ok(merged)
    }

    /// SD-JWT VC §9.5: by path; what the child says replaces what the parent said, but may only tighten the rules.
    fn add(&mut self, child: ClaimMetadata) -> Result<(), TypeMetadataError> {
        let Some(claim) = self.claims.iter_mut().find(|claim| claim.path == child.path) else {
            self.claims.push(child);
            return Ok(());
        };
        let loosens_sd = matches!(
            (claim.sd, child.sd),
            (Some(fixed @ (SdRule::Always | SdRule::Never)), Some(own)) if own != fixed
        );
        if loosens_sd || (claim.mandatory == Some(true) && child.mandatory == Some(false)) {
            return Err(TypeMetadataError::Loosens(child.path));
        }
        claim.display = child.display.or(claim.display.take());
        claim.mandatory = child.mandatory.or(claim.mandatory);
        claim.sd = child.sd.or(claim.sd);
        claim.svg_id = child.svg_id.or(claim.svg_id.take());
        Ok(())
    }

    /// The type.
    pub fn vct(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// The type and its parents, nearest first: what a request for a parent type also matches.
    pub fn type_names(&self) -> &[String] {
        &self.names
    }

    /// `name`, for developers.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// `description`, for developers.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// What people see, by language.
    pub fn display(&self) -> &[TypeDisplay] {
        &self.display
    }

    /// What is shown to someone who reads `locale`: the same tag, else the same language, else the first.
    pub fn display_for(&self, locale: &str) -> Option<&TypeDisplay> {
        best(&self.display, locale, |display| &display.locale)
    }

    /// The claims, those of the parents first.
    pub fn claims(&self) -> &[ClaimMetadata] {
        &self.claims
    }

    /// The label of the claim at a path of names, for someone who reads `locale`.
    pub fn label_for(&self, path: &super::ClaimPath, locale: &str) -> Option<&str> {
        let fits = |claim: &&ClaimMetadata| {
            claim.path.elements().len() == path.elements().len() && path.starts_with(&claim.path)
        };
        let claim = self.claims.iter().find(fits)?;
        best(claim.display.as_deref()?, locale, |display| &display.locale).map(|display| display.label.as_str())
    }
}

fn best<'a, T>(all: &'a [T], locale: &str, tag: impl Fn(&T) -> &String) -> Option<&'a T> {
    let language = |tag: &str| tag.split('-').next().unwrap_or(tag).to_ascii_lowercase();
    let exact = all.iter().find(|item| tag(item).eq_ignore_ascii_case(locale));
    let near = || all.iter().find(|item| language(tag(item)) == language(locale));
    exact.or_else(near).or(all.first())
}

/// A value as text for people: strings without quotes.
pub(super) fn plain_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
