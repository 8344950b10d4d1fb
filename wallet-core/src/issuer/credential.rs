//! The credential endpoint and the notification endpoint.

use super::authority::{digest, encode};
use super::endpoint::{Failure, empty, fresh, json};
use super::record::{CopyRecord, Entry, HistoryEvent, OfferState, RecordStatus};
use super::status::Allocation;
use super::{Authority, Change, Kind, StateError};
use crate::codec::{Budget, Json};
use crate::crypto::{Random, random_token};
use crate::http::{HttpRequest, HttpResponse};
use crate::keys::PublicKey;
use crate::protocol::openid4vci::{
    CredentialRequest, CredentialResponse, MessageError, NotificationEvent, NotificationRequest, Requested,
};
use crate::time::Timestamp;

/// An answer can be lost on the way: a token collects once more, and no further.
const COLLECTIONS: u32 = 2;

/// A request lost against another one is tried again so often.
const TRIES: usize = 5;

/// Copies that are signed, and what taking their places changes.
struct Signed {
    credentials: Vec<String>,
    entry: Entry,
    changes: Vec<Change>,
}

impl Authority {
    pub(super) fn credential(
        &mut self,
        request: &HttpRequest,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<HttpResponse, Failure> {
        let (token, token_id, stored) = self.authorize(request, "credential", now)?;
        let body = CredentialRequest::parse(request.body(), &mut Budget::new(1 << 20, 16, 10_000));
        let body = body.map_err(|error| match error {
            MessageError::ProofTypeUnsupported
            | MessageError::ProofTypes { .. }
            | MessageError::BadMember("proofs") => Failure::request("invalid_proof", "`proofs` must hold `jwt` proofs"),
            _ => Failure::request("invalid_credential_request", "a member is missing or malformed"),
        })?;
        let denied = || Failure::request("credential_request_denied", "the credential can no longer be collected");
        let (entry, _) = self.entry(&token.record)?.ok_or_else(denied)?;
        match &body.requested {
            Requested::Configuration(id) if *id == entry.vct => {}
            Requested::Configuration(_) => {
                return Err(Failure::request(
                    "unknown_credential_configuration",
                    "the configuration is not the one that was offered",
                ));
            }
            Requested::Identifier(_) => {
                return Err(Failure::request(
                    "unknown_credential_identifier",
                    "no identifier was given out",
                ));
            }
        }
        if body.encryption.is_some() {
            return Err(Failure::request(
                "invalid_encryption_parameters",
                "encrypted answers are not offered",
            ));
        }
        let proven = self.check_proofs(&body.proofs, now)?;
        let spent: Vec<String> = proven.nonces.iter().map(|nonce| digest("nonce", nonce)).collect();
        for _ in 0..TRIES {
            let replayed = Failure::request("invalid_nonce", "the nonce was used before");
            for id in &spent {
                if self.state.get(Kind::Spent, id)?.is_some() {
                    return Err(replayed);
                }
            }
            let (entry, old) = self.entry(&token.record)?.ok_or_else(denied)?;
            if token.collected >= COLLECTIONS || entry.status != RecordStatus::Valid {
                return Err(denied());
            }
            let Some(signed) = self.sign_copies(entry, &proven.keys, now, random)? else {
                return Err(denied());
            };
            let Signed {
                credentials,
                entry,
                mut changes,
            } = signed;
            let keep = Some(now.plus(self.config.nonce_lifetime + 60));
            changes.extend(
                spent
                    .iter()
                    .map(|id| Change::insert(Kind::Spent, id.as_str(), Vec::new(), keep)),
            );
            let notification = random_token(random);
            let weeks = Some(now.plus(self.config.offer_lifetime));
            changes.push(Change::insert(
                Kind::Notification,
                &notification,
                entry.id.clone().into_bytes(),
                weeks,
            ));
            let mut collected = token.clone();
            collected.collected += 1;
            changes.push(Change::replace(
                Kind::Token,
                &token_id,
                stored.clone(),
                encode(&collected),
            ));
            changes.push(Change::replace(Kind::Record, entry.id.clone(), old, encode(&entry)));
            match self.state.apply(&changes) {
                Ok(()) => {
                    self.supersede(&entry, now)?;
                    let response = CredentialResponse::Issued {
                        credentials: credentials.into_iter().map(Json::from).collect(),
                        notification_id: Some(notification),
                    };
                    return Ok(fresh(json(200, response.encode())));
                }
                // A nonce, a place in the list or the token was taken by another request: look again.
                Err(StateError::Conflict) if self.state.get(Kind::Token, &token_id)?.as_ref() != Some(&stored) => {
                    return Err(denied());
                }
                Err(StateError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::State)
    }

    /// Signs a copy for each key; `None` if there are no values to sign any more.
    fn sign_copies(
        &self,
        mut entry: Entry,
        keys: &[PublicKey],
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Option<Signed>, Failure> {
        let Some(pending) = entry.pending.clone() else {
            return Ok(None);
        };
        let Allocation { places, changes } = self.allocate(&entry.id, keys.len(), random)?;
        let mut credentials = Vec::new();
        for (key, (list, index)) in keys.iter().zip(places) {
            let status = (self.status_uri(list), index);
            let draft = pending.draft(&entry, Some(key), Some(status));
            let signed = self.signer.sign(draft, Some(&self.config.issuer), now, random);
            credentials.push(signed.map_err(|_| Failure::State)?);
            entry.copies.push(CopyRecord {
                list,
                index,
                thumbprint: Some(key.thumbprint()),
                issued: now.unix(),
            });
        }
        entry.offer = OfferState::Issued;
        entry.note(now, HistoryEvent::Issued { copies: keys.len() });
        Ok(Some(Signed {
            credentials,
            entry,
            changes,
        }))
    }

    /// Revokes what a record that was just collected replaces (lessons S9).
    fn supersede(&mut self, entry: &Entry, now: Timestamp) -> Result<(), Failure> {
        if let Some(old) = &entry.supersedes {
            // The old record may be gone or revoked already: then nothing is left to do.
            match self.revoke(old, "superseded", now) {
                Ok(()) | Err(super::IssuerError::UnknownRecord | super::IssuerError::Revoked) => {}
                Err(_) => return Err(Failure::State),
            }
        }
        Ok(())
    }

    pub(super) fn notification(&mut self, request: &HttpRequest, now: Timestamp) -> Result<HttpResponse, Failure> {
        let (token, _, _) = self.authorize(request, "notification", now)?;
        let body = NotificationRequest::parse(request.body(), &mut Budget::new(64 << 10, 8, 100));
        let bad = |_| Failure::request("invalid_notification_request", "a member is missing or malformed");
        let notification = body.map_err(bad)?;
        let unknown = || Failure::request("invalid_notification_id", "the notification id is unknown");
        let record = self.record_of(Kind::Notification, &notification.id)?;
        let record = record.filter(|record| *record == token.record).ok_or_else(unknown)?;
        for _ in 0..TRIES {
            let (mut entry, old) = self.entry(&record)?.ok_or_else(unknown)?;
            let event = HistoryEvent::Notified {
                event: notification.event.name().to_owned(),
            };
            // §11: the same notification again changes nothing.
            if entry.history.iter().any(|known| known.event == event) {
                return Ok(empty());
            }
            entry.note(now, event);
            if notification.event == NotificationEvent::CredentialAccepted {
                entry.offer = OfferState::Accepted;
                entry.pending = None;
            }
            match self
                .state
                .apply(&[Change::replace(Kind::Record, entry.id.clone(), old, encode(&entry))])
            {
                Ok(()) => return Ok(empty()),
                Err(StateError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::State)
    }
}
