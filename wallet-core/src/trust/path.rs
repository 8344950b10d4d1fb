//! X.509 path building and validation (RFC 5280 §6) by rustls-webpki over our own signature checks.
//!
//! webpki builds the path within its own budget (6 intermediates, 100 signatures), checks signatures, validity,
//! `basicConstraints`, path length, name constraints and critical extensions. It ignores `keyUsage` and the
//! anchor's own validity: those are checked here. Document signers carry varied extended key usages or none, so
//! any is accepted; what an anchor is good for is decided by its [`Role`](super::Role).

use std::cell::RefCell;
use std::time::Duration;

use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, TrustAnchor, UnixTime,
    alg_id,
};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};

use super::{Certificate, TrustError};
use crate::crypto::{Curve, EcdsaScheme, HashAlgorithm, VerifyingKey, verify_ecdsa_der};
use crate::time::{OutsideValidity, Timestamp};

/// Judges the anchor at a position for the path below it, leaf first.
pub(super) type Admits<'a> = &'a dyn Fn(usize, &[Certificate]) -> Result<(), TrustError>;

/// Builds a path from `leaf` over `intermediates` to one of `anchors`, which are authorities. `admits` may refuse an
/// anchor, and the search goes on. Gives the path, leaf first, and the position of the anchor.
pub(super) fn build(
    leaf: &Certificate,
    intermediates: &[Certificate],
    anchors: &[&Certificate],
    now: Timestamp,
    admits: Admits<'_>,
) -> Result<(Vec<Certificate>, usize), TrustError> {
    let leaf_der = CertificateDer::from(leaf.der());
    let end_entity = EndEntityCert::try_from(&leaf_der).map_err(|error| translate(&error, now))?;
    let anchor_ders: Vec<_> = anchors
        .iter()
        .map(|anchor| CertificateDer::from(anchor.der()))
        .collect();
    let mut trust_anchors: Vec<TrustAnchor<'_>> = Vec::new();
    let mut positions = Vec::new();
    for (position, der) in anchor_ders.iter().enumerate() {
        // An anchor that webpki cannot read vouches for nobody.
        if let Ok(anchor) = webpki::anchor_from_trusted_cert(der) {
            trust_anchors.push(anchor);
            positions.push(position);
        }
    }
    let intermediate_ders: Vec<_> = intermediates.iter().map(|i| CertificateDer::from(i.der())).collect();
    let seconds = u64::try_from(now.unix()).map_err(|_| TrustError::UntrustedPath)?;
    let found: RefCell<Result<(Vec<Certificate>, usize), TrustError>> = RefCell::new(Err(TrustError::UntrustedPath));
    let verify_path = |candidate: &webpki::VerifiedPath<'_>| {
        let outcome = check_candidate(candidate, leaf, anchors, &trust_anchors, &positions, now, admits);
        let accepted = outcome.is_ok();
        *found.borrow_mut() = outcome;
        if accepted {
            Ok(())
        } else {
            Err(webpki::Error::CertDistrusted)
        }
    };
    let built = end_entity.verify_for_usage(
        ALGORITHMS,
        &trust_anchors,
        &intermediate_ders,
        UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        AnyUsage,
        None,
        Some(&verify_path),
    );
    match built {
        Ok(_) => found.into_inner(),
        Err(webpki::Error::CertDistrusted) => Err(found.into_inner().err().unwrap_or(TrustError::UntrustedPath)),
        Err(error) => Err(translate(&error, now)),
    }
}

fn check_candidate(
    candidate: &webpki::VerifiedPath<'_>,
    leaf: &Certificate,
    anchors: &[&Certificate],
    trust_anchors: &[TrustAnchor<'_>],
    positions: &[usize],
    now: Timestamp,
    admits: Admits<'_>,
) -> Result<(Vec<Certificate>, usize), TrustError> {
    let mut path = vec![leaf.clone()];
    for intermediate in candidate.intermediate_certificates() {
        let intermediate = Certificate::parse(&intermediate.der())?;
        // RFC 5280 §6.1.4 (n): keyCertSign, if there is a keyUsage.
        if !intermediate.may_sign_certificates() {
            return Err(TrustError::NotAnAuthority);
        }
        path.push(intermediate);
    }
    // The same name and key may be there several times with other restrictions: any that admits will do.
    let mut refusal = TrustError::UntrustedPath;
    for (anchor, &position) in trust_anchors.iter().zip(positions) {
        if anchor != candidate.anchor() {
            continue;
        }
        let certificate = anchors[position];
        let outcome = if !certificate.may_sign_certificates() {
            Err(TrustError::NotAnAuthority)
        } else if certificate.path_length().is_some_and(|most| path.len() - 1 > most) {
            // RFC 5280 §6.1.4 (l), for the anchor too: an IACA root has nothing but signers below it.
            Err(TrustError::PathLength)
        } else {
            let valid = certificate.check_validity(now).map_err(TrustError::AnchorValidity);
            valid.and_then(|()| admits(position, &path))
        };
        match outcome {
            Ok(()) => {
                path.push(certificate.clone());
                return Ok((path, position));
            }
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

/// Whether the certificate's own key signed it; `None` if that cannot be told because the kind is not supported.
pub(super) fn signed_by_own_key(certificate: &Certificate) -> Option<bool> {
    use x509_cert::der::{Decode as _, Encode as _};
    let parsed = x509_cert::Certificate::from_der(certificate.der()).ok()?;
    let message = parsed.tbs_certificate().to_der().ok()?;
    let signature = parsed.signature().as_bytes()?;
    let key = certificate.public_key().ok()?.verifying_key();
    let algorithm = parsed.signature_algorithm().to_der().ok()?;
    let supported = ALGORITHMS.iter().find(|supported| {
        // The identifiers of pki-types are the content of the SEQUENCE, whose header here has two bytes.
        algorithm.get(2..) == Some(&*supported.signature_alg_id()) && curve_of(**supported) == Some(key.curve())
    })?;
    Some(supported.verify_signature(key.point(), &message, signature).is_ok())
}

fn curve_of(algorithm: &dyn SignatureVerificationAlgorithm) -> Option<Curve> {
    let id = algorithm.public_key_alg_id();
    [
        Curve::BrainpoolP256r1,
        Curve::BrainpoolP384r1,
        Curve::Ed25519,
        Curve::P256,
        Curve::P384,
        Curve::P521,
    ]
    .into_iter()
    .find(|curve| key_identifier(*curve) == id)
}

/// How certificates name the kind of a key (RFC 5480 §2.1.1, RFC 5639 §4.1, RFC 8410 §3).
pub(super) fn key_identifier(curve: Curve) -> AlgorithmIdentifier {
    // id-ecPublicKey, then 1.3.36.3.3.2.8.1.1.7 or .11.
    const BRAINPOOL_P256: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x07";
    const BRAINPOOL_P384: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x0b";
    match curve {
        Curve::BrainpoolP256r1 => AlgorithmIdentifier::from_slice(BRAINPOOL_P256),
        Curve::BrainpoolP384r1 => AlgorithmIdentifier::from_slice(BRAINPOOL_P384),
        Curve::Ed25519 => alg_id::ED25519,
        Curve::P256 => alg_id::ECDSA_P256,
        Curve::P384 => alg_id::ECDSA_P384,
        Curve::P521 => alg_id::ECDSA_P521,
    }
}

/// How certificates name the signatures that keys on `curve` make (RFC 5758 §3.2, RFC 8410 §3).
#[cfg(any(feature = "issuer", feature = "verifier"))]
pub(super) fn signature_identifier(curve: Curve) -> AlgorithmIdentifier {
    match (curve, curve.hash()) {
        (Curve::Ed25519, _) => alg_id::ED25519,
        (_, HashAlgorithm::Sha256) => alg_id::ECDSA_SHA256,
        (_, HashAlgorithm::Sha384) => alg_id::ECDSA_SHA384,
        (_, HashAlgorithm::Sha512) => alg_id::ECDSA_SHA512,
    }
}

/// The signature algorithms of certificates (HAIP 1.0 §7 and its neighbours; ISO/IEC 18013-5 Annex B adds P-521 and
/// Brainpool). RSA is not among them.
static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    &Ecdsa(Curve::P256, HashAlgorithm::Sha256),
    &Ecdsa(Curve::P256, HashAlgorithm::Sha384),
    &Ecdsa(Curve::P384, HashAlgorithm::Sha256),
    &Ecdsa(Curve::P384, HashAlgorithm::Sha384),
    &Ecdsa(Curve::P521, HashAlgorithm::Sha256),
    &Ecdsa(Curve::P521, HashAlgorithm::Sha384),
    &Ecdsa(Curve::P521, HashAlgorithm::Sha512),
    &Ecdsa(Curve::BrainpoolP256r1, HashAlgorithm::Sha256),
    &Ecdsa(Curve::BrainpoolP384r1, HashAlgorithm::Sha256),
    &Ecdsa(Curve::BrainpoolP384r1, HashAlgorithm::Sha384),
    &Ed25519,
];

#[derive(Debug)]
struct Ecdsa(Curve, HashAlgorithm);

impl SignatureVerificationAlgorithm for Ecdsa {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        verify_ecdsa_der(EcdsaScheme::new(self.0, self.1), public_key, message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        key_identifier(self.0)
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        match self.1 {
            HashAlgorithm::Sha256 => alg_id::ECDSA_SHA256,
            HashAlgorithm::Sha384 => alg_id::ECDSA_SHA384,
            HashAlgorithm::Sha512 => alg_id::ECDSA_SHA512,
        }
    }
}

#[derive(Debug)]
struct Ed25519;

impl SignatureVerificationAlgorithm for Ed25519 {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::new(Curve::Ed25519, public_key).map_err(|_| InvalidSignature)?;
        key.verify(message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ED25519
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ED25519
    }
}

/// Accepts any well-formed list of key purposes.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        for purpose in purposes {
            purpose?;
        }
        Ok(())
    }
}

fn translate(error: &webpki::Error, now: Timestamp) -> TrustError {
    use webpki::Error;
    let at = |time: &UnixTime| Timestamp::from_unix(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    match error {
        Error::CertExpired { not_after, .. } => {
            TrustError::Validity(OutsideValidity::Expired { expired: at(not_after) })
        }
        Error::CertNotValidYet { not_before, .. } => TrustError::Validity(OutsideValidity::NotYetValid {
            not_before: at(not_before),
        }),
        Error::InvalidCertValidity => TrustError::Validity(OutsideValidity::Expired { expired: now }),
        Error::InvalidSignatureForPublicKey | Error::SignatureAlgorithmMismatch => TrustError::BadSignature,
        Error::CaUsedAsEndEntity => TrustError::AuthorityAsSigner,
        Error::EndEntityUsedAsCa => TrustError::NotAnAuthority,
        Error::PathLenConstraintViolated => TrustError::PathLength,
        Error::NameConstraintViolation | Error::MalformedNameConstraint | Error::InvalidNetworkMaskConstraint => {
            TrustError::NameConstraint
        }
        Error::MaximumNameConstraintComparisonsExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumPathDepthExceeded
        | Error::MaximumSignatureChecksExceeded => TrustError::TooMuchWork,
        Error::UnsupportedCriticalExtension => TrustError::CriticalExtension,
        Error::UnsupportedSignatureAlgorithmContext(_) | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            TrustError::UnsupportedAlgorithm
        }
        Error::UnknownIssuer => TrustError::UntrustedPath,
        _ => TrustError::Certificate(super::CertificateError::Der),
    }
}
