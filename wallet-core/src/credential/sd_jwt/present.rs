//! The holder's side: choosing what to disclose, and binding it to a request (RFC 9901 §7.2).

use std::collections::HashSet;
use std::sync::OnceLock;

use crate::codec::{Budget, Json, Object};
use crate::crypto::HashAlgorithm;
use crate::envelope::jws::UnsignedJws;
use crate::keys::{KeyHandle, PublicKey, SigningRequest};
use crate::time::Timestamp;

use super::parse::to_json_form;
use super::process::{Digest, Places, Slots};
use super::{ClaimPath, JsonForm, PathElement, PathError, SdJwt, SdJwtError};

impl SdJwt {
    /// Every place that its issuer made selectively disclosable and that we can disclose, parents before what is
    /// in them; indexes are those of [`SdJwt::claims`].
    pub fn disclosable(&self) -> Vec<ClaimPath> {
        self.places().into_iter().map(|(_, path)| path).collect()
    }

    /// Chooses what these paths select: with it go the parents it needs and everything below it.
    ///
    /// What no path names stays closed. No paths at all is the least that can be presented.
    ///
    /// # Errors
    /// A path that does not fit the claims, or selects nothing.
    pub fn select(&self, paths: &[ClaimPath]) -> Result<Selection, SdJwtError> {
        let mut wanted = Vec::new();
        for path in paths {
            let before = wanted.len();
            expand(&self.claims, path.elements(), |_| false, &mut Vec::new(), &mut wanted)?;
            if wanted.len() == before {
                return Err(SdJwtError::NothingThere);
            }
        }
        // Sets, since a query may ask for every element of an array of thousands.
        let chosen: HashSet<&[PathElement]> = wanted.iter().map(ClaimPath::elements).collect();
        let above: HashSet<&[PathElement]> = chosen.iter().flat_map(|path| prefixes(path)).collect();
        let mut open = vec![false; self.disclosures().count()];
        for (index, place) in self.places() {
            let place = place.elements();
            open[index] = above.contains(place) || prefixes(place).any(|path| chosen.contains(path));
        }
        let mut text = String::with_capacity(self.marks.key_binding);
        text.push_str(self.jwt());
        text.push('~');
        for (_, disclosure) in self.disclosures().enumerate().filter(|(index, _)| open[*index]) {
            text.push_str(disclosure);
            text.push('~');
        }
        Ok(Selection {
            text,
            hash: self.hash,
            depth: self.depth,
            claims: OnceLock::new(),
        })
    }

    /// What was selected, ready to be sent or bound.
    pub fn present(&self, selection: &Selection) -> Presentation {
        Presentation {
            text: selection.text.clone(),
            hash: selection.hash,
        }
    }

    fn places(&self) -> Vec<(usize, ClaimPath)> {
        let mut places = Places::default();
        self.reprocess(Slots::Remove, &mut places);
        places.into_found()
    }
}

/// The path and those above it.
fn prefixes(path: &[PathElement]) -> impl Iterator<Item = &[PathElement]> {
    (1..=path.len()).map(|length| &path[..length])
}

/// The concrete paths that a path with wildcards selects; what is `closed` is passed over.
pub(super) fn expand(
    value: &Json,
    rest: &[PathElement],
    closed: fn(&Json) -> bool,
    at: &mut Vec<PathElement>,
    found: &mut Vec<ClaimPath>,
) -> Result<(), PathError> {
    if closed(value) {
        return Ok(());
    }
    let Some((first, rest)) = rest.split_first() else {
        found.push(ClaimPath::new(at.clone())?);
        return Ok(());
    };
    let mut step = |element: PathElement, value: &Json| {
        at.push(element);
        let result = expand(value, rest, closed, at, found);
        at.pop();
        result
    };
    match (first, value) {
        (PathElement::Key(key), Json::Object(object)) => match object.get(key) {
            Some(value) => step(first.clone(), value),
            None => Ok(()),
        },
        (PathElement::Index(index), Json::Array(items)) => match items.get(*index) {
            Some(value) => step(first.clone(), value),
            None => Ok(()),
        },
        (PathElement::All, Json::Array(items)) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| step(PathElement::Index(index), value)),
        (PathElement::Key(_), _) => Err(PathError::NotAnObject),
        (PathElement::Index(_) | PathElement::All, _) => Err(PathError::NotAnArray),
    }
}

/// A choice of disclosures of one credential.
#[derive(Clone)]
pub struct Selection {
    text: String,
    hash: HashAlgorithm,
    depth: usize,
    /// Read from `text` when it is first asked for, as the recipient will.
    claims: OnceLock<Json>,
}

impl Selection {
    /// Exactly what the recipient will read: what was chosen, and what its issuer left open for everyone.
    pub fn disclosed_claims(&self) -> &Object {
        self.disclosed_json().as_object().expect("claims are an object")
    }

    /// [`Selection::disclosed_claims`] as a JSON value, for claim paths.
    pub fn disclosed_json(&self) -> &Json {
        self.claims.get_or_init(|| {
            let mut budget = Budget::new(usize::MAX, self.depth, usize::MAX);
            SdJwt::parse(self.text.clone(), &mut budget)
                .map_or_else(|_| Json::Object(Object::new()), |selected| selected.claims)
        })
    }

    /// How many disclosures go along.
    pub fn count(&self) -> usize {
        self.text.bytes().filter(|byte| *byte == b'~').count() - 1
    }
}

impl PartialEq for Selection {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Selection {}

impl std::fmt::Debug for Selection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Selection({} disclosures)", self.count())
    }
}

/// An SD-JWT with the chosen disclosures, not yet bound to a request.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a presentation is bound, or turned into text"]
pub struct Presentation {
    text: String,
    hash: HashAlgorithm,
}

impl Presentation {
    /// The compact form without key binding, for credentials that no key is bound to.
    pub fn into_compact(self) -> String {
        self.text
    }

    /// The JSON form without key binding.
    pub fn into_json(self, form: JsonForm) -> Json {
        to_json_form(&self.text, form)
    }

    /// Binds it to a request, but for the signature (RFC 9901 §4.3).
    pub fn bind(
        self,
        nonce: &str,
        audience: &str,
        iat: Timestamp,
        handle: KeyHandle,
        key: PublicKey,
    ) -> UnboundPresentation {
        let header = Object::new().with("typ", Json::from("kb+jwt"));
        let claims = Object::new()
            .with("iat", Json::from(iat.unix()))
            .with("aud", Json::from(audience))
            .with("nonce", Json::from(nonce))
            .with("sd_hash", Json::from(Digest::new(self.hash, &self.text).as_str()));
        UnboundPresentation {
            text: self.text,
            jws: UnsignedJws::new(key.algorithm(), header, claims.to_string()),
            handle,
            key,
        }
    }
}

impl std::fmt::Debug for Presentation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Presentation({} bytes)", self.text.len())
    }
}

/// A presentation that only lacks the signature of the holder's key.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a presentation is nothing without its signature"]
pub struct UnboundPresentation {
    text: String,
    jws: UnsignedJws,
    handle: KeyHandle,
    key: PublicKey,
}

impl UnboundPresentation {
    /// What the holder's key must sign.
    pub fn signing_request(&self) -> SigningRequest {
        let message = self.jws.signing_input().to_vec();
        SigningRequest::new(self.handle.clone(), self.key.clone(), message)
    }

    /// The compact form with key binding: `JWT~D1~…~Dn~KB`.
    pub fn with_signature(self, signature: &[u8]) -> String {
        let mut text = self.text;
        text.push_str(&self.jws.with_signature(signature));
        text
    }

    /// The JSON form with key binding.
    pub fn with_signature_json(self, signature: &[u8], form: JsonForm) -> Json {
        to_json_form(&self.with_signature(signature), form)
    }
}

impl std::fmt::Debug for UnboundPresentation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UnboundPresentation({} bytes)", self.text.len())
    }
}
