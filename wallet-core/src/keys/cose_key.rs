//! `COSE_Key` (RFC 9052 §7) of EC2 and OKP keys (RFC 9053 §7), public halves only.

use std::fmt;

use super::PublicKey;
use crate::codec::Budget;
use crate::codec::cbor::{Cbor, CborError, CborValue};
use crate::crypto::{BadKey, Curve, VerifyingKey};

const KTY: i64 = 1;
const ALG: i64 = 3;
const CRV: i64 = -1;
const X: i64 = -2;
const Y: i64 = -3;
const D: i64 = -4;

const OKP: i64 = 1;
const EC2: i64 = 2;

/// The registered curves: IANA "COSE Elliptic Curves", those of Brainpool by ISO/IEC 18013-5.
const CURVES: &[(i64, i64, Curve)] = &[
    (EC2, 1, Curve::P256),
    (EC2, 2, Curve::P384),
    (EC2, 3, Curve::P521),
    (OKP, 6, Curve::Ed25519),
    (EC2, 256, Curve::BrainpoolP256r1),
    (EC2, 258, Curve::BrainpoolP384r1),
];

impl PublicKey {
    /// Parses an encoded `COSE_Key`.
    pub fn parse_cose_key(bytes: &[u8], budget: &mut Budget) -> Result<Self, CoseKeyError> {
        Self::from_cose_key(&Cbor::parse(bytes, budget)?)
    }

    /// Reads a `COSE_Key`. Members that say what the key is for are not part of it.
    pub fn from_cose_key(key: &Cbor<'_>) -> Result<Self, CoseKeyError> {
        if key.as_map().is_none() {
            return Err(CoseKeyError::NotAMap);
        }
        // A private member in a public place is a leaked key.
        if key.get_int(D).is_some() {
            return Err(CoseKeyError::PrivateMember);
        }
        let member = |label| key.get_int(label).ok_or(CoseKeyError::Missing(label));
        let number = |label| match member(label)? {
            // RFC 9052 §7.1, RFC 9053 §7.1: a name instead of a number is one that nobody has registered.
            value if value.as_str().is_some() => Err(CoseKeyError::UnsupportedType),
            value => value.as_i64().ok_or(CoseKeyError::BadMember(label)),
        };
        let bytes = |label| member(label)?.as_bytes().ok_or(CoseKeyError::BadMember(label));
        if key
            .get_int(ALG)
            .is_some_and(|alg| alg.as_i64().is_none() && alg.as_str().is_none())
        {
            return Err(CoseKeyError::BadMember(ALG));
        }
        let kty = number(KTY)?;
        if kty != OKP && kty != EC2 {
            return Err(CoseKeyError::UnsupportedType);
        }
        let crv = number(CRV)?;
        let known = CURVES.iter().find(|(of, id, _)| (*of, *id) == (kty, crv));
        let curve = known.ok_or(CoseKeyError::UnsupportedType)?.2;
        let x = bytes(X)?;
        // RFC 9053 §7.1.1: the length is that of the field, leading zeros kept.
        let length = curve.coordinate_length();
        if x.len() != length {
            return Err(CoseKeyError::BadMember(X));
        }
        let point = match (kty, member(Y)) {
            (OKP, _) => x.to_vec(),
            (_, Err(error)) => return Err(error),
            (_, Ok(y)) => match (y.as_bool(), y.as_bytes()) {
                // The sign bit alone: the point is compressed.
                (Some(sign), _) => [&[2 + u8::from(sign)], x].concat(),
                (_, Some(y)) if y.len() == length => [&[4], x, y].concat(),
                _ => return Err(CoseKeyError::BadMember(Y)),
            },
        };
        VerifyingKey::new(curve, &point)
            .map(Self::new)
            .map_err(|BadKey| CoseKeyError::NotOnCurve)
    }

    /// The `COSE_Key` with the required members only, the point uncompressed (ISO/IEC 18013-5 §9.1.2.4).
    pub fn to_cose_key(&self) -> CborValue {
        let key = self.verifying_key();
        let (kty, crv, _) = CURVES
            .iter()
            .find(|(_, _, curve)| *curve == key.curve())
            .expect("every curve is in the table");
        let mut pairs = vec![(KTY, CborValue::from(*kty)), (CRV, CborValue::from(*crv))];
        if *kty == OKP {
            pairs.push((X, CborValue::bytes(key.point())));
        } else {
            let (x, y) = key.point()[1..].split_at(key.curve().coordinate_length());
            pairs.push((X, CborValue::bytes(x)));
            pairs.push((Y, CborValue::bytes(y)));
        }
        CborValue::map(pairs)
    }
}

/// A `COSE_Key` that is not a usable key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CoseKeyError {
    /// The member of this label does not hold what it should.
    BadMember(i64),
    /// Not acceptable CBOR.
    Cbor(CborError),
    /// The member of this label is missing.
    Missing(i64),
    /// Not a map.
    NotAMap,
    /// A point off its curve, or of small order.
    NotOnCurve,
    /// A private member where a public key belongs.
    PrivateMember,
    /// A key type or curve that is not supported.
    UnsupportedType,
}

impl CoseKeyError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadMember(_) => "cose_key.bad_member",
            Self::Cbor(error) => error.code(),
            Self::Missing(_) => "cose_key.member_missing",
            Self::NotAMap => "cose_key.not_a_map",
            Self::NotOnCurve => "cose_key.not_on_curve",
            Self::PrivateMember => "cose_key.private_member",
            Self::UnsupportedType => "cose_key.unsupported_type",
        }
    }
}

impl From<CborError> for CoseKeyError {
    fn from(error: CborError) -> Self {
        Self::Cbor(error)
    }
}

impl fmt::Display for CoseKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadMember(label) => write!(f, "member {label} of the key is malformed"),
            Self::Cbor(error) => error.fmt(f),
            Self::Missing(label) => write!(f, "the key has no member {label}"),
            Self::NotAMap => f.write_str("a COSE key is a map"),
            Self::NotOnCurve => f.write_str("the key is not a point of its curve"),
            Self::PrivateMember => f.write_str("a public key carries private members"),
            Self::UnsupportedType => f.write_str(
                "key type or curve is not supported (P-256, P-384, P-521, Brainpool P256r1 and P384r1, Ed25519 are)",
            ),
        }
    }
}

impl std::error::Error for CoseKeyError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{Random, SigningKey};

    struct Counter(u8);

    impl Random for Counter {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                self.0 = self.0.wrapping_add(1);
                *byte = self.0;
            }
        }
    }

    fn read(value: &CborValue) -> Result<PublicKey, CoseKeyError> {
        PublicKey::parse_cose_key(&value.encode(), &mut Budget::default())
    }

    fn key(curve: Curve) -> PublicKey {
        PublicKey::from(&SigningKey::generate(curve, &mut Counter(0)))
    }

    /// The key with one member set, or taken away.
    fn with(curve: Curve, label: i64, value: Option<CborValue>) -> Result<PublicKey, CoseKeyError> {
        let CborValue::Map(mut pairs) = key(curve).to_cose_key() else {
            panic!("a map")
        };
        pairs.retain(|(name, _)| *name != CborValue::from(label));
        pairs.extend(value.map(|value| (CborValue::from(label), value)));
        read(&CborValue::Map(pairs))
    }

    #[test]
    fn every_curve_reads_what_it_writes() {
        for (_, _, curve) in CURVES {
            let key = key(*curve);
            assert_eq!(read(&key.to_cose_key()), Ok(key.clone()), "{curve:?}");
            if *curve != Curve::Ed25519 {
                let sign = key.verifying_key().point()[2 * curve.coordinate_length()] & 1 == 1;
                assert_eq!(
                    with(*curve, Y, Some(CborValue::from(sign))),
                    Ok(key.clone()),
                    "{curve:?}"
                );
                assert_ne!(with(*curve, Y, Some(CborValue::from(!sign))), Ok(key), "{curve:?}");
            }
        }
    }

    #[test]
    fn every_member_is_checked() {
        use CoseKeyError::{BadMember, Missing, NotOnCurve, PrivateMember, UnsupportedType};
        let number = |number: i64| Some(CborValue::from(number));
        let bytes = |length: usize| Some(CborValue::Bytes(vec![1; length]));
        for (label, value, error) in [
            (KTY, None, Missing(KTY)),
            (KTY, number(OKP), UnsupportedType),
            (KTY, number(4), UnsupportedType),
            (KTY, Some(CborValue::from("EC2")), UnsupportedType),
            (KTY, bytes(1), BadMember(KTY)),
            (ALG, bytes(1), BadMember(ALG)),
            (CRV, None, Missing(CRV)),
            (CRV, number(7), UnsupportedType),
            (CRV, number(257), UnsupportedType),
            (CRV, number(259), UnsupportedType),
            (CRV, number(256), NotOnCurve),
            (CRV, number(2), BadMember(X)),
            (X, None, Missing(X)),
            (X, Some(CborValue::from("x")), BadMember(X)),
            (X, bytes(31), BadMember(X)),
            (X, bytes(33), BadMember(X)),
            (X, bytes(32), NotOnCurve),
            (Y, None, Missing(Y)),
            (Y, bytes(31), BadMember(Y)),
            (Y, bytes(32), NotOnCurve),
            (Y, number(1), BadMember(Y)),
            (D, bytes(32), PrivateMember),
        ] {
            assert_eq!(with(Curve::P256, label, value.clone()), Err(error), "{label} {value:?}");
        }
        assert_eq!(with(Curve::P256, 2, bytes(2)), Ok(key(Curve::P256)), "a key id");
        assert_eq!(with(Curve::Ed25519, D, bytes(32)), Err(PrivateMember));
        assert_eq!(with(Curve::Ed25519, X, bytes(31)), Err(BadMember(X)));
        assert_eq!(read(&CborValue::Array(Vec::new())), Err(CoseKeyError::NotAMap));
        let twice = [&[0xa2, 1, 2, 1][..], &[2]].concat();
        assert_eq!(
            PublicKey::parse_cose_key(&twice, &mut Budget::default()).map_err(|error| error.code()),
            Err("cbor.duplicate_key")
        );
    }
}
