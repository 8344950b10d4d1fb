//! Whether a credential keeps the rules of its type (SD-JWT VC §9).

use crate::codec::Json;

use super::resolve::ResolvedType;
use super::{ClaimPath, PathElement, PathError, SdJwt, SdRule, TypeMetadataError};

/// Who checks: a verifier sees what was disclosed, and cannot tell what is missing from what is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a credential is read by the one or the other")]
pub enum Reader {
    /// The holder, who has all disclosures.
    Holder,
    /// A verifier.
    Verifier,
}

impl ResolvedType {
    /// Checks the claims of a credential of this type. Indexes count elements that are not disclosed.
    pub fn check(&self, credential: &SdJwt, reader: Reader) -> Result<(), TypeMetadataError> {
        if credential.vct() != self.vct() {
            return Err(TypeMetadataError::OtherType);
        }
        let (claims, selective) = credential.with_slots();
        for claim in self.claims() {
            let mut found = Vec::new();
            select(&claims, claim.path.elements(), &mut Vec::new(), &mut found)?;
            let rule = claim.sd.unwrap_or(SdRule::Allowed);
            // SD-JWT VC §9.2: a verifier must not take a closed claim for a missing one.
            let must_show = reader == Reader::Holder || rule == SdRule::Never;
            if claim.mandatory == Some(true) && found.is_empty() && must_show {
                return Err(TypeMetadataError::MandatoryMissing(claim.path.clone()));
            }
            for place in found {
                let is_selective = selective.contains(&place);
                if (rule == SdRule::Always && !is_selective) || (rule == SdRule::Never && is_selective) {
                    return Err(TypeMetadataError::SelectivityBroken(claim.path.clone()));
                }
            }
        }
        Ok(())
    }
}

/// The places that a path selects; elements that are not disclosed are passed over.
fn select(
    value: &Json,
    rest: &[PathElement],
    at: &mut Vec<PathElement>,
    found: &mut Vec<ClaimPath>,
) -> Result<(), PathError> {
    if is_closed_slot(value) {
        return Ok(());
    }
    let Some((first, rest)) = rest.split_first() else {
        found.push(ClaimPath::new(at.clone())?);
        return Ok(());
    };
    let mut step = |element: PathElement, value: &Json| {
        at.push(element);
        let result = select(value, rest, at, found);
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

fn is_closed_slot(value: &Json) -> bool {
    value.get("...").is_some()
}
