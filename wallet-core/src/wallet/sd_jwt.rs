//! SD-JWT VCs on their way into the wallet and out of it.

use super::{Holding, Issuer, NewCopy, NewHolding, NextCopy, Wallet, WalletError};
use crate::codec::{Budget, Json};
use crate::credential::sd_jwt::SdJwt;
use crate::credential::{Format, Held, Unverified, Verified};
use crate::keys::KeyHandle;
use crate::rulebook::Rulebook;
use crate::time::{Timestamp, Validity};

impl NewHolding {
    /// A batch of copies of one SD-JWT VC, each verified, with the keys that they are bound to.
    ///
    /// Its types are those that it names and those that they extend by the rulebook; it may be used for as long as
    /// all copies may. That the copies are alike is the issuance's check; type and issuer are compared here too.
    pub fn of_sd_jwt(
        copies: Vec<(Verified<SdJwt>, Option<KeyHandle>)>,
        rulebook: &Rulebook,
    ) -> Result<Self, WalletError> {
        let (first, _) = copies.first().ok_or(WalletError::Empty)?;
        let credential = first.credential();
        let (vct, issuer) = (credential.vct(), Issuer::from(first.issuer()));
        let mut validity = credential.validity();
        for (copy, _) in &copies {
            if copy.credential().vct() != vct || Issuer::from(copy.issuer()) != issuer {
                return Err(WalletError::OtherCredential);
            }
            validity = overlap(validity, copy.credential().validity());
        }
        let extended = rulebook.lookup(vct).map(|known| known.extends()).unwrap_or_default();
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
        let issued_at = credential.claims().get("iat").and_then(Json::as_i64);
        let texts = copies
            .iter()
            .map(|(copy, key)| NewCopy::new(copy.credential().to_compact(), key.clone()));
        let new = Self::new(Format::DcSdJwt, type_names, issuer, texts.collect());
        Ok(new.valid(issued_at.map(Timestamp::from_unix), validity))
    }
}

/// The time in which both hold.
fn overlap(one: Validity, two: Validity) -> Validity {
    let earlier = |one: Option<Timestamp>, two: Option<Timestamp>| one.into_iter().chain(two).min();
    Validity::new(one.not_before.max(two.not_before), earlier(one.expires, two.expires))
}

impl NextCopy {
    /// The copy as an SD-JWT, for [`Wallet::next_copy`] of a holding in that format.
    pub fn sd_jwt(&self) -> Result<Held<SdJwt>, WalletError> {
        parse(&self.text)
    }
}

impl Wallet {
    /// A copy as an SD-JWT for the citizen's own eyes: it is not shown to anyone, and stays what it is.
    pub fn read_sd_jwt(&self, holding: &Holding) -> Result<Held<SdJwt>, WalletError> {
        parse(&self.read(holding.id)?)
    }

    /// All that can be shown now in a format, each with the copy whose turn it is: what a presentation chooses from.
    /// Left out is what may be shown once and was.
    pub fn in_hand(&self, format: Format) -> Result<Vec<(Holding, NextCopy)>, WalletError> {
        let mut hand = Vec::new();
        for holding in self.holdings()?.into_iter().filter(|holding| holding.format == format) {
            match self.next_copy(holding.id) {
                Ok(copy) => hand.push((holding, copy)),
                Err(WalletError::NoCopyLeft) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(hand)
    }
}

fn parse(text: &str) -> Result<Held<SdJwt>, WalletError> {
    let parsed = Unverified::<SdJwt>::parse(text, &mut Budget::default());
    let unverified = parsed.map_err(|_| WalletError::Unreadable("copy"))?;
    Ok(Held::new(unverified.into_inner()))
}
