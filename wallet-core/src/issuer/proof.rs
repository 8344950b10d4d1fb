//! Proofs that a wallet has a key: `openid4vci-proof+jwt` (OpenID4VCI 1.0 §F.1, §F.4) and DPoP (RFC 9449 §4.3).

use super::authority::digest;
use super::endpoint::Failure;
use super::{Authority, Change, Kind, StateError};
use crate::codec::{Budget, Json, Object, base64url};
use crate::crypto::{SignatureAlgorithm, sha256};
use crate::envelope::jws::UnverifiedJws;
use crate::http::{HttpRequest, HttpsUrl};
use crate::keys::PublicKey;
use crate::protocol::openid4vci::PROOF_TYPE;
use crate::time::Timestamp;

/// How old a proof may be, and how far ahead its clock: phones drift.
const AGE: i64 = 300;
const AHEAD: i64 = 60;

/// What the proofs of one request show.
pub(super) struct Proven {
    pub(super) keys: Vec<PublicKey>,
    pub(super) nonces: Vec<String>,
}

const ALGORITHMS: [SignatureAlgorithm; 3] = [
    SignatureAlgorithm::Es256,
    SignatureAlgorithm::Es384,
    SignatureAlgorithm::EdDsa,
];

/// The names of the algorithms that proofs may have.
pub(super) fn algorithms() -> [&'static str; 3] {
    ALGORITHMS.map(SignatureAlgorithm::name)
}

impl Authority {
    /// Checks all proofs of a request.
    pub(super) fn check_proofs(&self, proofs: &[String], now: Timestamp) -> Result<Proven, Failure> {
        let bad = |description| Failure::request("invalid_proof", description);
        if proofs.is_empty() {
            return Err(bad("`proofs` is missing"));
        }
        let most = self.config.batch_size.max(1);
        if proofs.len() > most {
            return Err(bad("more proofs than the batch size"));
        }
        let mut proven = Proven {
            keys: Vec::new(),
            nonces: Vec::new(),
        };
        for proof in proofs {
            let (key, claims) = signed_by_header_key(proof, PROOF_TYPE).map_err(bad)?;
            let text = |name: &str| claims.get(name).and_then(Json::as_str);
            if text("aud") != Some(self.config.issuer.as_str()) {
                return Err(bad("`aud` is not this issuer"));
            }
            check_age(&claims, now).map_err(bad)?;
            // §8.3.1.2: a proof without a nonce is an invalid proof, one with a wrong nonce an invalid nonce.
            let nonce = text("nonce").ok_or(bad("`nonce` is missing"))?;
            if !self.is_our_nonce(nonce, now) {
                return Err(Failure::request("invalid_nonce", "the nonce is unknown or expired"));
            }
            if proven.keys.contains(&key) {
                return Err(bad("a key is proven twice"));
            }
            proven.keys.push(key);
            if !proven.nonces.iter().any(|other| other == nonce) {
                proven.nonces.push(nonce.to_owned());
            }
        }
        Ok(proven)
    }

    /// Checks the DPoP proof of a request, if there is one, and gives the thumbprint of its key. A proof serves once.
    pub(super) fn check_dpop(
        &mut self,
        request: &HttpRequest,
        endpoint: &HttpsUrl,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<String>, DpopFault> {
        let Some(proof) = request.headers().get("DPoP") else {
            return Ok(None);
        };
        // RFC 9449 §4.3 step 1: not more than one.
        if request.headers().count("DPoP") > 1 {
            return Err(DpopFault::Invalid);
        }
        let (key, claims) = signed_by_header_key(proof, "dpop+jwt").map_err(|_| DpopFault::Invalid)?;
        let text = |name: &str| claims.get(name).and_then(Json::as_str);
        let target = text("htu").map(|target| target.split(['?', '#']).next().unwrap_or(target));
        let token_hash = token.map(|token| base64url::encode(sha256(token.as_bytes())));
        let fits = text("htm") == Some("POST")
            && target == Some(endpoint.as_str())
            && (token_hash.is_none() || text("ath") == token_hash.as_deref());
        let id = text("jti").filter(|id| !id.is_empty());
        let (true, Some(id), Ok(())) = (fits, id, check_age(&claims, now)) else {
            return Err(DpopFault::Invalid);
        };
        let thumbprint = key.thumbprint();
        let spent = digest("dpop", &format!("{thumbprint}.{id}"));
        let forgotten = now.plus(2 * AGE);
        match self
            .state
            .apply(&[Change::insert(Kind::Spent, spent, Vec::new(), Some(forgotten))])
        {
            Ok(()) => Ok(Some(thumbprint)),
            Err(StateError::Conflict) => Err(DpopFault::Invalid),
            Err(StateError::Unavailable) => Err(DpopFault::State),
        }
    }
}

/// What is wrong with a DPoP proof.
pub(super) enum DpopFault {
    Invalid,
    State,
}

/// Checks type and signature of a JWS whose public key stands in its own header.
fn signed_by_header_key(text: &str, typ: &'static str) -> Result<(PublicKey, Object), &'static str> {
    // A proof is small; a large one is an attack.
    let budget = &mut Budget::new(16 << 10, 16, 1000);
    let jws = UnverifiedJws::parse(text, budget).map_err(|_| "not a JWS with a supported `alg`")?;
    jws.header().expect_typ(typ).map_err(|_| "`typ` is another")?;
    let header = jws.header().json();
    // §F.1: `kid`, `jwk` and `x5c` exclude each other; only `jwk` is supported here.
    if header.contains("kid") || header.contains("x5c") || header.contains("trust_chain") {
        return Err("the key must be in `jwk`, and only there");
    }
    let jwk = header.get("jwk").ok_or("`jwk` is missing")?;
    let key = PublicKey::from_jwk(jwk).map_err(|_| "`jwk` is not a public key that is supported")?;
    let verified = jws.verify(&key).map_err(|_| "the signature is not that of `jwk`")?;
    let claims = verified
        .claims(budget)
        .map_err(|_| "the payload is not a JSON object")?;
    Ok((key, claims))
}

fn check_age(claims: &Object, now: Timestamp) -> Result<(), &'static str> {
    let issued = claims.get("iat").and_then(Json::as_i64).ok_or("`iat` is missing")?;
    let age = now.since(Timestamp::from_unix(issued));
    if (-AHEAD..=AGE).contains(&age) {
        Ok(())
    } else {
        Err("`iat` is not now")
    }
}
