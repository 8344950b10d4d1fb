//! Whom this wallet trusts, as the citizen or the app has set it.

use serde::{Deserialize, Serialize};

use super::{ANCHOR, AnchorId, Wallet, WalletError, stored};
use crate::codec::{Budget, Json};
use crate::crypto::Random;
use crate::keys::{Jwk, JwkSet};
use crate::store::ChangeSet;
use crate::time::Timestamp;
use crate::trust::{Certificate, Role, TrustStore};

/// A trust anchor of the wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoredAnchor {
    /// Its name in this wallet.
    #[serde(skip)]
    pub id: AnchorId,
    /// What it is good for.
    pub role: Role,
    /// What the citizen calls it; a verdict never shows this name.
    pub label: String,
    /// What is trusted.
    pub content: AnchorContent,
    /// When it was added.
    #[serde(with = "stored::unix")]
    pub added_at: Timestamp,
}

/// What is trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AnchorContent {
    /// A certificate in PEM.
    Certificate(String),
    /// A JWK or JWK set, pinned for an issuer or for all.
    Keys {
        /// The `iss` they are pinned for.
        issuer: Option<String>,
        /// The JSON text.
        jwks: String,
    },
    /// The name of an issuer that publishes its keys.
    WebIssuer(String),
}

impl AnchorContent {
    /// Adds the anchor to a trust store.
    fn add_to(&self, store: &mut TrustStore, role: Role) -> Result<(), WalletError> {
        match (self, role) {
            (Self::Certificate(pem), _) => {
                let certificate = Certificate::parse_pem(pem).map_err(|_| WalletError::BadAnchor)?;
                store.add_anchor(role, certificate);
            }
            (Self::Keys { issuer, jwks }, Role::Issuers) => {
                let json = Json::parse(jwks, &mut Budget::default()).map_err(|_| WalletError::BadAnchor)?;
                store.pin_issuer_keys(issuer.clone(), keys(&json).ok_or(WalletError::BadAnchor)?);
            }
            (Self::WebIssuer(issuer), Role::Issuers) => store.trust_web_issuer(issuer.clone()),
            // Relying parties are known by certificate only (lessons S11).
            (Self::Keys { .. } | Self::WebIssuer(_), _) => return Err(WalletError::BadAnchor),
        }
        Ok(())
    }
}

/// A JWK set with at least one usable key, or a JWK alone.
fn keys(json: &Json) -> Option<JwkSet> {
    if json.get("keys").is_none() {
        return Some(JwkSet::new(vec![Jwk::parse(json).ok()?]));
    }
    JwkSet::parse(json).ok().filter(|set| !set.keys().is_empty())
}

impl Wallet {
    /// The anchors of the wallet; the oldest first.
    pub fn anchors(&self) -> Result<Vec<StoredAnchor>, WalletError> {
        let mut anchors = Vec::new();
        for record in self.store.list(&ANCHOR)? {
            anchors.push(StoredAnchor {
                id: AnchorId::new(record.id),
                ..stored::read(&ANCHOR, &record.plain)?
            });
        }
        anchors.sort_by_key(|anchor| (anchor.added_at, anchor.id));
        Ok(anchors)
    }

    /// Trusts somebody from now on. What is trusted already in this role keeps its name.
    pub fn add_anchor(
        &mut self,
        role: Role,
        label: impl Into<String>,
        content: AnchorContent,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<AnchorId, WalletError> {
        content.add_to(&mut TrustStore::new(self.environment()), role)?;
        let known = self.anchors()?;
        if let Some(known) = known
            .iter()
            .find(|known| known.role == role && known.content == content)
        {
            return Ok(known.id);
        }
        let anchor = StoredAnchor {
            id: AnchorId::random(random),
            role,
            label: label.into(),
            content,
            added_at: now,
        };
        let mut changes = ChangeSet::new();
        changes.put(&ANCHOR, anchor.id.record(), stored::write(&anchor)?);
        self.store.commit(changes, random)?;
        Ok(anchor.id)
    }

    /// Trusts somebody no longer.
    pub fn remove_anchor(&mut self, id: AnchorId, random: &mut dyn Random) -> Result<(), WalletError> {
        if self.store.get(&ANCHOR, id.record())?.is_none() {
            return Err(WalletError::NoSuchAnchor);
        }
        let mut changes = ChangeSet::new();
        changes.delete(&ANCHOR, id.record());
        Ok(self.store.commit(changes, random)?)
    }

    /// All anchors as the checks need them. The keys of issuers that publish them are to be fetched and added.
    pub fn trust_store(&self) -> Result<TrustStore, WalletError> {
        let mut store = TrustStore::new(self.environment());
        for anchor in self.anchors()? {
            anchor.content.add_to(&mut store, anchor.role)?;
        }
        Ok(store)
    }
}
