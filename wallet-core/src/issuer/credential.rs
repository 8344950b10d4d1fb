//! The credential endpoint and the notification endpoint.

use super::authority::{digest, encode};
use super::endpoint::{Failure, empty, fresh, json};
use super::record::{CopyRecord, Entry, HistoryEvent, OfferState, RecordStatus};
use super::status::Allocation;
use super::{Authority, Change, Kind, StateError};
use crate::codec::{Budget, Json, base64url};
use crate::credential::StatusListReference;
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

/// What a notification id stands for: ids of records have no `|` in them.
fn notification_value(record: &str, configuration: &str) -> Vec<u8> {
    format!("{record}|{configuration}").into_bytes()
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
        let configuration = match &body.requested {
            Requested::Configuration(id) if entry.configurations().contains(id) => id,
            Requested::Configuration(_) => {
                return Err(Failure::request(
                    "unknown_credential_configuration",
                    "the configuration is not one that was offered",
                ));
            }
            Requested::Identifier(_) => {
                return Err(Failure::request(
                    "unknown_credential_identifier",
                    "no identifier was given out",
                ));
            }
        };
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
            let collections = token.collections.get(configuration).copied().unwrap_or_default();
            if collections >= COLLECTIONS || entry.status != RecordStatus::Valid {
                return Err(denied());
            }
            // ARF 3.0 ISSU_12b, ISSU_35: a key that two credentials share makes them known as one.
            let shared = |key: &PublicKey| {
                let thumbprint = Some(key.thumbprint());
                let mut copies = entry.copies.iter();
                copies.any(|copy| copy.thumbprint == thumbprint && copy.configuration != *configuration)
            };
            if proven.keys.iter().any(shared) {
                return Err(Failure::request(
                    "invalid_proof",
                    "a key is bound to another credential",
                ));
            }
            let Some(signed) = self.sign_copies(entry, configuration, &proven.keys, now, random)? else {
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
                notification_value(&entry.id, configuration),
                weeks,
            ));
            let mut collected = token.clone();
            collected
                .collections
                .insert(configuration.clone(), collections.saturating_add(1));
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
        configuration: &str,
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
            let signed = match entry.mdoc_of(configuration) {
                Some(doctype) => {
                    let signer = self.document_signer.as_ref().ok_or(Failure::State)?;
                    let status = StatusListReference::cwt(index, self.status_uri(list));
                    let draft = pending.mdoc_draft(doctype, Some(status));
                    let issuer_signed = signer.sign_mdoc(&draft, key, &self.rulebook, now, random);
                    // OpenID4VCI 1.0 §A.2.4: base64url of `IssuerSigned`.
                    issuer_signed.map(base64url::encode)
                }
                None => {
                    let status = (self.status_uri(list), index);
                    let draft = pending.draft(&entry, Some(key), Some(status));
                    self.signer.sign(draft, Some(&self.config.issuer), now, random)
                }
            };
            credentials.push(signed.map_err(|_| Failure::State)?);
            entry.copies.push(CopyRecord {
                configuration: configuration.to_owned(),
                list,
                index,
                thumbprint: Some(key.thumbprint()),
                issued: now.unix(),
            });
        }
        if !entry.collected.iter().any(|known| known == configuration) {
            entry.collected.push(configuration.to_owned());
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
        let value = self
            .record_of(Kind::Notification, &notification.id)?
            .ok_or_else(unknown)?;
        let (record, configuration) = value.split_once('|').unwrap_or((&value, ""));
        if record != token.record {
            return Err(unknown());
        }
        for _ in 0..TRIES {
            let (mut entry, old) = self.entry(record)?.ok_or_else(unknown)?;
            let event = HistoryEvent::Notified {
                event: notification.event.name().to_owned(),
            };
            let accepts = notification.event == NotificationEvent::CredentialAccepted;
            let is_new = accepts && !entry.accepted.iter().any(|known| known == configuration);
            // §11: the same notification again changes nothing.
            if !is_new && entry.history.iter().any(|known| known.event == event) {
                return Ok(empty());
            }
            entry.note(now, event);
            if accepts {
                entry.accepted.push(configuration.to_owned());
                // Another format may still be to come.
                let offered = entry.configurations();
                if offered.len() == 1 || offered.iter().all(|offered| entry.accepted.contains(offered)) {
                    entry.offer = OfferState::Accepted;
                    entry.pending = None;
                }
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
