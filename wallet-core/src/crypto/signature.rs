//! Signatures: ECDSA on P-256, P-384, P-521 (FIPS 186-5) and Brainpool (RFC 5639), Ed25519 (RFC 8032).

use std::fmt;
use std::sync::Arc;

use bp256::BrainpoolP256r1;
use bp384::BrainpoolP384r1;
use p256::NistP256;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::pkcs8::{self, DecodePrivateKey as _, EncodePrivateKey as _};
use p384::NistP384;
use p521::NistP521;
use zeroize::Zeroizing;

use super::{Curve, HashAlgorithm, Random, SignatureAlgorithm, random_bytes};

/// Who does the arithmetic. The choice changes speed, never a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// `aws-lc-rs`; only with the feature `fast-verify`. It has no Brainpool: those keys go to `RustCrypto`.
    #[cfg(feature = "fast-verify")]
    AwsLc,
    /// The `RustCrypto` crates.
    RustCrypto,
}

impl Default for Provider {
    /// The fastest provider built in.
    fn default() -> Self {
        #[cfg(feature = "fast-verify")]
        return Self::AwsLc;
        #[cfg(not(feature = "fast-verify"))]
        return Self::RustCrypto;
    }
}

/// A public key, parsed and checked once, ready to check signatures. Cheap to clone.
#[derive(Clone)]
pub struct VerifyingKey {
    curve: Curve,
    point: Arc<[u8]>,
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    #[cfg(feature = "fast-verify")]
    AwsLc(Arc<aws_lc_rs::signature::ParsedPublicKey>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
    RustCrypto(Arc<dyn EcdsaKey>),
}

impl VerifyingKey {
    /// Reads a public point: SEC 1 uncompressed or compressed, or the 32 bytes of Ed25519.
    /// Points off the curve and of small order are refused.
    pub fn new(curve: Curve, point: &[u8]) -> Result<Self, BadKey> {
        Self::with_provider(Provider::default(), curve, point)
    }

    /// As [`VerifyingKey::new`], with a chosen provider.
    pub fn with_provider(provider: Provider, curve: Curve, point: &[u8]) -> Result<Self, BadKey> {
        if curve != Curve::Ed25519 {
            return Self::weierstrass(provider, curve, point);
        }
        let bytes: &[u8; 32] = point.try_into().map_err(|_| BadKey)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| BadKey)?;
        // A key of small order signs everything.
        if key.is_weak() {
            return Err(BadKey);
        }
        Ok(Self {
            curve,
            point: point.into(),
            engine: Engine::Ed25519(Box::new(key)),
        })
    }

    fn weierstrass(provider: Provider, curve: Curve, point: &[u8]) -> Result<Self, BadKey> {
        let length = curve.coordinate_length();
        // SEC 1 §2.3.3: compressed points are expanded, hybrid ones refused.
        let uncompressed: Arc<[u8]> = match point.first() {
            Some(4) if point.len() == 1 + 2 * length => point.into(),
            Some(2 | 3) if point.len() == 1 + length => rust_crypto(curve, point)?.point().into(),
            _ => return Err(BadKey),
        };
        let engine = match provider {
            #[cfg(feature = "fast-verify")]
            Provider::AwsLc => match aws_lc(curve) {
                Some(algorithm) => {
                    let key = aws_lc_rs::signature::ParsedPublicKey::new(algorithm, &*uncompressed);
                    Engine::AwsLc(Arc::new(key.map_err(|_| BadKey)?))
                }
                None => Engine::RustCrypto(rust_crypto(curve, &uncompressed)?),
            },
            Provider::RustCrypto => Engine::RustCrypto(rust_crypto(curve, &uncompressed)?),
        };
        Ok(Self {
            curve,
            point: uncompressed,
            engine,
        })
    }

    /// The curve.
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// The point: SEC 1 uncompressed, or the 32 bytes of Ed25519.
    pub fn point(&self) -> &[u8] {
        &self.point
    }

    /// Checks a signature as JOSE and COSE write it: `r ‖ s` of fixed length, or the 64 bytes of Ed25519.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        match &self.engine {
            #[cfg(feature = "fast-verify")]
            Engine::AwsLc(key) => key.verify_sig(message, signature).map_err(|_| BadSignature),
            Engine::Ed25519(key) => {
                let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| BadSignature)?;
                // Strict: one message, one key, one meaning (no small-order parts).
                key.verify_strict(message, &signature).map_err(|_| BadSignature)
            }
            Engine::RustCrypto(key) => key.verify(message, signature),
        }
    }

    /// As [`VerifyingKey::verify`], with another hash than that of the curve: COSE lets `alg` name the hash alone
    /// (RFC 9053 §2.1). Ed25519 has no such choice.
    pub fn verify_hashed(&self, hash: HashAlgorithm, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        if self.curve == Curve::Ed25519 {
            return Err(BadSignature);
        }
        if hash == self.curve.hash() {
            return self.verify(message, signature);
        }
        let key = match &self.engine {
            Engine::RustCrypto(key) => key.clone(),
            _ => rust_crypto(self.curve, &self.point).map_err(|_| BadSignature)?,
        };
        key.verify_digest(&fitted(hash.digest(message), self.curve), signature)
    }
}

/// A digest no shorter than a coordinate: the same integer, for P-521 wants half its length at least.
fn fitted(digest: Vec<u8>, curve: Curve) -> Vec<u8> {
    let missing = curve.coordinate_length().saturating_sub(digest.len());
    [vec![0; missing], digest].concat()
}

#[cfg(feature = "fast-verify")]
fn aws_lc(curve: Curve) -> Option<&'static aws_lc_rs::signature::EcdsaVerificationAlgorithm> {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED};
    match curve {
        Curve::P256 => Some(&ECDSA_P256_SHA256_FIXED),
        Curve::P384 => Some(&ECDSA_P384_SHA384_FIXED),
        Curve::P521 => Some(&ECDSA_P521_SHA512_FIXED),
        _ => None,
    }
}

/// A public ECDSA key of `RustCrypto`, whatever its curve.
trait EcdsaKey: Send + Sync {
    fn point(&self) -> Vec<u8>;
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature>;
    fn verify_digest(&self, digest: &[u8], signature: &[u8]) -> Result<(), BadSignature>;
}

/// A private ECDSA key of `RustCrypto`, whatever its curve; it wipes itself.
trait EcdsaSecret: Send + Sync {
    fn curve(&self) -> Curve;
    fn point(&self) -> Vec<u8>;
    fn sign(&self, message: &[u8]) -> Vec<u8>;
    fn sign_der(&self, message: &[u8]) -> Vec<u8>;
    fn scalar(&self) -> Zeroizing<Vec<u8>>;
    fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, pkcs8::Error>;
}

macro_rules! ecdsa_on {
    ($curve:ident, $type:ty) => {
        impl EcdsaKey for ecdsa::VerifyingKey<$type> {
            fn point(&self) -> Vec<u8> {
                self.to_sec1_point(false).as_bytes().to_vec()
            }

            fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
                let signature = ecdsa::Signature::<$type>::from_slice(signature).map_err(|_| BadSignature)?;
                ecdsa::signature::Verifier::verify(self, message, &signature).map_err(|_| BadSignature)
            }

            fn verify_digest(&self, digest: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
                let signature = ecdsa::Signature::<$type>::from_slice(signature).map_err(|_| BadSignature)?;
                self.verify_prehash(digest, &signature).map_err(|_| BadSignature)
            }
        }

        impl EcdsaSecret for ecdsa::SigningKey<$type> {
            fn curve(&self) -> Curve {
                Curve::$curve
            }

            fn point(&self) -> Vec<u8> {
                EcdsaKey::point(self.verifying_key())
            }

            fn sign(&self, message: &[u8]) -> Vec<u8> {
                let signature: ecdsa::Signature<$type> = ecdsa::signature::Signer::sign(self, message);
                signature.to_bytes().to_vec()
            }

            fn sign_der(&self, message: &[u8]) -> Vec<u8> {
                let signature: ecdsa::der::Signature<$type> = ecdsa::signature::Signer::sign(self, message);
                signature.as_bytes().to_vec()
            }

            fn scalar(&self) -> Zeroizing<Vec<u8>> {
                Zeroizing::new(self.to_bytes().to_vec())
            }

            fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, pkcs8::Error> {
                p256::elliptic_curve::SecretKey::<$type>::from(self.as_nonzero_scalar())
                    .to_pkcs8_pem(pkcs8::LineEnding::LF)
            }
        }
    };
}

ecdsa_on!(BrainpoolP256r1, BrainpoolP256r1);
ecdsa_on!(BrainpoolP384r1, BrainpoolP384r1);
ecdsa_on!(P256, NistP256);
ecdsa_on!(P384, NistP384);
ecdsa_on!(P521, NistP521);

fn rust_crypto(curve: Curve, point: &[u8]) -> Result<Arc<dyn EcdsaKey>, BadKey> {
    macro_rules! key {
        ($type:ty) => {
            Arc::new(ecdsa::VerifyingKey::<$type>::from_sec1_bytes(point).map_err(|_| BadKey)?)
        };
    }
    Ok(match curve {
        Curve::BrainpoolP256r1 => key!(BrainpoolP256r1),
        Curve::BrainpoolP384r1 => key!(BrainpoolP384r1),
        Curve::Ed25519 => return Err(BadKey),
        Curve::P256 => key!(NistP256),
        Curve::P384 => key!(NistP384),
        Curve::P521 => key!(NistP521),
    })
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.curve == other.curve && self.point == other.point
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "VerifyingKey({:?}, {})",
            self.curve,
            crate::codec::base64url::encode(&self.point)
        )
    }
}

/// An ECDSA scheme of X.509: which curve with which hash (RFC 5758 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EcdsaScheme {
    /// The curve of the key.
    pub curve: Curve,
    /// The hash of the message.
    pub hash: HashAlgorithm,
}

impl EcdsaScheme {
    /// A scheme.
    pub fn new(curve: Curve, hash: HashAlgorithm) -> Self {
        Self { curve, hash }
    }
}

/// Checks an ECDSA signature in DER, as certificates carry it.
pub fn verify_ecdsa_der(
    scheme: EcdsaScheme,
    point: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), BadSignature> {
    macro_rules! fixed {
        ($type:ty) => {
            ecdsa::Signature::<$type>::from_der(signature)
                .map_err(|_| BadSignature)?
                .to_bytes()
                .to_vec()
        };
    }
    let fixed = match scheme.curve {
        Curve::BrainpoolP256r1 => fixed!(BrainpoolP256r1),
        Curve::BrainpoolP384r1 => fixed!(BrainpoolP384r1),
        Curve::Ed25519 => return Err(BadSignature),
        Curve::P256 => fixed!(NistP256),
        Curve::P384 => fixed!(NistP384),
        Curve::P521 => fixed!(NistP521),
    };
    if scheme.hash == scheme.curve.hash() {
        let key = VerifyingKey::new(scheme.curve, point).map_err(|_| BadSignature)?;
        return key.verify(message, &fixed);
    }
    let key = rust_crypto(scheme.curve, point).map_err(|_| BadSignature)?;
    key.verify_digest(&fitted(scheme.hash.digest(message), scheme.curve), &fixed)
}

/// A private signature key held in memory; wiped when dropped, never printed.
pub struct SigningKey(Secret);

enum Secret {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    Ecdsa(Box<dyn EcdsaSecret>),
}

impl SigningKey {
    /// Draws a key.
    pub fn generate(curve: Curve, random: &mut dyn Random) -> Self {
        loop {
            let scalar = draw_scalar(curve, random);
            // Less than one draw in 2^32 is not a scalar; of those of Brainpool about every third.
            if let Ok(key) = Self::from_bytes(curve, &scalar) {
                return key;
            }
        }
    }

    /// Reads the private scalar (big-endian), or the seed of Ed25519.
    pub fn from_bytes(curve: Curve, bytes: &[u8]) -> Result<Self, BadKey> {
        if bytes.len() != curve.coordinate_length() {
            return Err(BadKey);
        }
        macro_rules! key {
            ($type:ty) => {
                Secret::Ecdsa(Box::new(
                    ecdsa::SigningKey::<$type>::from_slice(bytes).map_err(|_| BadKey)?,
                ))
            };
        }
        Ok(Self(match curve {
            Curve::BrainpoolP256r1 => key!(BrainpoolP256r1),
            Curve::BrainpoolP384r1 => key!(BrainpoolP384r1),
            Curve::Ed25519 => {
                let seed: &[u8; 32] = bytes.try_into().map_err(|_| BadKey)?;
                Secret::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(seed)))
            }
            Curve::P256 => key!(NistP256),
            Curve::P384 => key!(NistP384),
            Curve::P521 => key!(NistP521),
        }))
    }

    /// Reads an unencrypted PKCS #8 key in PEM, on any curve but Ed25519.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, BadKey> {
        macro_rules! attempt {
            ($type:ty) => {
                if let Ok(key) = p256::elliptic_curve::SecretKey::<$type>::from_pkcs8_pem(pem) {
                    return Ok(Self(Secret::Ecdsa(Box::new(ecdsa::SigningKey::<$type>::from(
                        key,
                    )))));
                }
            };
        }
        attempt!(NistP256);
        attempt!(NistP384);
        attempt!(NistP521);
        attempt!(BrainpoolP256r1);
        attempt!(BrainpoolP384r1);
        Err(BadKey)
    }

    /// Writes an unencrypted PKCS #8 key in PEM; Ed25519 keys have no such form here.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, BadKey> {
        match &self.0 {
            Secret::Ecdsa(key) => key.to_pkcs8_pem().map_err(|_| BadKey),
            Secret::Ed25519(_) => Err(BadKey),
        }
    }

    /// The private scalar or seed, for sealing.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        match &self.0 {
            Secret::Ed25519(key) => Zeroizing::new(key.to_bytes().to_vec()),
            Secret::Ecdsa(key) => key.scalar(),
        }
    }

    /// The curve.
    pub fn curve(&self) -> Curve {
        match &self.0 {
            Secret::Ed25519(_) => Curve::Ed25519,
            Secret::Ecdsa(key) => key.curve(),
        }
    }

    /// The algorithm of its signatures.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.curve().algorithm()
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        let point = match &self.0 {
            Secret::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
            Secret::Ecdsa(key) => key.point(),
        };
        VerifyingKey::new(self.curve(), &point).expect("the public half of a private key is valid")
    }

    /// Signs; the same message gives the same signature (RFC 6979, RFC 8032).
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.0 {
            Secret::Ed25519(key) => ed25519_dalek::Signer::sign(&**key, message).to_bytes().to_vec(),
            Secret::Ecdsa(key) => key.sign(message),
        }
    }

    /// Signs in DER, as certificates carry it; Ed25519 signatures have no other form.
    pub fn sign_der(&self, message: &[u8]) -> Vec<u8> {
        match &self.0 {
            Secret::Ed25519(_) => self.sign(message),
            Secret::Ecdsa(key) => key.sign_der(message),
        }
    }
}

/// Draws what is probably a scalar of the curve.
pub(super) fn draw_scalar(curve: Curve, random: &mut dyn Random) -> Zeroizing<Vec<u8>> {
    // 48 bytes for the shorter curves too, so that the same source gives the same keys in every release.
    let mut scalar = match curve {
        Curve::P521 => Zeroizing::new(random_bytes::<66>(random).to_vec()),
        _ => Zeroizing::new(random_bytes::<48>(random).to_vec()),
    };
    scalar.truncate(curve.coordinate_length());
    if curve == Curve::P521 {
        // 521 bits are 65 bytes and one bit.
        scalar[0] &= 1;
    }
    scalar
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?}, redacted)", self.curve())
    }
}

/// Key material that is not a key of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadKey;

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a usable key of its kind")
    }
}

impl std::error::Error for BadKey {}

/// A signature that is not that of this key over this message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadSignature;

impl fmt::Display for BadSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("signature does not verify")
    }
}

impl std::error::Error for BadSignature {}

#[cfg(test)]
mod tests {
    use super::*;

    const CURVES: [Curve; 6] = [
        Curve::BrainpoolP256r1,
        Curve::BrainpoolP384r1,
        Curve::Ed25519,
        Curve::P256,
        Curve::P384,
        Curve::P521,
    ];

    struct Counter(u8);

    impl Random for Counter {
        fn fill(&mut self, out: &mut [u8]) {
            for byte in out {
                self.0 = self.0.wrapping_add(1);
                *byte = self.0;
            }
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        text.as_bytes().chunks(2).map(digits).collect()
    }

    #[test]
    fn every_curve_signs_what_it_verifies_and_nothing_else() {
        for curve in CURVES {
            let key = SigningKey::generate(curve, &mut Counter(3));
            let (signature, public) = (key.sign(b"grade"), key.verifying_key());
            assert_eq!(public.verify(b"grade", &signature), Ok(()), "{curve:?}");
            assert_eq!(public.verify(b"Grade", &signature), Err(BadSignature), "{curve:?}");
            let plain = VerifyingKey::with_provider(Provider::RustCrypto, curve, public.point()).unwrap();
            assert_eq!(plain.verify(b"grade", &signature), Ok(()), "{curve:?}");
            let mut altered = signature.clone();
            altered[curve.coordinate_length() - 1] ^= 1;
            assert_eq!(public.verify(b"grade", &altered), Err(BadSignature), "{curve:?}");
            assert_eq!(public.verify(b"grade", &signature[1..]), Err(BadSignature), "{curve:?}");
            let again = SigningKey::from_bytes(curve, &key.to_bytes()).unwrap();
            assert_eq!(again.verifying_key(), public);
            assert_eq!(curve.algorithm().curve(), curve);
            if curve == Curve::Ed25519 {
                continue;
            }
            let scheme = EcdsaScheme::new(curve, curve.hash());
            let der = key.sign_der(b"grade");
            assert_eq!(verify_ecdsa_der(scheme, public.point(), b"grade", &der), Ok(()));
            assert_eq!(
                verify_ecdsa_der(scheme, public.point(), b"Grade", &der),
                Err(BadSignature)
            );
            let pem = key.to_pkcs8_pem().unwrap();
            assert_eq!(SigningKey::from_pkcs8_pem(&pem).unwrap().verifying_key(), public);
        }
    }

    #[test]
    fn points_are_compressed_or_not_and_on_the_curve() {
        for curve in CURVES.into_iter().filter(|curve| *curve != Curve::Ed25519) {
            let public = SigningKey::generate(curve, &mut Counter(5)).verifying_key();
            let (point, length) = (public.point().to_vec(), curve.coordinate_length());
            let compressed = [&[2 + (point[2 * length] & 1)], &point[1..=length]].concat();
            assert_eq!(VerifyingKey::new(curve, &compressed), Ok(public), "{curve:?}");
            let mut off = point.clone();
            off[2 * length] ^= 1;
            assert_eq!(VerifyingKey::new(curve, &off), Err(BadKey), "{curve:?}");
            let mut hybrid = point.clone();
            hybrid[0] = 6 + (point[2 * length] & 1);
            assert_eq!(VerifyingKey::new(curve, &hybrid), Err(BadKey), "{curve:?}");
            assert_eq!(VerifyingKey::new(curve, &[0]), Err(BadKey), "infinity");
        }
    }

    /// RFC 6979 Appendix A.2.7, P-521: the message "sample" with SHA-512 and, by another hash, with SHA-256.
    #[test]
    fn p521_signs_as_published() {
        let scalar = hex(concat!(
            "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC",
            "67DB89EC0C08B0E996B83538"
        ));
        let key = SigningKey::from_bytes(Curve::P521, &scalar).unwrap();
        let signature = hex(concat!(
            "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E25A1EE9017B5D450606ADD152B534931D7D4E8455",
            "CC91F9B15BF05EC36E377FA",
            "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1D",
            "CCC43997F1EE0E44DA4A67A"
        ));
        assert_eq!(key.sign(b"sample"), signature);
        let other = hex(concat!(
            "01511BB4D675114FE266FC4372B87682BAECC01D3CC62CF2303C92B3526012659D16876E25C7C1E57648F23B73564D67F61C6F14D527D",
            "54972810421E7D87589E1A7",
            "004A171143A83163D6DF460AAF61522695F207A58B95C0644D87E52AA1A347916E4F7A72930B1BC06DBE22CE3F58264AFD23704CBB63B",
            "29B931F7DE6C9D949A7ECFC"
        ));
        let public = key.verifying_key();
        assert_eq!(public.verify_hashed(HashAlgorithm::Sha256, b"sample", &other), Ok(()));
        assert_eq!(
            public.verify_hashed(HashAlgorithm::Sha384, b"sample", &other),
            Err(BadSignature)
        );
        assert_eq!(public.verify(b"sample", &other), Err(BadSignature));
    }
}
