//! Integrity values (W3C Subresource Integrity §3; SD-JWT VC §7).

use crate::codec::base64url;
use crate::crypto::HashAlgorithm;

use super::TypeMetadataError;

/// The digests that a document must have: of those with the strongest algorithm, one must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integrity {
    algorithm: HashAlgorithm,
    digests: Vec<Vec<u8>>,
}

impl Integrity {
    /// Parses an integrity value: `sha256-…`, several separated by white space. Unknown algorithms are passed over;
    /// where none is known the document could not be checked, and is refused.
    pub fn parse(text: &str) -> Result<Self, TypeMetadataError> {
        let mut strongest: Option<Self> = None;
        for item in text.split_ascii_whitespace() {
            let (name, rest) = item.split_once('-').ok_or(TypeMetadataError::IntegritySyntax)?;
            let algorithm = match name {
                "sha256" => HashAlgorithm::Sha256,
                "sha384" => HashAlgorithm::Sha384,
                "sha512" => HashAlgorithm::Sha512,
                _ => continue,
            };
            // W3C SRI §3.1: options may follow, and none is defined.
            let digest = rest.split('?').next().unwrap_or(rest);
            let digest = base64url::decode_standard(digest).map_err(|_| TypeMetadataError::IntegritySyntax)?;
            if digest.len() != algorithm.length() {
                return Err(TypeMetadataError::IntegritySyntax);
            }
            match &mut strongest {
                Some(best) if best.algorithm == algorithm => best.digests.push(digest),
                Some(best) if best.algorithm > algorithm => {}
                _ => {
                    strongest = Some(Self {
                        algorithm,
                        digests: vec![digest],
                    });
                }
            }
        }
        strongest.ok_or(TypeMetadataError::IntegrityAlgorithm)
    }

    /// Checks a document as it was received.
    pub fn check(&self, document: &[u8]) -> Result<(), TypeMetadataError> {
        if self.digests.contains(&self.algorithm.digest(document)) {
            Ok(())
        } else {
            Err(TypeMetadataError::IntegrityMismatch)
        }
    }

    /// The integrity value of a document, for whoever publishes it.
    pub fn of(document: &[u8]) -> String {
        let digest = HashAlgorithm::Sha256.digest(document);
        format!("sha256-{}", base64url::encode_standard(digest))
    }
}
