//! From the wallet into a presentation, and from its decision into the history.

use super::{Code, CopyRef, Disclosed, Entry, EntryId, Event, Outcome, Party, Presentation, Wallet, WalletError};
use crate::crypto::Random;
use crate::presentation::{Consent, HeldCredential, Receipt, Verdict};
use crate::store::ChangeSet;
use crate::time::Timestamp;
use crate::trust::Environment;

impl Presentation {
    /// What is asked for, for the history: made when the citizen is asked, before the decision takes the question.
    pub fn of_consent(consent: &Consent) -> Self {
        let requested = consent.requested().iter().filter_map(|requested| {
            let offer = requested.offers.first()?;
            Some(Disclosed::new(offer.credential_type.clone(), offer.disclosed.clone()))
        });
        let party = match consent.party() {
            Some(party) => Party::from(party),
            None => unauthenticated(consent.receiver(), consent.environment()),
        };
        let new = Self::new(party, requested.collect(), Vec::new());
        match consent.stated_purpose() {
            Some(purpose) => new.for_purpose(purpose),
            None => new,
        }
    }

    /// The same where only the receipt is left, after a flow was resumed.
    pub fn of_receipt(receipt: &Receipt, environment: Environment) -> Self {
        let name = receipt.organisation.as_ref().unwrap_or(&receipt.party);
        let party = match receipt.authenticated {
            true => Party::new(name, Some(receipt.receiver.clone()), environment),
            false => unauthenticated(&receipt.receiver, environment),
        };
        let new = Self::new(party, shared(receipt), Vec::new());
        match &receipt.stated_purpose {
            Some(purpose) => new.for_purpose(purpose),
            None => new,
        }
    }
}

impl Wallet {
    /// What the citizen has in hand, for a presentation to choose from.
    pub fn hand(&self) -> Result<Vec<HeldCredential>, WalletError> {
        let in_hand = self.in_hand()?.into_iter();
        let held = in_hand.map(|(holding, copy)| {
            let mut held = HeldCredential::new(copy.reference.to_string(), copy.credential()?, copy.key);
            held.type_names = holding.type_names;
            held.authority_key_ids = holding.issuer.authority_key_ids;
            held.shown_before = copy.shown_before;
            Ok(held)
        });
        held.collect()
    }

    /// Takes a decision of the citizen into the history and spends the copies that are shared: to be called with the
    /// receipt of the exchange that answers, **before** it is sent. With an error nothing may be sent.
    ///
    /// The entry is concluded with [`Wallet::conclude`] when the exchange has ended; a refusal is concluded already.
    pub fn release(
        &mut self,
        presentation: Presentation,
        receipt: &Receipt,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<EntryId, WalletError> {
        let presentation = Presentation {
            sent: shared(receipt),
            ..presentation
        };
        let refused = match receipt.verdict {
            Verdict::Shared => None,
            Verdict::OtherWay => Code::parse("user.other_way"),
            _ => Code::parse("user.declined"),
        };
        if let Some(code) = refused {
            let entry = Entry::new(now, Event::Presentation(presentation), Outcome::NotCompleted(code));
            return self.commit_entry(ChangeSet::new(), entry, random);
        }
        let copies = receipt.shared.iter().map(|shared| CopyRef::parse(&shared.credential));
        let copies: Option<Vec<CopyRef>> = copies.collect();
        self.spend(&copies.ok_or(WalletError::CopyGone)?, presentation, now, random)
    }
}

/// Somebody for whom nobody vouches: where the answer goes is all that is known.
fn unauthenticated(receiver: &str, environment: Environment) -> Party {
    Party::new("unauthenticated", Some(receiver.to_owned()), environment)
}

fn shared(receipt: &Receipt) -> Vec<Disclosed> {
    let disclosed = receipt
        .shared
        .iter()
        .map(|shared| Disclosed::new(shared.credential_type.clone(), shared.disclosed.clone()));
    disclosed.collect()
}
