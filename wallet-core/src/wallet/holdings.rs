//! Adding, showing, renewing and deleting what is held.

use std::collections::BTreeSet;
use std::fmt;

use zeroize::Zeroizing;

use super::keys::software_key;
use super::{
    COPY, CopyRef, Deletion, Entry, EntryId, Event, HOLDING, HeldCopy, Holding, HoldingId, Issuance, KEY, NewCopy,
    NewHolding, Outcome, Presentation, Reuse, SPENT_KEY, Wallet, WalletError, WhenEmpty, stored,
};
use crate::credential::Format;
use crate::crypto::Random;
use crate::keys::KeyHandle;
use crate::store::{ChangeSet, RecordId};
use crate::time::Timestamp;

/// The copy of a holding that would be shown next.
#[non_exhaustive]
pub struct NextCopy {
    /// Its name, for [`Wallet::spend`].
    pub reference: CopyRef,
    /// Its format.
    pub format: Format,
    /// The credential as received; wiped when dropped.
    pub text: Zeroizing<String>,
    /// The key that it is bound to; none for a bearer credential.
    pub key: Option<KeyHandle>,
    /// Whether it was shown before, so that two receivers could compare notes. The citizen is told.
    pub shown_before: bool,
}

impl fmt::Debug for NextCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NextCopy({}, redacted)", self.reference)
    }
}

impl Wallet {
    /// All that is held; the latest first.
    pub fn holdings(&self) -> Result<Vec<Holding>, WalletError> {
        let mut holdings = Vec::new();
        for record in self.store.list(&HOLDING)? {
            holdings.push(Holding {
                id: HoldingId::new(record.id),
                ..stored::read(&HOLDING, &record.plain)?
            });
        }
        holdings.sort_by_key(|holding| (std::cmp::Reverse(holding.received_at), holding.id));
        Ok(holdings)
    }

    /// One holding.
    pub fn holding(&self, id: HoldingId) -> Result<Holding, WalletError> {
        let plain = self.store.get(&HOLDING, id.record())?;
        let plain = plain.ok_or(WalletError::NoSuchHolding)?;
        Ok(Holding {
            id,
            ..stored::read(&HOLDING, &plain)?
        })
    }

    /// Keeps a credential that an issuance has verified, and notes it in the history.
    pub fn add(&mut self, new: NewHolding, now: Timestamp, random: &mut dyn Random) -> Result<HoldingId, WalletError> {
        let ids = self.add_all(vec![new], now, random)?;
        Ok(ids[0])
    }

    /// Keeps the credentials of one issuance, all or none, and notes them in the history.
    pub fn add_all(
        &mut self,
        new: Vec<NewHolding>,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Vec<HoldingId>, WalletError> {
        self.check_new(&new)?;
        let mut changes = ChangeSet::new();
        let (mut ids, mut entries) = (Vec::new(), Vec::new());
        for new in new {
            let id = HoldingId::random(random);
            let issued = new.copies.len();
            let holding = Holding {
                id,
                format: new.format,
                type_names: new.type_names,
                issuer: new.issuer,
                display: new.display,
                supply_point: new.supply_point,
                issued_at: new.issued_at,
                received_at: now,
                valid_from: new.validity.not_before,
                valid_until: new.validity.expires,
                reuse: new.reuse.unwrap_or_else(|| Reuse::for_batch(issued)),
                copies: put_copies(&mut changes, new.copies, random),
            };
            changes.put(&HOLDING, id.record(), stored::write(&holding)?);
            let event = Event::Issuance(Issuance::new(&holding, issued, false));
            entries.push(Entry::new(now, event, Outcome::Completed));
            ids.push(id);
        }
        self.commit_logged(changes, entries, random)?;
        Ok(ids)
    }

    /// Replaces the copies of a holding by new ones of the same credential; the old ones and their keys are
    /// destroyed (ARF `ISSU_62`).
    pub fn renew(
        &mut self,
        id: HoldingId,
        new: NewHolding,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<(), WalletError> {
        let old = self.holding(id)?;
        self.check_new(std::slice::from_ref(&new))?;
        if new.format != old.format || new.type_names.first() != old.type_names.first() {
            return Err(WalletError::OtherCredential);
        }
        let issued = new.copies.len();
        let mut changes = ChangeSet::new();
        self.destroy(&mut changes, &old.copies, random)?;
        let holding = Holding {
            type_names: new.type_names,
            issuer: new.issuer,
            display: new.display,
            supply_point: new.supply_point.or(old.supply_point),
            issued_at: new.issued_at,
            received_at: now,
            valid_from: new.validity.not_before,
            valid_until: new.validity.expires,
            reuse: new.reuse.unwrap_or(old.reuse),
            copies: put_copies(&mut changes, new.copies, random),
            ..old
        };
        changes.put(&HOLDING, id.record(), stored::write(&holding)?);
        let event = Event::Issuance(Issuance::new(&holding, issued, true));
        self.commit_entry(changes, Entry::new(now, event, Outcome::Completed), random)?;
        Ok(())
    }

    /// Deletes a holding: all copies and their keys. The issuer is not told (ARF `PAD_01` to `PAD_04`).
    pub fn delete(&mut self, id: HoldingId, now: Timestamp, random: &mut dyn Random) -> Result<(), WalletError> {
        let holding = self.holding(id)?;
        let mut changes = ChangeSet::new();
        self.destroy(&mut changes, &holding.copies, random)?;
        changes.delete(&HOLDING, id.record());
        let event = Event::Deletion(Deletion::new(&holding));
        self.commit_entry(changes, Entry::new(now, event, Outcome::Completed), random)?;
        Ok(())
    }

    /// A copy for the citizen's own eyes: it is not shown to anyone, and stays what it is.
    pub fn read(&self, id: HoldingId) -> Result<Zeroizing<String>, WalletError> {
        let holding = self.holding(id)?;
        let copy = holding.copies.last().ok_or(WalletError::Unreadable("holding"))?;
        self.text(copy)
    }

    /// The copy that would be shown next. It stays what it is until [`Wallet::spend`].
    pub fn next_copy(&self, id: HoldingId) -> Result<NextCopy, WalletError> {
        let holding = self.holding(id)?;
        let copy = next(&holding)?;
        Ok(NextCopy {
            reference: CopyRef {
                holding: id,
                copy: copy.id,
            },
            format: holding.format,
            text: self.text(copy)?,
            key: copy.key.clone(),
            shown_before: copy.used,
        })
    }

    /// Spends copies: called when all signatures are made and **before** the answer leaves the device. On return it
    /// is on the disk that these copies were shown, keys that will not be needed again are destroyed, and the
    /// history has an entry, to be concluded with [`Wallet::conclude`].
    ///
    /// All or nothing: if one of the copies was spent meanwhile, none is, and nothing may be sent.
    pub fn spend(
        &mut self,
        copies: &[CopyRef],
        presentation: Presentation,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<EntryId, WalletError> {
        self.spend_with(ChangeSet::new(), copies, presentation, now, random)
    }

    /// As [`Wallet::spend`], with further changes in the same commit.
    pub(super) fn spend_with(
        &mut self,
        mut changes: ChangeSet,
        copies: &[CopyRef],
        presentation: Presentation,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<EntryId, WalletError> {
        let ids: BTreeSet<HoldingId> = copies.iter().map(|copy| copy.holding).collect();
        for id in ids {
            let mut holding = self.holding(id)?;
            let wanted = copies.iter().filter(|copy| copy.holding == id);
            for copy in wanted.collect::<BTreeSet<_>>() {
                mark(&mut holding, copy.copy)?;
            }
            let gone = take_spent(&mut holding);
            self.destroy(&mut changes, &gone, random)?;
            changes.put(&HOLDING, id.record(), stored::write(&holding)?);
        }
        let entry = Entry::new(now, Event::Presentation(presentation), Outcome::Unfinished);
        self.commit_entry(changes, entry, random)
    }

    /// The keys of other key stores that are no longer needed. The caller destroys them there and says so with
    /// [`Wallet::keys_destroyed`]; until then they are listed.
    pub fn keys_to_destroy(&self) -> Result<Vec<KeyHandle>, WalletError> {
        let spent = self.store.list(&SPENT_KEY)?;
        spent
            .iter()
            .map(|record| stored::read(&SPENT_KEY, &record.plain))
            .collect()
    }

    /// Notes that these keys are destroyed.
    pub fn keys_destroyed(&mut self, keys: &[KeyHandle], random: &mut dyn Random) -> Result<(), WalletError> {
        let mut changes = ChangeSet::new();
        for record in self.store.list(&SPENT_KEY)? {
            if keys.contains(&stored::read(&SPENT_KEY, &record.plain)?) {
                changes.delete(&SPENT_KEY, record.id);
            }
        }
        Ok(self.store.commit(changes, random)?)
    }

    /// After a restore: of each batch the last copy returns, and counts as shown.
    pub(super) fn assume_copies_shown(&mut self, random: &mut dyn Random) -> Result<(), WalletError> {
        let mut changes = ChangeSet::new();
        for mut holding in self.holdings()? {
            holding.copies.iter_mut().for_each(|copy| copy.used = true);
            let gone = take_spent(&mut holding);
            self.destroy(&mut changes, &gone, random)?;
            changes.put(&HOLDING, holding.id.record(), stored::write(&holding)?);
        }
        Ok(self.store.commit(changes, random)?)
    }

    fn text(&self, copy: &HeldCopy) -> Result<Zeroizing<String>, WalletError> {
        let plain = self.store.get(&COPY, copy.id)?;
        let plain = plain.ok_or(WalletError::Unreadable("copy"))?;
        let text = std::str::from_utf8(&plain).map_err(|_| WalletError::Unreadable("copy"))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Deletes copies with their keys: at once those kept here, later those of other key stores.
    fn destroy(
        &self,
        changes: &mut ChangeSet,
        copies: &[HeldCopy],
        random: &mut dyn Random,
    ) -> Result<(), WalletError> {
        for copy in copies {
            changes.delete(&COPY, copy.id);
            match copy.key.as_ref().map(|key| (software_key(key), key)) {
                Some((Some(record), _)) => changes.delete(&KEY, record),
                Some((None, key)) => changes.put(&SPENT_KEY, RecordId::random(random), stored::write(key)?),
                None => {}
            }
        }
        Ok(())
    }

    fn check_new(&self, new: &[NewHolding]) -> Result<(), WalletError> {
        let nothing = |new: &NewHolding| new.copies.is_empty() || new.type_names.first().is_none_or(String::is_empty);
        if new.is_empty() || new.iter().any(nothing) {
            return Err(WalletError::Empty);
        }
        let environment = self.environment();
        if new.iter().any(|new| new.issuer.party.environment != environment) {
            return Err(WalletError::WrongEnvironment { wallet: environment });
        }
        // ARF ISSU_12b, ISSU_35: a fresh key for each copy, and no copy twice.
        let held = self.holdings()?;
        let bound = held.iter().flat_map(|holding| &holding.copies);
        let mut keys: BTreeSet<&KeyHandle> = bound.filter_map(|copy| copy.key.as_ref()).collect();
        let mut texts = BTreeSet::new();
        for copy in new.iter().flat_map(|new| &new.copies) {
            if !texts.insert(copy.text.as_str()) || copy.key.as_ref().is_some_and(|key| !keys.insert(key)) {
                return Err(WalletError::CopyRepeated);
            }
        }
        Ok(())
    }
}

fn put_copies(changes: &mut ChangeSet, copies: Vec<NewCopy>, random: &mut dyn Random) -> Vec<HeldCopy> {
    let mut held = Vec::with_capacity(copies.len());
    for copy in copies {
        let id = RecordId::random(random);
        changes.put(&COPY, id, copy.text.as_bytes().to_vec());
        held.push(HeldCopy {
            id,
            key: copy.key,
            used: false,
        });
    }
    held
}

/// The copy whose turn it is.
fn next(holding: &Holding) -> Result<&HeldCopy, WalletError> {
    let unused = holding.copies.iter().find(|copy| !copy.used);
    let copy = match holding.reuse {
        Reuse::OnceOnly {
            when_empty: WhenEmpty::Refuse,
            ..
        } => return unused.ok_or(WalletError::NoCopyLeft),
        Reuse::OnceOnly { .. } => unused.or(holding.copies.last()),
        Reuse::LimitedTime { .. } => holding.copies.first(),
    };
    copy.ok_or(WalletError::Unreadable("holding"))
}

/// Marks a copy as shown; one that was shown before only where it would be its turn again.
fn mark(holding: &mut Holding, id: RecordId) -> Result<(), WalletError> {
    let again = next(holding).is_ok_and(|copy| copy.id == id);
    let copy = holding.copies.iter_mut().find(|copy| copy.id == id);
    match copy.filter(|copy| !copy.used || again) {
        Some(copy) => {
            copy.used = true;
            Ok(())
        }
        None => Err(WalletError::CopyGone),
    }
}

/// Takes the copies out that will never be shown again. The last one of all stays: it is what the citizen reads,
/// and its key is what a renewal may have to prove (ARF `WIAM_21`).
fn take_spent(holding: &mut Holding) -> Vec<HeldCopy> {
    if matches!(holding.reuse, Reuse::LimitedTime { .. }) {
        return Vec::new();
    }
    let last = (holding.unused() == 0).then(|| holding.copies.pop()).flatten();
    let (gone, mut left): (Vec<_>, Vec<_>) = holding.copies.drain(..).partition(|copy| copy.used);
    left.extend(last);
    holding.copies = left;
    gone
}
