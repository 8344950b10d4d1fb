//! What opens a store, and how it wraps the keys inside.

use std::fmt;

use zeroize::Zeroizing;

use super::StoreError;
use crate::crypto::{Random, StretchCost, hkdf_sha256, random_bytes, stretch_passphrase};

/// What opens a store or a backup.
pub struct Unlock(Secret);

enum Secret {
    Key(Zeroizing<[u8; 32]>),
    Passphrase(Zeroizing<String>, StretchCost),
}

impl Unlock {
    /// A random key that the platform's key store keeps.
    pub fn key(key: impl Into<Zeroizing<[u8; 32]>>) -> Self {
        Self(Secret::Key(key.into()))
    }

    /// A passphrase, taken byte for byte; Argon2id makes each guess cost 64 MiB and three passes.
    pub fn passphrase(text: impl Into<Zeroizing<String>>) -> Self {
        Self::passphrase_at_cost(text, StretchCost::default())
    }

    /// A passphrase with a chosen cost of wrapping. Opening takes the cost that is written in the file.
    pub fn passphrase_at_cost(text: impl Into<Zeroizing<String>>, cost: StretchCost) -> Self {
        Self(Secret::Passphrase(text.into(), cost))
    }
}

impl fmt::Debug for Unlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Secret::Key(_) => "Unlock(key, redacted)",
            Secret::Passphrase(..) => "Unlock(passphrase, redacted)",
        })
    }
}

/// How a key is wrapped; stands in clear beside it, and is bound to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrapping {
    /// Without a cost a key wraps, else a passphrase at this cost.
    pub(super) cost: Option<StretchCost>,
    pub(super) salt: [u8; 16],
}

impl Wrapping {
    /// A fresh wrapping of the kind that `unlock` opens.
    pub(super) fn new(unlock: &Unlock, random: &mut dyn Random) -> Self {
        let cost = match unlock.0 {
            Secret::Key(_) => None,
            Secret::Passphrase(_, cost) => Some(cost),
        };
        Self {
            cost,
            salt: random_bytes(random),
        }
    }

    /// The key that `unlock` gives for this wrapping.
    pub(super) fn key(&self, unlock: &Unlock) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        match (&unlock.0, self.cost) {
            (Secret::Key(key), None) => Ok(sub_key(key, &self.salt, b"mappe store wrapping")),
            (Secret::Passphrase(text, _), Some(cost)) => {
                if text.is_empty() {
                    return Err(StoreError::EmptyPassphrase);
                }
                let out_of_range = StoreError::CostOutOfRange {
                    memory: cost.memory,
                    passes: cost.passes,
                };
                // Whoever can write the file chooses the numbers: opening it must not exhaust a phone.
                if cost.memory > MOST_MEMORY || cost.passes > MOST_PASSES {
                    return Err(out_of_range);
                }
                stretch_passphrase(text.as_bytes(), &self.salt, cost).ok_or(out_of_range)
            }
            (Secret::Key(_), Some(_)) | (Secret::Passphrase(..), None) => Err(StoreError::WrongKey),
        }
    }

    /// The clear text form: a mode byte, the cost, the salt. Serves as associated data.
    pub(super) fn encode(&self) -> [u8; Self::LENGTH] {
        let cost = self.cost.unwrap_or(StretchCost::new(0, 0));
        let mut out = [0; Self::LENGTH];
        out[0] = u8::from(self.cost.is_some());
        out[1..5].copy_from_slice(&cost.memory.to_be_bytes());
        out[5..9].copy_from_slice(&cost.passes.to_be_bytes());
        out[9..].copy_from_slice(&self.salt);
        out
    }

    /// Reads what [`Wrapping::encode`] wrote.
    pub(super) fn parse(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let cost = match (bytes[0], number(1)?, number(5)?) {
            (0, 0, 0) => None,
            (1, memory, passes) => Some(StretchCost::new(memory, passes)),
            _ => return None,
        };
        Some(Self {
            cost,
            salt: bytes[9..].try_into().ok()?,
        })
    }

    /// Length of the clear text form.
    pub(super) const LENGTH: usize = 25;
}

/// 512 MiB: eight times the default, which leaves room to raise it.
const MOST_MEMORY: u32 = 512 << 10;
const MOST_PASSES: u32 = 16;

/// Derives a sub-key from a strong key.
pub(super) fn sub_key(key: &[u8; 32], salt: &[u8], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    let derived = hkdf_sha256(key, salt, purpose, out.as_mut_slice());
    debug_assert!(derived, "32 bytes are within the range of HKDF");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Unlock {
        Unlock::passphrase_at_cost(text.to_owned(), StretchCost::new(8, 1))
    }

    #[test]
    fn a_wrapping_reads_back() {
        for cost in [None, Some(StretchCost::default())] {
            let wrapping = Wrapping { cost, salt: [9; 16] };
            assert_eq!(Wrapping::parse(&wrapping.encode()), Some(wrapping));
        }
        let mut unknown = Wrapping {
            cost: None,
            salt: [9; 16],
        }
        .encode();
        unknown[0] = 2;
        assert_eq!(Wrapping::parse(&unknown), None);
    }

    #[test]
    fn a_cost_from_the_file_is_bounded() {
        for (memory, passes) in [(MOST_MEMORY + 1, 1), (8, MOST_PASSES + 1), (7, 1), (8, 0)] {
            let wrapping = Wrapping {
                cost: Some(StretchCost::new(memory, passes)),
                salt: [0; 16],
            };
            let expected = StoreError::CostOutOfRange { memory, passes };
            assert_eq!(wrapping.key(&passphrase("right")), Err(expected));
        }
    }

    #[test]
    fn an_empty_passphrase_is_refused() {
        let wrapping = Wrapping {
            cost: Some(StretchCost::new(8, 1)),
            salt: [0; 16],
        };
        assert_eq!(wrapping.key(&passphrase("")), Err(StoreError::EmptyPassphrase));
    }

    #[test]
    fn secrets_are_not_printed() {
        assert_eq!(format!("{:?}", passphrase("right")), "Unlock(passphrase, redacted)");
        assert_eq!(format!("{:?}", Unlock::key([1; 32])), "Unlock(key, redacted)");
    }
}
