//! Multikey (Controlled Identifiers 1.0 §2.2.2): a public key as base58btc of its multicodec prefix and its bytes.

use std::fmt;

use super::PublicKey;
use crate::codec::MultibaseError;
use crate::codec::multibase;
use crate::crypto::{BadKey, Curve, VerifyingKey};

/// Multicodec of an Ed25519 public key.
pub const ED25519_PUB: u64 = 0xed;
/// Multicodec of a compressed BLS12-381 key in G2.
pub const BLS12_381_G2_PUB: u64 = 0xeb;
/// Multicodec of an X25519 public key.
pub const X25519_PUB: u64 = 0xec;
/// Multicodec of a compressed secp256k1 public key.
pub const SECP256K1_PUB: u64 = 0xe7;
/// Multicodec of a compressed P-256 public key.
pub const P256_PUB: u64 = 0x1200;
/// Multicodec of a compressed P-384 public key.
pub const P384_PUB: u64 = 0x1201;
/// Multicodec of a compressed P-521 public key.
pub const P521_PUB: u64 = 0x1202;

/// The multicodecs of private keys run from here (Ed25519) …
const FIRST_PRIVATE: u64 = 0x1300;
/// … to here (SM2).
const LAST_PRIVATE: u64 = 0x1310;
/// A compressed point of G2 (draft-irtf-cfrg-pairing-friendly-curves, appendix C).
const G2_LENGTH: usize = 96;

/// A public key out of a Multikey.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Multikey {
    /// A compressed point of BLS12-381 in G2: its form is checked here, the point by whoever has the curve.
    Bls12381G2(Vec<u8>),
    /// A key of signatures that are checked here.
    Signature(PublicKey),
}

impl Multikey {
    /// Reads `publicKeyMultibase`. Only one text is taken for a key: base58btc, shortest prefix, compressed point.
    pub fn parse(text: &str) -> Result<Self, MultikeyError> {
        let bytes = multibase::decode_base58btc(text).map_err(MultikeyError::Multibase)?;
        let (codec, key) = codec(&bytes)?;
        let curve = match codec {
            BLS12_381_G2_PUB => return bls12_381_g2(key),
            ED25519_PUB => Curve::Ed25519,
            P256_PUB => Curve::P256,
            P384_PUB => Curve::P384,
            FIRST_PRIVATE..=LAST_PRIVATE => return Err(MultikeyError::Private),
            codec => return Err(MultikeyError::Unsupported { codec }),
        };
        let expected = compressed_length(curve);
        if key.len() != expected {
            return Err(MultikeyError::Length {
                length: key.len(),
                expected,
            });
        }
        if curve == Curve::Ed25519 && !is_reduced(key) {
            return Err(MultikeyError::NotCanonical);
        }
        let key = VerifyingKey::new(curve, key).map_err(|BadKey| MultikeyError::NotOnCurve)?;
        Ok(Self::Signature(PublicKey::new(key)))
    }

    /// Reads the 32 bytes of an Ed25519 key as old key types have it, without a prefix.
    pub fn from_ed25519(key: &[u8]) -> Result<Self, MultikeyError> {
        let codec = [0xed, 0x01];
        Self::parse(&multibase::encode_base58btc([codec.as_slice(), key].concat()))
    }

    /// Writes `publicKeyMultibase`; keys on curves for which [`Multikey::parse`] has no name are refused.
    pub fn encode(&self) -> Result<String, MultikeyError> {
        let (codec, key): (u64, Vec<u8>) = match self {
            Self::Bls12381G2(point) => (BLS12_381_G2_PUB, point.clone()),
            Self::Signature(key) => {
                let point = key.verifying_key().point();
                match key.verifying_key().curve() {
                    Curve::Ed25519 => (ED25519_PUB, point.to_vec()),
                    Curve::P256 => (P256_PUB, compress(point)),
                    Curve::P384 => (P384_PUB, compress(point)),
                    Curve::P521 => return Err(MultikeyError::Unsupported { codec: P521_PUB }),
                    _ => return Err(MultikeyError::NoCodec),
                }
            }
        };
        let mut bytes = Vec::with_capacity(2 + key.len());
        let mut rest = codec;
        loop {
            let low = u8::try_from(rest & 0x7f).expect("seven bits");
            rest >>= 7;
            if rest == 0 {
                bytes.push(low);
                break;
            }
            bytes.push(low | 0x80);
        }
        bytes.extend_from_slice(&key);
        Ok(multibase::encode_base58btc(bytes))
    }
}

/// The multicodec prefix, an unsigned varint of at most nine bytes and no longer than it needs to be.
fn codec(bytes: &[u8]) -> Result<(u64, &[u8]), MultikeyError> {
    let mut value = 0;
    for (position, byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            if *byte == 0 && position > 0 {
                return Err(MultikeyError::NotCanonical);
            }
            return Ok((value, &bytes[position + 1..]));
        }
    }
    Err(MultikeyError::NotCanonical)
}

fn compressed_length(curve: Curve) -> usize {
    match curve {
        Curve::Ed25519 => 32,
        other => 1 + other.coordinate_length(),
    }
}

/// SEC 1 §2.3.3: the parity of y in front of x.
fn compress(point: &[u8]) -> Vec<u8> {
    let (x, y) = point[1..].split_at((point.len() - 1) / 2);
    let parity = y.last().map_or(0, |byte| byte & 1);
    [&[2 | parity], x].concat()
}

/// RFC 8032 §5.1.3: y is below 2^255 - 19, else another text is the same key.
fn is_reduced(key: &[u8]) -> bool {
    let high = key[31] & 0x7f == 0x7f && key[1..31].iter().all(|byte| *byte == 0xff);
    !(high && key[0] >= 0xed)
}

/// Flags of a serialised point: compressed, and not the point at infinity.
fn bls12_381_g2(key: &[u8]) -> Result<Multikey, MultikeyError> {
    if key.len() != G2_LENGTH {
        return Err(MultikeyError::Length {
            length: key.len(),
            expected: G2_LENGTH,
        });
    }
    if key[0] & 0xc0 != 0x80 {
        return Err(MultikeyError::NotOnCurve);
    }
    Ok(Multikey::Bls12381G2(key.to_vec()))
}

/// A Multikey that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MultikeyError {
    /// As many bytes as no compressed key of its kind has.
    Length {
        /// How many there are.
        length: usize,
        /// How many there should be.
        expected: usize,
    },
    /// Not base58btc.
    Multibase(MultibaseError),
    /// No multicodec names keys on this curve.
    NoCodec,
    /// Another text than this stands for the same key.
    NotCanonical,
    /// The bytes are no public key on the curve.
    NotOnCurve,
    /// A private key in a public place: it is leaked.
    Private,
    /// A key of a kind that is not supported here.
    Unsupported {
        /// Its multicodec.
        codec: u64,
    },
}

impl MultikeyError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "multikey.length",
            Self::Multibase(error) => error.code(),
            Self::NoCodec => "multikey.no_codec",
            Self::NotCanonical => "multikey.not_canonical",
            Self::NotOnCurve => "multikey.not_on_curve",
            Self::Private => "multikey.private",
            Self::Unsupported { .. } => "multikey.unsupported",
        }
    }
}

impl fmt::Display for MultikeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { length, expected } => {
                write!(f, "key has {length} bytes, a compressed one of its kind has {expected}")
            }
            Self::Multibase(error) => error.fmt(f),
            Self::NoCodec => f.write_str("keys on this curve have no multicodec"),
            Self::NotCanonical => f.write_str("key is not in its canonical form"),
            Self::NotOnCurve => f.write_str("key is not a point on its curve"),
            Self::Private => f.write_str("key is a private one"),
            Self::Unsupported { codec } => write!(f, "keys of multicodec {codec:#x} are not supported"),
        }
    }
}

impl std::error::Error for MultikeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys of the test vectors of vc-di-eddsa, vc-di-ecdsa and did:key.
    const KEYS: [&str; 4] = [
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
        "zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP",
        "z82LkuBieyGShVBhvtE2zoiD6Kma4tJGFtkAhxR5pfkp5QPw4LutoYWhvQCnGjdVn14kujQ",
        "zUC7DerdEmfZ8f4pFajXgGwJoMkV1ofMTmEG5UoNvnWiPiLuGKNeqgRpLH2TV4Xe5mJ2cXV76gRN7LFQwapF1VFu6x2yrr5ci1mXqC1WNUrnHnLgvfZfMH7h6xP6qsf9EKRQrPQ",
    ];

    #[test]
    fn reads_what_it_writes() {
        for text in KEYS {
            assert_eq!(Multikey::parse(text).and_then(|key| key.encode()).as_deref(), Ok(text));
        }
    }

    fn mutated(text: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut bytes = multibase::decode(text).unwrap();
        change(&mut bytes);
        multibase::encode_base58btc(bytes)
    }

    #[test]
    fn refuses_any_other_text_for_a_key() {
        let [ed25519, p256, p384, g2] = KEYS;
        for (text, code) in [
            (ed25519.replacen('z', "m", 1), "multibase.prefix"),
            (
                multibase::encode_base64url(multibase::decode(ed25519).unwrap()),
                "multibase.prefix",
            ),
            (mutated(ed25519, |bytes| bytes.truncate(33)), "multikey.length"),
            (mutated(ed25519, |bytes| bytes[0] = 0xec), "multikey.unsupported"),
            (
                mutated(p256, |bytes| bytes.splice(..2, [0xe7, 0x01]).for_each(drop)),
                "multikey.unsupported",
            ),
            (mutated(p256, |bytes| bytes[0] = 0x82), "multikey.unsupported"),
            (
                mutated(ed25519, |bytes| bytes.splice(..2, [0x80, 0x26]).for_each(drop)),
                "multikey.private",
            ),
            (
                mutated(ed25519, |bytes| bytes.splice(1..2, [0x81, 0x00]).for_each(drop)),
                "multikey.not_canonical",
            ),
            (
                mutated(ed25519, |bytes| {
                    bytes
                        .splice(2.., [[0xee].as_slice(), &[0xff; 30], &[0x7f]].concat())
                        .for_each(drop);
                }),
                "multikey.not_canonical",
            ),
            (mutated(p256, |bytes| bytes[2] = 4), "multikey.not_on_curve"),
            (mutated(p384, |bytes| bytes[3..].fill(0xff)), "multikey.not_on_curve"),
            (mutated(p384, |bytes| bytes[0] = 0x80), "multikey.length"),
            (mutated(g2, |bytes| bytes[2] = 0xc0), "multikey.not_on_curve"),
            (mutated(g2, |bytes| bytes.push(0)), "multikey.length"),
        ] {
            assert_eq!(
                Multikey::parse(&text).map_err(|error| error.code()),
                Err(code),
                "{text}"
            );
        }
    }
}
