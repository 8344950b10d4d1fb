//! From the wallet into a meeting in person, and from its decisions into the history.

use super::{
    Code, CopyRef, Disclosed, Entry, EntryId, Event, FLOW, FlowId, Outcome, Party, Presentation, Wallet, WalletError,
};
use crate::crypto::Random;
use crate::proximity::{Consent, HeldDocument, Receipt, Verdict};
use crate::store::ChangeSet;
use crate::time::Timestamp;

impl Presentation {
    /// What a reader asks for, for the history: made when the citizen is asked.
    pub fn of_meeting(consent: &Consent) -> Self {
        let requested = consent.requested().iter();
        let requested = requested.map(|requested| Disclosed::new(&requested.doctype, requested.elements.clone()));
        Self::new(Party::from(consent.party()), requested.collect(), Vec::new())
    }

    /// The same where only the receipt is left, after a flow was resumed.
    pub fn of_meeting_receipt(receipt: &Receipt) -> Self {
        let name = receipt.organisation.as_ref().unwrap_or(&receipt.party);
        let party = Party::new(name, None, receipt.environment);
        Self::new(party, shared(receipt), Vec::new())
    }
}

impl Wallet {
    /// The documents that can be shown in person; asked for anew before each request, since each answer spends copies.
    pub fn hand_documents(&self) -> Result<Vec<HeldDocument>, WalletError> {
        let held = self.hand()?.into_iter();
        let documents = held.filter_map(|held| HeldDocument::new(held.id, held.credential, held.key?));
        Ok(documents.collect())
    }

    /// Takes a decision in a meeting into the history and spends the copies that are shared: to be called with the
    /// receipt of the message that answers, **before** it is sent. With an error nothing may be sent.
    ///
    /// `flow` is the name under which an earlier step was saved: it is forgotten in the same commit, so that no crash
    /// brings back a session that has encrypted another answer meanwhile. The entry is concluded with
    /// [`Wallet::conclude`] when the message has left; a refusal is concluded already.
    pub fn release_in_person(
        &mut self,
        presentation: Presentation,
        receipt: &Receipt,
        flow: Option<FlowId>,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<EntryId, WalletError> {
        let presentation = Presentation {
            sent: shared(receipt),
            ..presentation
        };
        let mut changes = ChangeSet::new();
        if let Some(flow) = flow {
            changes.delete(&FLOW, flow.record());
        }
        let refused = match receipt.verdict {
            Verdict::Shared => None,
            Verdict::OtherWay => Code::parse("user.other_way"),
            _ => Code::parse("user.declined"),
        };
        if let Some(code) = refused {
            let entry = Entry::new(now, Event::Presentation(presentation), Outcome::NotCompleted(code));
            return self.commit_entry(changes, entry, random);
        }
        let copies = receipt.shared.iter().map(|shared| CopyRef::parse(&shared.credential));
        let copies: Option<Vec<CopyRef>> = copies.collect();
        self.spend_with(
            changes,
            &copies.ok_or(WalletError::CopyGone)?,
            presentation,
            now,
            random,
        )
    }
}

fn shared(receipt: &Receipt) -> Vec<Disclosed> {
    let shared = receipt.shared.iter();
    let disclosed = shared.map(|shared| Disclosed::new(&shared.doctype, shared.disclosed.clone()));
    disclosed.collect()
}
