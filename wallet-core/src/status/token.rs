//! The signed list (§5.1): a JWT of type `statuslist+jwt`.

use super::{StatusError, StatusList};
use crate::codec::{Budget, Json, Object};
use crate::crypto::{SignatureAlgorithm, SigningKey};
use crate::envelope::jws::{UnsignedJws, UnverifiedJws};
use crate::time::Timestamp;
use crate::trust::{Certificate, TrustError, TrustedIssuer};

/// The media type without `application/`, and the value of `typ`.
const TYPE: &str = "statuslist+jwt";

/// A clock may be wrong by this many seconds.
const SKEW: i64 = 60;

/// When a token was made and how long it is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenTimes {
    /// `iat`.
    pub issued_at: Timestamp,
    /// `exp`.
    pub expires: Option<Timestamp>,
    /// `ttl`: how many seconds after fetching a newer one should be asked for.
    pub time_to_live: Option<u64>,
}

impl TokenTimes {
    /// A token made now, without end.
    pub fn new(issued_at: Timestamp) -> Self {
        Self {
            issued_at,
            expires: None,
            time_to_live: None,
        }
    }

    /// The times with an end.
    #[must_use]
    pub fn expires(mut self, expires: Timestamp) -> Self {
        self.expires = Some(expires);
        self
    }

    /// The times with a time to live in seconds.
    #[must_use]
    pub fn time_to_live(mut self, seconds: u64) -> Self {
        self.time_to_live = Some(seconds);
        self
    }
}

/// A status list that its signer vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusListToken {
    /// `sub`: the address of the list.
    pub uri: String,
    /// When it was made and how long it is good.
    pub times: TokenTimes,
    /// The list.
    pub list: StatusList,
}

impl StatusListToken {
    /// A token to be signed.
    pub fn new(uri: impl Into<String>, list: StatusList, times: TokenTimes) -> Self {
        Self {
            uri: uri.into(),
            times,
            list,
        }
    }

    /// The token without its signature. `chain` becomes `x5c`, leaf first, without the anchor (HAIP 1.0 §6.1); with
    /// an empty one the key is found by `kid`, if there is one.
    pub fn unsigned(&self, algorithm: SignatureAlgorithm, chain: &[Certificate], kid: Option<&str>) -> UnsignedJws {
        let x5c = (!chain.is_empty()).then(|| Certificate::to_x5c(chain));
        let header = Object::new()
            .with("typ", Json::from(TYPE))
            .with("kid", kid.map(Json::from))
            .with("x5c", x5c);
        let payload = Object::new()
            .with("sub", Json::from(self.uri.as_str()))
            .with("iat", Json::from(self.times.issued_at.unix()))
            .with("exp", self.times.expires.map(|at| Json::from(at.unix())))
            .with("ttl", self.times.time_to_live.map(Json::from))
            .with("status_list", Json::from(self.list.encode()));
        UnsignedJws::new(algorithm, header, payload.to_string())
    }

    /// Signs with a key in memory.
    pub fn sign(&self, key: &SigningKey, chain: &[Certificate]) -> String {
        self.unsigned(key.algorithm(), chain, None).sign(key)
    }

    /// Checks a token that was fetched from `uri` for credentials of `issuer` (§8.3): type, signature by a key
    /// bound to the issuer, `sub`, time, and the list.
    pub fn verify(text: &str, uri: &str, issuer: &TrustedIssuer, now: Timestamp) -> Result<Self, StatusError> {
        // A list of 8 MiB that does not compress, as base64 in base64.
        let mut budget = Budget::new(24 << 20, 16, 1000);
        let jws = UnverifiedJws::parse(text.trim_ascii(), &mut budget)?;
        jws.header().expect_typ(TYPE)?;
        let keys = issuer.status_keys(jws.header(), now)?;
        let mut outcome = Err(StatusError::Untrusted(TrustError::UnknownIssuer));
        for key in &keys {
            outcome = jws.clone().verify(key).map_err(StatusError::from);
            if outcome.is_ok() {
                break;
            }
        }
        let claims = outcome?.claims(&mut budget)?;
        if claims.get("sub").and_then(Json::as_str) != Some(uri) {
            return Err(StatusError::WrongList);
        }
        let issued_at = numeric_date(&claims, "iat")?.ok_or(StatusError::Malformed("iat"))?;
        if issued_at > now.plus(SKEW) {
            return Err(StatusError::IssuedInFuture { issued_at });
        }
        let expires = numeric_date(&claims, "exp")?;
        let time_to_live = match claims.get("ttl") {
            // §5.1: a positive number.
            Some(ttl) => Some(
                ttl.as_u64()
                    .filter(|ttl| *ttl > 0)
                    .ok_or(StatusError::Malformed("ttl"))?,
            ),
            None => None,
        };
        let token = Self {
            uri: uri.to_owned(),
            times: TokenTimes {
                issued_at,
                expires,
                time_to_live,
            },
            list: StatusList::decode(claims.get("status_list").ok_or(StatusError::Malformed("status_list"))?)?,
        };
        token.times.check(now)?;
        Ok(token)
    }
}

impl TokenTimes {
    /// Checks that the token has not ended (§8.3: after `exp` it says nothing).
    pub(super) fn check(&self, now: Timestamp) -> Result<(), StatusError> {
        match self.expires {
            Some(expired) if now >= expired => Err(StatusError::Expired { expired }),
            _ => Ok(()),
        }
    }
}

/// A `NumericDate` (RFC 7519 §2); fractions of a second are cut off.
fn numeric_date(claims: &Object, name: &'static str) -> Result<Option<Timestamp>, StatusError> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = match value {
        Json::Number(number) => {
            let text = number.as_str();
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            let plain = fraction.bytes().all(|byte| byte.is_ascii_digit());
            whole.parse().ok().filter(|_| plain)
        }
        _ => None,
    };
    seconds
        .map(Timestamp::from_unix)
        .map(Some)
        .ok_or(StatusError::Malformed(name))
}

/// The lists that a status list aggregation names (§9): `{"status_lists": [uri, …]}`, for fetching ahead.
pub fn aggregated_lists(body: &[u8], budget: &mut Budget) -> Result<Vec<String>, StatusError> {
    let json = Json::parse(body, budget).map_err(|_| StatusError::Malformed("status_lists"))?;
    let lists = json.get("status_lists").and_then(Json::as_array);
    let texts = lists.and_then(|lists| lists.iter().map(|uri| uri.as_str().map(str::to_owned)).collect());
    texts.ok_or(StatusError::Malformed("status_lists"))
}
