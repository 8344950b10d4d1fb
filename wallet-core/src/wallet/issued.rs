//! From an issuance into the wallet.

use super::{DisplayName, HoldingId, KeyStore, KeyStoreError, NewHolding, Wallet, WalletError};
use crate::crypto::Random;
use crate::issuance::{KeyOrder, Receipt, Received, Report};
use crate::keys::{KeyHandle, PublicKey};
use crate::rulebook::Rulebook;
use crate::time::Timestamp;

impl NewHolding {
    /// One credential of an issuance, in all its copies.
    pub fn of_received(received: Received, rulebook: &Rulebook) -> Result<Self, WalletError> {
        let copies = received.copies.into_iter().map(|copy| (copy.credential, copy.key));
        let new = Self::of_credential(copies.collect(), rulebook)?;
        Ok(new
            .displayed_as(DisplayName::any(received.name))
            .supplied_by(received.credential_issuer))
    }
}

impl Wallet {
    /// Keeps the credentials of an issuance, all or none. The report tells the issuer, and is to be sent after this.
    pub fn keep(
        &mut self,
        receipt: Receipt,
        rulebook: &Rulebook,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<(Vec<HoldingId>, Option<Report>), WalletError> {
        let (received, report) = receipt.into_parts();
        let new = received
            .into_iter()
            .map(|received| NewHolding::of_received(received, rulebook));
        let ids = self.add_all(new.collect::<Result<_, _>>()?, now, random)?;
        Ok((ids, report))
    }
}

/// Makes the keys that an issuance orders, in its order.
pub fn make_keys(
    keys: &mut dyn KeyStore,
    order: &KeyOrder,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<Vec<(KeyHandle, PublicKey)>, KeyStoreError> {
    let mut made = Vec::new();
    let wanted = order.wanted();
    for alike in wanted.chunk_by(|one, two| one.curve == two.curve) {
        made.extend(keys.create(alike.len(), alike[0].curve, now, random)?);
    }
    Ok(made)
}
