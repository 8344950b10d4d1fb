//! The keys that trusted web issuers publish, fetched when a credential needs them (JWT VC Issuer Metadata).

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError, RwLock};

use wallet_core::codec::Budget;
use wallet_core::credential::sd_jwt::issuer_metadata::{IssuerKeys, IssuerKeysFetch, IssuerKeysStep};
use wallet_core::http::LinkPolicy;
use wallet_core::trust::{TrustError, TrustStore};
use wallet_core::verifier::{Assessment, CheckName};
use wallet_server::Client;

use crate::commands::inspect;

/// The issuers that were asked, each once.
pub(super) struct WebKeys {
    pub(super) policy: LinkPolicy,
    pub(super) asked: Mutex<BTreeSet<String>>,
}

impl WebKeys {
    /// Fetches the keys that a credential is missing, if its issuer is one of the trusted web issuers. True if the
    /// credential is worth another look.
    pub(super) fn fetch(
        &self,
        client: &Client,
        text: &str,
        assessment: &Assessment,
        trust: &RwLock<TrustStore>,
    ) -> bool {
        let origin = assessment.check(CheckName::Origin);
        if origin.and_then(|check| check.outcome.code()) != Some(TrustError::KeysNotAtHand.code()) {
            return false;
        }
        let Ok(credential) = inspect::parse(text) else {
            return false;
        };
        let Some(iss) = credential.issuer_claim().iss else {
            return false;
        };
        let begun = {
            let trust = trust.read().unwrap_or_else(PoisonError::into_inner);
            IssuerKeysFetch::begin(&trust, iss, self.policy)
        };
        let Ok(fetch) = begun else { return false };
        // Held while fetching, so that an issuer is asked once; the others wait and then have its keys too. Only trusted
        // issuers come this far, so that the set is as small as the store.
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.insert(iss.to_owned())
            && let Some(keys) = run(client, fetch)
        {
            let mut trust = trust.write().unwrap_or_else(PoisonError::into_inner);
            let _ = keys.add_to(&mut trust);
        }
        true
    }
}

/// Two requests at most: the metadata, and the keys if they stand elsewhere.
fn run(client: &Client, mut fetch: IssuerKeysFetch) -> Option<IssuerKeys> {
    loop {
        let response = client.execute(fetch.request()).ok()?;
        match fetch.answer(&response, &mut Budget::default()).ok()? {
            IssuerKeysStep::Fetch(next) => fetch = next,
            IssuerKeysStep::Done(keys) => return Some(keys),
        }
    }
}
