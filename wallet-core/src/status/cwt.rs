//! Lists as CWT (§5.2; ISO 18013-5 second edition §12.3.6): a `COSE_Sign1` with the certificates of the signer in its
//! protected header, as mdocs refer to it. Messages with a MAC are refused: who can check one can forge one.

use super::{IdentifierList, StatusError, StatusList, StatusListToken, StatusWidth, TokenTimes};
use crate::codec::Budget;
use crate::codec::cbor::{Cbor, CborValue};
use crate::crypto::{SignatureAlgorithm, SigningKey};
use crate::envelope::cose::{TAG_MAC0, TAG_SIGN1, TYP, UnsignedSign1, UnverifiedSign1, VerifiedSign1, X5CHAIN};
use crate::time::Timestamp;
use crate::trust::{Certificate, IssuerEvidence, TrustError, TrustedIssuer};

/// The media type of a status list, and the value of `typ`.
pub(super) const STATUS_LIST: &str = "application/statuslist+cwt";
/// The media type of a list of identifiers, and the value of `typ`.
pub(super) const IDENTIFIER_LIST: &str = "application/identifierlist+cwt";

const SUB: i64 = 2;
const EXP: i64 = 4;
const IAT: i64 = 6;
/// ISO 18013-5 second edition: `identifier_list`.
const IDENTIFIERS: i64 = 65_530;
/// Token Status List §14.2: `status_list`.
const STATUSES: i64 = 65_533;
/// Token Status List §14.2: `ttl`.
const TIME_TO_LIVE: i64 = 65_534;

/// A clock may be wrong by this many seconds.
const SKEW: i64 = 60;

/// A list of 8 MiB that does not compress, read twice; and 200 000 revoked identifiers of 20 bytes, which is 5 MB:
/// a list is split long before.
fn budget() -> Budget {
    Budget::new(40 << 20, 16, 700_000)
}

/// Who must have signed a list, and which list it is.
pub(super) struct Expected<'a> {
    pub(super) uri: &'a str,
    pub(super) issuer: &'a TrustedIssuer,
    pub(super) trust_point: Option<&'a [u8]>,
}

impl StatusListToken {
    /// The list as CWT without its signature. `chain`, leaf first and without the anchor, goes into the protected
    /// header.
    pub fn unsigned_cwt(&self, algorithm: SignatureAlgorithm, chain: &[Certificate]) -> UnsignedSign1 {
        let list = CborValue::map([
            ("bits", CborValue::from(u64::from(self.list.width().bits()))),
            ("lst", CborValue::bytes(self.list.compress())),
        ]);
        unsigned(STATUS_LIST, &self.uri, &self.times, (STATUSES, list), algorithm, chain)
    }

    /// Signs the list as CWT with a key in memory.
    pub fn sign_cwt(&self, key: &SigningKey, chain: &[Certificate]) -> Vec<u8> {
        tagged(self.unsigned_cwt(key.algorithm(), chain).sign(key))
    }

    /// Checks a list as CWT that was fetched from `uri` for credentials of `issuer` (§8.3): type, signature under the
    /// authority of the issuer or `trust_point` (a certificate in DER that the credential names), `sub`, time, and the
    /// list. `exp` must be there (ISO 18013-5 second edition §12.3.6).
    pub fn verify_cwt(
        bytes: &[u8],
        uri: &str,
        issuer: &TrustedIssuer,
        trust_point: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<Self, StatusError> {
        let expected = Expected {
            uri,
            issuer,
            trust_point,
        };
        open(bytes, STATUS_LIST, &expected, now, |claims, times| {
            let list = claims.get_int(STATUSES).ok_or(StatusError::Malformed("status_list"))?;
            let width = list.get("bits").and_then(Cbor::as_u64).and_then(StatusWidth::from_bits);
            let compressed = list.get("lst").and_then(Cbor::as_bytes);
            let list = StatusList::decompress(
                width.ok_or(StatusError::Malformed("bits"))?,
                compressed.ok_or(StatusError::Malformed("lst"))?,
            )?;
            Ok(Self::new(uri, list, times))
        })
    }
}

/// A list of revoked identifiers that its signer vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentifierListToken {
    /// `sub`: the address of the list.
    pub uri: String,
    /// When it was made and how long it is good.
    pub times: TokenTimes,
    /// The list.
    pub list: IdentifierList,
}

impl IdentifierListToken {
    /// A token to be signed.
    pub fn new(uri: impl Into<String>, list: IdentifierList, times: TokenTimes) -> Self {
        Self {
            uri: uri.into(),
            times,
            list,
        }
    }

    /// The list without its signature. `chain`, leaf first and without the anchor, goes into the protected header.
    pub fn unsigned(&self, algorithm: SignatureAlgorithm, chain: &[Certificate]) -> UnsignedSign1 {
        let empty = || CborValue::Map(Vec::new());
        let identifiers = self.list.iter().map(|id| (CborValue::bytes(id), empty()));
        let list = CborValue::map([("identifiers", CborValue::map(identifiers))]);
        unsigned(
            IDENTIFIER_LIST,
            &self.uri,
            &self.times,
            (IDENTIFIERS, list),
            algorithm,
            chain,
        )
    }

    /// Signs with a key in memory.
    pub fn sign(&self, key: &SigningKey, chain: &[Certificate]) -> Vec<u8> {
        tagged(self.unsigned(key.algorithm(), chain).sign(key))
    }

    /// Checks a list that was fetched from `uri` for credentials of `issuer`, as [`StatusListToken::verify_cwt`] does.
    pub fn verify(
        bytes: &[u8],
        uri: &str,
        issuer: &TrustedIssuer,
        trust_point: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<Self, StatusError> {
        let expected = Expected {
            uri,
            issuer,
            trust_point,
        };
        open(bytes, IDENTIFIER_LIST, &expected, now, |claims, times| {
            let list = claims
                .get_int(IDENTIFIERS)
                .ok_or(StatusError::Malformed("identifier_list"))?;
            let entries = list.get("identifiers").and_then(Cbor::as_map);
            let entries = entries.ok_or(StatusError::Malformed("identifiers"))?;
            let mut identifiers = IdentifierList::default();
            for (id, about) in entries {
                let id = id.as_bytes().ok_or(StatusError::Malformed("identifiers"))?;
                about.as_map().ok_or(StatusError::Malformed("identifiers"))?;
                identifiers.insert(id);
            }
            Ok(Self::new(uri, identifiers, times))
        })
    }
}

fn unsigned(
    typ: &str,
    uri: &str,
    times: &TokenTimes,
    list: (i64, CborValue),
    algorithm: SignatureAlgorithm,
    chain: &[Certificate],
) -> UnsignedSign1 {
    let mut claims = vec![
        (SUB, CborValue::text(uri)),
        (IAT, CborValue::from(times.issued_at.unix())),
    ];
    claims.extend(times.expires.map(|at| (EXP, CborValue::from(at.unix()))));
    claims.extend(
        times
            .time_to_live
            .map(|seconds| (TIME_TO_LIVE, CborValue::from(seconds))),
    );
    claims.push(list);
    let message = UnsignedSign1::new(algorithm, CborValue::map(claims).encode()).protected(TYP, CborValue::text(typ));
    let chain: Vec<Vec<u8>> = chain.iter().map(|certificate| certificate.der().to_vec()).collect();
    if chain.is_empty() {
        message
    } else {
        message.protected_x5chain(&chain)
    }
}

fn tagged(message: CborValue) -> Vec<u8> {
    CborValue::tag(TAG_SIGN1, message).encode()
}

fn open<T>(
    bytes: &[u8],
    typ: &str,
    expected: &Expected<'_>,
    now: Timestamp,
    read: impl FnOnce(&Cbor<'_>, TokenTimes) -> Result<T, StatusError>,
) -> Result<T, StatusError> {
    let mut budget = budget();
    let message = signed(bytes, typ, expected, now, &mut budget)?;
    let payload = message.payload().ok_or(StatusError::Malformed("payload"))?;
    let claims = Cbor::parse(payload, &mut budget).map_err(|error| StatusError::Cose(error.into()))?;
    claims.as_map().ok_or(StatusError::Malformed("claims"))?;
    if claims.get_int(SUB).and_then(Cbor::as_str) != Some(expected.uri) {
        return Err(StatusError::WrongList);
    }
    let issued_at = numeric_date(&claims, IAT, "iat")?.ok_or(StatusError::Malformed("iat"))?;
    if issued_at > now.plus(SKEW) {
        return Err(StatusError::IssuedInFuture { issued_at });
    }
    // ISO 18013-5 second edition §12.3.6: `exp` is there; without it an old list could be handed out for ever.
    let expires = numeric_date(&claims, EXP, "exp")?.ok_or(StatusError::EndMissing)?;
    if now >= expires {
        return Err(StatusError::Expired { expired: expires });
    }
    let mut times = TokenTimes::new(issued_at).expires(expires);
    if let Some(seconds) = claims.get_int(TIME_TO_LIVE) {
        let seconds = seconds.as_u64().filter(|seconds| *seconds > 0);
        times = times.time_to_live(seconds.ok_or(StatusError::Malformed("ttl"))?);
    }
    read(&claims, times)
}

/// The message, its signature checked by a key that may sign lists for the issuer.
fn signed(
    bytes: &[u8],
    typ: &str,
    expected: &Expected<'_>,
    now: Timestamp,
    budget: &mut Budget,
) -> Result<VerifiedSign1, StatusError> {
    let item = Cbor::parse(bytes, budget).map_err(|error| StatusError::Cose(error.into()))?;
    if item.tagged().is_some_and(|(tag, _)| tag == TAG_MAC0) {
        return Err(StatusError::Mac);
    }
    let message = UnverifiedSign1::from_cbor(&item, budget)?;
    let found = message.protected_header(TYP).and_then(CborValue::as_str);
    if !found.is_some_and(|found| found.eq_ignore_ascii_case(typ)) {
        return Err(StatusError::WrongType);
    }
    // The same clause: the certificates are in the protected header.
    let chain = match message.protected_header(X5CHAIN) {
        Some(_) => message.x5chain()?,
        None if message.unprotected_header(X5CHAIN).is_some() => return Err(StatusError::ChainNotProtected),
        None if matches!(expected.issuer.evidence, IssuerEvidence::Path(_)) => return Err(StatusError::ChainMissing),
        None => None,
    };
    if let Some([leaf, ..]) = chain.as_deref() {
        message.check_x5t(leaf)?;
    }
    let keys = expected.issuer.list_keys(chain.as_deref(), expected.trust_point, now)?;
    let mut outcome = Err(StatusError::Untrusted(TrustError::UnknownIssuer));
    for key in &keys {
        outcome = message.check(key, b"", None).map_err(StatusError::from);
        if outcome.is_ok() {
            return Ok(message.verify(key, b"", None)?);
        }
    }
    outcome.and(Err(StatusError::Untrusted(TrustError::UnknownIssuer)))
}

/// A `NumericDate` (RFC 8392 §2); fractions of a second are cut off.
fn numeric_date(claims: &Cbor<'_>, label: i64, name: &'static str) -> Result<Option<Timestamp>, StatusError> {
    let Some(value) = claims.get_int(label) else {
        return Ok(None);
    };
    let whole = value.as_i64().or_else(|| {
        let seconds = value.as_f64().filter(|seconds| (0.0..1e15).contains(seconds))?;
        #[expect(clippy::cast_possible_truncation, reason = "within 2^53")]
        Some(seconds as i64)
    });
    whole
        .map(Timestamp::from_unix)
        .map(Some)
        .ok_or(StatusError::Malformed(name))
}
