//! Offers by reference, the token endpoint, the nonce endpoint.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::authority::{decode, digest, encode};
use super::endpoint::{Failure, fresh, json};
use super::manage::code_of;
use super::proof::DpopFault;
use super::record::{Entry, HistoryEvent, OfferState};
use super::{Authority, Change, Kind, StateError};
use crate::crypto::{Random, random_token, same_secret};
use crate::http::{HttpRequest, HttpResponse};
use crate::protocol::oauth::{OAuthError, TokenRequest, TokenResponse, TokenType};
use crate::protocol::openid4vci::nonce_response;
use crate::time::Timestamp;

/// A token as the authority keeps it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct TokenEntry {
    pub(super) record: String,
    pub(super) expires: i64,
    /// The thumbprint of the DPoP key it is bound to (RFC 9449 §6).
    pub(super) bound_to: Option<String>,
    /// How often the credentials of each configuration were collected with it.
    #[serde(default)]
    pub(super) collections: BTreeMap<String, u32>,
}

/// A request lost against another one is tried again so often.
const TRIES: usize = 5;

impl Authority {
    pub(super) fn offer_by_reference(&self, address: &str, now: Timestamp) -> Result<HttpResponse, Failure> {
        let record = self.record_of(Kind::Link, &digest("link", address))?;
        let record = record.ok_or(Failure::NotFound)?;
        let (entry, _) = self.entry(&record)?.ok_or(Failure::NotFound)?;
        if entry.offer != OfferState::Open || now.unix() >= entry.expires {
            return Err(Failure::NotFound);
        }
        let offer = self.offer_of(&entry, &code_of(address));
        Ok(fresh(json(200, offer.to_json().to_string())))
    }

    pub(super) fn nonce(&self, now: Timestamp, random: &mut dyn Random) -> HttpResponse {
        fresh(json(200, nonce_response(&self.make_nonce(now, random)).to_string()))
    }

    pub(super) fn token(
        &mut self,
        request: &HttpRequest,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<HttpResponse, Failure> {
        let malformed = |description| Failure::request("invalid_request", description);
        let body = std::str::from_utf8(request.body()).map_err(|_| malformed("the body is not a form"))?;
        let form = TokenRequest::parse(body).map_err(|error| match error {
            OAuthError::UnsupportedGrant => {
                Failure::request("unsupported_grant_type", "only the pre-authorized code grant is served")
            }
            _ => malformed("a parameter is missing or malformed"),
        })?;
        let endpoint = self.endpoint("token");
        let bound_to = self
            .check_dpop(request, &endpoint, None, now)
            .map_err(|fault| match fault {
                DpopFault::Invalid => Failure::request("invalid_dpop_proof", "the DPoP proof does not fit"),
                DpopFault::State => Failure::State,
            })?;
        for _ in 0..TRIES {
            if let Some(response) = self.exchange(&form, bound_to.as_deref(), now, random)? {
                return Ok(fresh(json(200, response.encode())));
            }
        }
        Err(Failure::State)
    }

    /// Exchanges a code for a token; `None` if another request changed the record in between.
    fn exchange(
        &mut self,
        form: &TokenRequest,
        bound_to: Option<&str>,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Option<TokenResponse>, Failure> {
        // §6.3: one answer for codes that are wrong, used, expired or dead.
        let gone = || Failure::request("invalid_grant", "the code is wrong, used up or expired");
        let code = digest("code", &form.code);
        let record = self.record_of(Kind::Code, &code)?.ok_or_else(gone)?;
        let (mut entry, old) = self.entry(&record)?.ok_or_else(gone)?;
        if entry.offer != OfferState::Open || now.unix() >= entry.expires {
            return Err(gone());
        }
        match (&entry.tx_code, &form.tx_code) {
            (None, None) => {}
            (Some(_), None) => return Err(Failure::request("invalid_request", "`tx_code` is missing")),
            (None, Some(_)) => return Err(Failure::request("invalid_request", "`tx_code` is not expected")),
            (Some(expected), Some(given)) => {
                if !same_secret(expected, digest(&record, given)) {
                    return self.wrong_code(entry, old, &code, now).map(|()| None);
                }
            }
        }
        let access_token = random_token(random);
        let expires = now.plus(self.config.token_lifetime);
        let token = TokenEntry {
            record: record.clone(),
            expires: expires.unix(),
            bound_to: bound_to.map(str::to_owned),
            collections: BTreeMap::new(),
        };
        entry.offer = OfferState::Redeemed;
        entry.note(now, HistoryEvent::Redeemed);
        let changes = [
            // Single use: whoever removes the code has it.
            Change::remove(Kind::Code, code),
            Change::insert(
                Kind::Token,
                digest("token", &access_token),
                encode(&token),
                Some(expires),
            ),
            Change::replace(Kind::Record, record, old, encode(&entry)),
        ];
        match self.state.apply(&changes) {
            Ok(()) => {
                let kind = if bound_to.is_some() {
                    TokenType::Dpop
                } else {
                    TokenType::Bearer
                };
                let seconds = u64::try_from(self.config.token_lifetime).unwrap_or_default();
                Ok(Some(TokenResponse::new(access_token, kind, seconds)))
            }
            Err(StateError::Conflict) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Counts a wrong transaction code; the last allowed one kills the offer. Another request in between means that
    /// this one is judged anew.
    fn wrong_code(&mut self, mut entry: Entry, old: Vec<u8>, code: &str, now: Timestamp) -> Result<(), Failure> {
        entry.attempts_left = entry.attempts_left.saturating_sub(1);
        entry.note(now, HistoryEvent::WrongCode);
        let mut changes = Vec::new();
        if entry.attempts_left == 0 {
            entry.offer = OfferState::Locked;
            entry.pending = None;
            entry.note(now, HistoryEvent::Locked);
            changes.push(Change::remove(Kind::Code, code));
        }
        changes.push(Change::replace(Kind::Record, entry.id.clone(), old, encode(&entry)));
        match self.state.apply(&changes) {
            Ok(()) => Err(Failure::request("invalid_grant", "the transaction code is wrong")),
            Err(StateError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The token that a request to a resource shows, checked, with its document as stored.
    pub(super) fn authorize(
        &mut self,
        request: &HttpRequest,
        endpoint: &str,
        now: Timestamp,
    ) -> Result<(TokenEntry, String, Vec<u8>), Failure> {
        let refuse = |error, scheme| Failure::Authorization { error, scheme };
        let header = request.headers().get("Authorization");
        let (scheme, token) = header
            .and_then(|header| header.split_once(' '))
            .ok_or(refuse(None, TokenType::Dpop))?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "bearer" => TokenType::Bearer,
            "dpop" => TokenType::Dpop,
            _ => return Err(refuse(None, TokenType::Dpop)),
        };
        let invalid = || refuse(Some("invalid_token"), scheme);
        let id = digest("token", token.trim());
        let stored = self.state.get(Kind::Token, &id)?.ok_or_else(invalid)?;
        let entry: TokenEntry = decode(&stored)?;
        if now.unix() >= entry.expires {
            return Err(invalid());
        }
        match (&entry.bound_to, scheme) {
            (None, TokenType::Bearer) => {}
            (Some(bound_to), TokenType::Dpop) => {
                let endpoint = self.endpoint(endpoint);
                let proven = self.check_dpop(request, &endpoint, Some(token.trim()), now);
                match proven {
                    Ok(Some(key)) if key == *bound_to => {}
                    Ok(Some(_)) => return Err(invalid()),
                    Ok(None) | Err(DpopFault::Invalid) => {
                        return Err(refuse(Some("invalid_dpop_proof"), TokenType::Dpop));
                    }
                    Err(DpopFault::State) => return Err(Failure::State),
                }
            }
            // RFC 9449 §7.1: a bound token is no bearer token, nor the reverse.
            _ => return Err(invalid()),
        }
        Ok((entry, id, stored))
    }
}
