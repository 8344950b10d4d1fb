//! Verification (RFC 9901 §7.1 and §7.3, SD-JWT VC §3.4).

use crate::codec::base64url;
use crate::codec::{Budget, Json, Object};
use crate::envelope::jws::{JwsError, UnverifiedJws};
use crate::time::Timestamp;
use crate::trust::{IssuerClaim, TrustStore, TrustedIssuer};

use super::parse::{numeric_date, validity_of};
use super::process::Digest;
use super::{SdJwt, SdJwtError, Unverified, Verified};

/// Which rules apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// SD-JWT VC: `typ` is `dc+sd-jwt`, there is a `vct`, and some claims are never selective.
    #[default]
    Vc,
    /// RFC 9901 alone.
    Plain,
}

/// What the key binding JWT of a presentation must answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyBinding {
    /// The `nonce` of the request.
    pub nonce: String,
    /// Who asked: the `aud` it must have.
    pub audience: String,
    /// How old it may be, in seconds.
    pub max_age: i64,
}

impl KeyBinding {
    /// The answer to `nonce` asked by `audience`, at most five minutes old.
    pub fn new(nonce: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            nonce: nonce.into(),
            audience: audience.into(),
            max_age: 300,
        }
    }
}

/// Whether there must be key binding. It is decided before looking at what was sent, since a thief would
/// just leave it out (RFC 9901 §7.3 step 1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyBindingRule {
    /// A credential at rest or just issued: a key binding JWT is refused (RFC 9901 §7.2).
    #[default]
    Forbidden,
    /// A presentation: this is required.
    Required(KeyBinding),
}

/// What a verifier asks for. The default is that of a credential at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyOptions {
    /// Which rules apply.
    pub kind: Kind,
    /// How many seconds clocks may differ.
    pub skew: i64,
    /// Whether there must be key binding.
    pub key_binding: KeyBindingRule,
    /// Who we are, for credentials that are meant for one audience (`aud` of the credential).
    pub audience: Option<String>,
    /// Claims without which the credential is refused, such as `exp`.
    pub required_claims: Vec<&'static str>,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self {
            kind: Kind::Vc,
            skew: 60,
            key_binding: KeyBindingRule::Forbidden,
            audience: None,
            required_claims: Vec::new(),
        }
    }
}

impl VerifyOptions {
    /// For a credential that was issued to us or is stored: key binding is refused.
    pub fn at_rest() -> Self {
        Self::default()
    }

    /// For a presentation that must answer a request.
    pub fn presentation(binding: KeyBinding) -> Self {
        Self {
            key_binding: KeyBindingRule::Required(binding),
            ..Self::default()
        }
    }

    /// The options for another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The options with another allowance for clocks.
    #[must_use]
    pub fn with_skew(mut self, seconds: i64) -> Self {
        self.skew = seconds;
        self
    }

    /// The options of an audience with a name.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// The options with one more claim that must be there.
    #[must_use]
    pub fn requiring(mut self, claim: &'static str) -> Self {
        self.required_claims.push(claim);
        self
    }
}

impl Unverified<SdJwt> {
    /// What it says about its issuer: for finding the key, for nothing else.
    pub fn issuer_claim(&self) -> IssuerClaim<'_> {
        let inner = self.inner();
        let iss = inner.claims.get("iss").and_then(Json::as_str);
        let issued = inner.claims.get("iat").and_then(|at| numeric_date(at, f64::floor));
        IssuerClaim::new(&inner.header, iss, inner.vct()).issued_at(issued)
    }

    /// Checks everything but the status.
    pub fn verify(
        self,
        trust: &TrustStore,
        options: &VerifyOptions,
        now: Timestamp,
    ) -> Result<Verified<SdJwt>, SdJwtError> {
        let issuer = self.check(trust, options, now)?;
        Ok(Verified::new(self.into_inner(), issuer, now))
    }

    fn check(&self, trust: &TrustStore, options: &VerifyOptions, now: Timestamp) -> Result<TrustedIssuer, SdJwtError> {
        let inner = self.inner();
        // RFC 9901 §7.3 step 1, §7.2: decided by policy, not by what came.
        let binding = match (&options.key_binding, inner.key_binding()) {
            (KeyBindingRule::Forbidden, Some(_)) => return Err(SdJwtError::KeyBindingUnexpected),
            (KeyBindingRule::Required(_), None) => return Err(SdJwtError::KeyBindingMissing),
            (KeyBindingRule::Forbidden, None) => None,
            (KeyBindingRule::Required(wanted), Some(jwt)) => Some((wanted, jwt)),
        };
        inner.check_typ(options.kind)?;
        // RFC 9901 §7.1 step 1: a key proven to be the issuer's, and its signature.
        let candidates = trust.issuer_candidates(&self.issuer_claim(), now)?;
        let issuer = inner.signer(candidates)?;
        if let Some(fault) = &inner.fault {
            return Err(fault.clone());
        }
        if options.kind == Kind::Vc {
            inner.check_vc()?;
        }
        let claims = inner.claims();
        if let Some(missing) = options.required_claims.iter().find(|name| !claims.contains(name)) {
            return Err(SdJwtError::ClaimMissing(missing));
        }
        // RFC 9901 §7.1 step 6.
        inner.validity.check(now, options.skew)?;
        check_audience(claims, options)?;
        if let Some((wanted, jwt)) = binding {
            inner.check_key_binding(jwt, wanted, options.skew, now)?;
        }
        Ok(issuer)
    }
}

impl SdJwt {
    fn check_typ(&self, kind: Kind) -> Result<(), SdJwtError> {
        match kind {
            // SD-JWT VC §2.2.1.
            Kind::Vc => Ok(self.header.expect_typ("dc+sd-jwt")?),
            // RFC 8725 §3.11: a JWT of a kind that is named otherwise is no SD-JWT.
            Kind::Plain => match self.header.typ().map(str::to_ascii_lowercase) {
                None => Ok(()),
                Some(typ) => match typ.strip_prefix("application/").unwrap_or(&typ) {
                    "jwt" | "sd-jwt" => Ok(()),
                    typ if typ.ends_with("+sd-jwt") => Ok(()),
                    _ => Err(JwsError::WrongType { expected: "sd-jwt" }.into()),
                },
            },
        }
    }

    /// The candidate whose key made the signature: pinned keys without `kid` are several.
    fn signer(&self, candidates: Vec<TrustedIssuer>) -> Result<TrustedIssuer, SdJwtError> {
        let signature = &self.text[self.marks.signature..self.marks.disclosures - 1];
        let signature = base64url::decode(signature).map_err(JwsError::from)?;
        let input = &self.text.as_bytes()[..self.marks.signature - 1];
        let mut refusal = JwsError::BadSignature;
        for candidate in candidates {
            if candidate.key.algorithm() != self.header.algorithm() {
                refusal = JwsError::KeyDoesNotFit;
                continue;
            }
            if candidate.key.verifying_key().verify(input, &signature).is_ok() {
                return Ok(candidate);
            }
            refusal = JwsError::BadSignature;
        }
        Err(refusal.into())
    }

    /// SD-JWT VC §2.2.2.
    fn check_vc(&self) -> Result<(), SdJwtError> {
        if let Some(name) = self.never_selective {
            return Err(SdJwtError::NeverSelective(name));
        }
        let vct = match self.claims.get("vct") {
            None => return Err(SdJwtError::ClaimMissing("vct")),
            Some(vct) => vct.as_str().filter(|vct| !vct.is_empty()),
        };
        let vct = vct.ok_or(SdJwtError::BadClaim("vct"))?;
        if let Some(further) = self.claims.get("aka_vcts") {
            let names = further.as_array().filter(|names| !names.is_empty());
            let sound = |name: &Json| name.as_str().is_some_and(|name| name != vct && !name.is_empty());
            if !names.is_some_and(|names| names.iter().all(sound)) {
                return Err(SdJwtError::BadClaim("aka_vcts"));
            }
        }
        for name in ["iss", "sub", "vct#integrity"] {
            if self.claims.get(name).is_some_and(|value| value.as_str().is_none()) {
                return Err(SdJwtError::BadClaim(name));
            }
        }
        for name in ["cnf", "status"] {
            if self.claims.get(name).is_some_and(|value| value.as_object().is_none()) {
                return Err(SdJwtError::BadClaim(name));
            }
        }
        if let Some(issued) = self.claims.get("iat")
            && numeric_date(issued, f64::floor).is_none()
        {
            return Err(SdJwtError::BadClaim("iat"));
        }
        Ok(())
    }

    /// RFC 9901 §7.3 step 5.
    fn check_key_binding(&self, jwt: &str, wanted: &KeyBinding, skew: i64, now: Timestamp) -> Result<(), SdJwtError> {
        let key = match self.confirmation_key() {
            None => return Err(SdJwtError::HolderKeyMissing),
            Some(Err(error)) => return Err(SdJwtError::HolderKey(error.clone())),
            Some(Ok(key)) => key,
        };
        // Its length was paid for when the whole was parsed.
        let mut budget = Budget::new(2 * jwt.len(), self.depth, jwt.len());
        let jws = UnverifiedJws::parse(jwt, &mut budget).map_err(SdJwtError::KeyBinding)?;
        jws.header().expect_typ("kb+jwt").map_err(SdJwtError::KeyBinding)?;
        let jws = jws.verify(key).map_err(SdJwtError::KeyBinding)?;
        let claims = jws.claims(&mut budget).map_err(SdJwtError::KeyBinding)?;
        let text = |name: &'static str| {
            let value = claims.get(name).and_then(Json::as_str);
            value.ok_or(SdJwtError::KeyBindingClaim(name))
        };
        // RFC 9901 §4.3: all four are required; `aud` is a single string.
        let (nonce, audience, sd_hash) = (text("nonce")?, text("aud")?, text("sd_hash")?);
        let made = claims.get("iat").and_then(|made| numeric_date(made, f64::floor));
        let made = made.ok_or(SdJwtError::KeyBindingClaim("iat"))?;
        if nonce != wanted.nonce {
            return Err(SdJwtError::KeyBindingNonce);
        }
        if audience != wanted.audience {
            return Err(SdJwtError::KeyBindingAudience);
        }
        // RFC 9901 §4.3.1: over what was presented, up to and with the last tilde.
        if sd_hash != Digest::new(self.hash, self.unbound()).as_str() {
            return Err(SdJwtError::KeyBindingSdHash);
        }
        let age = now.since(made);
        if age < -skew {
            return Err(SdJwtError::KeyBindingInFuture {
                ahead: -age,
                limit: skew,
            });
        }
        let limit = wanted.max_age.saturating_add(skew);
        if age > limit {
            return Err(SdJwtError::KeyBindingTooOld { age, limit });
        }
        validity_of(&claims)?.check(now, skew)?;
        Ok(())
    }
}

/// RFC 7519 §4.1.3: whoever does not find itself in `aud` refuses.
fn check_audience(claims: &Object, options: &VerifyOptions) -> Result<(), SdJwtError> {
    let Some(audience) = claims.get("aud") else {
        return Ok(());
    };
    let us = options.audience.as_deref();
    let names_us = match audience {
        Json::String(name) => Some(name.as_str()) == us,
        Json::Array(names) => names.iter().any(|name| name.as_str().is_some() && name.as_str() == us),
        _ => return Err(SdJwtError::BadClaim("aud")),
    };
    if names_us {
        Ok(())
    } else {
        Err(SdJwtError::AudienceMismatch)
    }
}
