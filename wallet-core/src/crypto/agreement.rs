//! Key agreement: ECDH (RFC 7518 §4.6, HAIP 1.0 §5; ISO/IEC 18013-5 §9.1.1.4 on every curve that signs with ECDSA).

use std::fmt;

use bp256::BrainpoolP256r1;
use bp384::BrainpoolP384r1;
use p256::NistP256;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::elliptic_curve::{PublicKey, SecretKey};
use p384::NistP384;
use p521::NistP521;
use zeroize::Zeroizing;

use super::signature::draw_scalar;
use super::{BadKey, Curve, Random, VerifyingKey, random_bytes};

/// A private key for key agreement; wiped when dropped.
pub struct AgreementKey {
    curve: Curve,
    secret: Box<dyn EcdhSecret>,
}

impl AgreementKey {
    /// Draws a key on P-256.
    pub fn generate(random: &mut dyn Random) -> Self {
        loop {
            // Less than one draw in 2^32 is not a scalar.
            let bytes = Zeroizing::new(random_bytes::<32>(random));
            if let Ok(key) = Self::from_bytes(bytes.as_slice()) {
                return key;
            }
        }
    }

    /// Draws a key on `curve`; Ed25519 agrees on nothing.
    pub fn generate_on(curve: Curve, random: &mut dyn Random) -> Result<Self, BadKey> {
        if curve == Curve::Ed25519 {
            return Err(BadKey);
        }
        loop {
            if let Ok(key) = Self::from_bytes_on(curve, &draw_scalar(curve, random)) {
                return Ok(key);
            }
        }
    }

    /// Reads the big-endian scalar of a key on P-256.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadKey> {
        Self::from_bytes_on(Curve::P256, bytes)
    }

    /// Reads the big-endian scalar of a key on `curve`.
    pub fn from_bytes_on(curve: Curve, bytes: &[u8]) -> Result<Self, BadKey> {
        macro_rules! secret {
            ($type:ty) => {
                Box::new(SecretKey::<$type>::from_slice(bytes).map_err(|_| BadKey)?)
            };
        }
        let secret: Box<dyn EcdhSecret> = match curve {
            _ if bytes.len() != curve.coordinate_length() => return Err(BadKey),
            Curve::BrainpoolP256r1 => secret!(BrainpoolP256r1),
            Curve::BrainpoolP384r1 => secret!(BrainpoolP384r1),
            Curve::Ed25519 => return Err(BadKey),
            Curve::P256 => secret!(NistP256),
            Curve::P384 => secret!(NistP384),
            Curve::P521 => secret!(NistP521),
        };
        Ok(Self { curve, secret })
    }

    /// The curve.
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// The big-endian scalar, for sealing.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.secret.scalar()
    }

    /// The public point, uncompressed (SEC 1 §2.3.3).
    pub fn public_point(&self) -> Vec<u8> {
        self.secret.point()
    }

    /// The public half.
    pub fn public_key(&self) -> VerifyingKey {
        VerifyingKey::new(self.curve, &self.public_point()).expect("the public half of a private key is valid")
    }
}

impl fmt::Debug for AgreementKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgreementKey({:?}, redacted)", self.curve)
    }
}

/// A private key of `RustCrypto`, whatever its curve; it wipes itself.
trait EcdhSecret: Send + Sync {
    fn scalar(&self) -> Zeroizing<Vec<u8>>;
    fn point(&self) -> Vec<u8>;
    /// The x coordinate of the shared point; a point off the curve is refused.
    fn agree(&self, theirs: &[u8]) -> Result<Zeroizing<Vec<u8>>, BadKey>;
}

macro_rules! ecdh_on {
    ($type:ty) => {
        impl EcdhSecret for SecretKey<$type> {
            fn scalar(&self) -> Zeroizing<Vec<u8>> {
                Zeroizing::new(self.to_bytes().to_vec())
            }

            fn point(&self) -> Vec<u8> {
                self.public_key().to_sec1_point(false).as_bytes().to_vec()
            }

            fn agree(&self, theirs: &[u8]) -> Result<Zeroizing<Vec<u8>>, BadKey> {
                let theirs = PublicKey::<$type>::from_sec1_bytes(theirs).map_err(|_| BadKey)?;
                let shared = self.diffie_hellman(&theirs);
                Ok(Zeroizing::new(shared.raw_secret_bytes().to_vec()))
            }
        }
    };
}

ecdh_on!(BrainpoolP256r1);
ecdh_on!(BrainpoolP384r1);
ecdh_on!(NistP256);
ecdh_on!(NistP384);
ecdh_on!(NistP521);

/// The shared secret of `own` and the public key `theirs`, as long as a coordinate; keys on two curves share none.
pub fn agree(own: &AgreementKey, theirs: &VerifyingKey) -> Result<Zeroizing<Vec<u8>>, BadKey> {
    if own.curve != theirs.curve() {
        return Err(BadKey);
    }
    own.secret.agree(theirs.point())
}

/// The shared secret of `own` on P-256 and the public point `theirs`; points off the curve are refused.
pub fn agree_p256(own: &AgreementKey, theirs: &[u8]) -> Result<Zeroizing<[u8; 32]>, BadKey> {
    if own.curve != Curve::P256 {
        return Err(BadKey);
    }
    let shared = own.secret.agree(theirs)?;
    Ok(Zeroizing::new(shared.as_slice().try_into().map_err(|_| BadKey)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counter(u8);

    impl Random for Counter {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                self.0 = self.0.wrapping_add(1);
                *byte = self.0;
            }
        }
    }

    #[test]
    fn both_sides_agree_on_every_curve() {
        let mut keys = Vec::new();
        for curve in [
            Curve::BrainpoolP256r1,
            Curve::BrainpoolP384r1,
            Curve::P256,
            Curve::P384,
            Curve::P521,
        ] {
            let (one, two) = (&mut Counter(1), &mut Counter(99));
            let one = AgreementKey::generate_on(curve, one).unwrap();
            let two = AgreementKey::generate_on(curve, two).unwrap();
            let shared = agree(&one, &two.public_key()).unwrap();
            assert_eq!(Ok(&shared), agree(&two, &one.public_key()).as_ref(), "{curve:?}");
            assert_eq!(shared.len(), curve.coordinate_length());
            let again = AgreementKey::from_bytes_on(curve, &one.to_bytes()).unwrap();
            assert_eq!(again.public_point(), one.public_point());
            keys.push(one);
        }
        for own in &keys {
            for other in keys.iter().filter(|other| other.curve() != own.curve()) {
                assert_eq!(agree(own, &other.public_key()), Err(BadKey));
            }
        }
        assert!(AgreementKey::generate_on(Curve::Ed25519, &mut Counter(1)).is_err());
        assert!(AgreementKey::from_bytes(&[1; 31]).is_err(), "short");
        assert!(agree_p256(&keys[0], &keys[2].public_point()).is_err(), "another curve");
    }

    /// RFC 7027 Appendix A.1: Brainpool P256r1.
    #[test]
    fn brainpool_agrees_as_published() {
        let hex = |text: &str| -> Vec<u8> {
            let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
            text.as_bytes().chunks(2).map(digits).collect()
        };
        let key = |scalar| AgreementKey::from_bytes_on(Curve::BrainpoolP256r1, &hex(scalar)).unwrap();
        let own = key("81DB1EE100150FF2EA338D708271BE38300CB54241D79950F77B063039804F1D");
        let theirs = key("55E40BC41E37E3E2AD25C3C6654511FFA8474A91A0032087593852D3E7D76BD3");
        let shared = agree(&own, &theirs.public_key()).unwrap();
        assert_eq!(
            *shared,
            hex("89AFC39D41D3B327814B80940B042590F96556EC91E6AE7939BCE31F3A18BF2B")
        );
    }
}
