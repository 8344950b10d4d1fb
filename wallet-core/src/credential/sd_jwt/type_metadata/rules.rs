//! Whether a credential keeps the rules of its type (SD-JWT VC §9).

use crate::codec::Json;

use super::resolve::ResolvedType;
use super::{SdJwt, SdRule, TypeMetadataError};
use crate::credential::sd_jwt::present::expand;

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
            expand(
                &claims,
                claim.path.elements(),
                is_closed_slot,
                &mut Vec::new(),
                &mut found,
            )?;
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

/// An array element that is not disclosed.
fn is_closed_slot(value: &Json) -> bool {
    value.get("...").is_some()
}
