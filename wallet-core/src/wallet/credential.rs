//! Credentials of any format on their way into the wallet and out of it.

use super::{Holding, Issuer, NewCopy, NewHolding, NextCopy, Wallet, WalletError};
use crate::codec::Budget;
use crate::credential::{Credential, Format, Held, Unverified, Verified};
use crate::keys::KeyHandle;
use crate::rulebook::Rulebook;
use crate::time::{Timestamp, Validity};

impl NewHolding {
    /// A batch of copies of one credential, each verified, with the keys that they are bound to.
    ///
    /// Its types are those that it names and those that they extend by the rulebook; it may be used for as long as
    /// all copies may. That the copies are alike is the issuance's check; format, type and issuer are compared here too.
    pub fn of_credential<C: Into<Credential>>(
        copies: Vec<(Verified<C>, Option<KeyHandle>)>,
        rulebook: &Rulebook,
    ) -> Result<Self, WalletError> {
        let copies = copies.into_iter().map(|(copy, key)| (copy.into_any(), key));
        let copies: Vec<(Verified<Credential>, _)> = copies.collect();
        let (first, _) = copies.first().ok_or(WalletError::Empty)?;
        let credential = first.credential();
        let (format, type_name) = (credential.format(), credential.type_name());
        let issuer = Issuer::from(first.issuer());
        let mut validity = credential.validity();
        for (copy, _) in &copies {
            let other = copy.credential();
            let alike = other.format() == format && other.type_name() == type_name;
            if !alike || Issuer::from(copy.issuer()) != issuer {
                return Err(WalletError::OtherCredential);
            }
            validity = overlap(validity, other.validity());
        }
        let extended = rulebook
            .lookup(type_name)
            .map(|known| known.extends())
            .unwrap_or_default();
        let mut type_names: Vec<String> = Vec::new();
        for name in credential
            .type_names()
            .into_iter()
            .chain(extended.iter().map(String::as_str))
        {
            if !type_names.iter().any(|known| known == name) {
                type_names.push(name.to_owned());
            }
        }
        let texts = copies
            .iter()
            .map(|(copy, key)| NewCopy::new(copy.credential().to_text(), key.clone()));
        let new = Self::new(format, type_names, issuer, texts.collect());
        Ok(new.valid(credential.issued_at(), validity))
    }
}

/// The time in which both hold.
fn overlap(one: Validity, two: Validity) -> Validity {
    let earlier = |one: Option<Timestamp>, two: Option<Timestamp>| one.into_iter().chain(two).min();
    Validity::new(one.not_before.max(two.not_before), earlier(one.expires, two.expires))
}

impl NextCopy {
    /// The copy, read.
    pub fn credential(&self) -> Result<Held<Credential>, WalletError> {
        parse(self.format, &self.text)
    }
}

impl Wallet {
    /// A copy for the citizen's own eyes: it is not shown to anyone, and stays what it is.
    pub fn read_credential(&self, holding: &Holding) -> Result<Held<Credential>, WalletError> {
        parse(holding.format, &self.read(holding.id)?)
    }

    /// All that can be shown now, each with the copy whose turn it is: what a presentation chooses from. Left out is
    /// what may be shown once and was.
    pub fn in_hand(&self) -> Result<Vec<(Holding, NextCopy)>, WalletError> {
        let mut hand = Vec::new();
        for holding in self.holdings()? {
            match self.next_copy(holding.id) {
                Ok(copy) => hand.push((holding, copy)),
                Err(WalletError::NoCopyLeft) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(hand)
    }
}

fn parse(format: Format, text: &str) -> Result<Held<Credential>, WalletError> {
    let parsed = Unverified::parse_as(format, text, &mut Budget::default());
    let unverified = parsed.map_err(|_| WalletError::Unreadable("copy"))?;
    Ok(Held::new(unverified.into_inner()))
}
