//! Mappe for apps: the binding from which uniffi generates Kotlin, Swift and Python.
//!
//! ```text
//! Verifier(anchors, environment)                      whom to trust
//!   .verify(text, at_unix, key_binding?) -> Judgement   the verdict, check by check
//!   .verify_many(bytes, offsets, at_unix) -> [Verdict]  a column of credentials at once
//!   .add_status_list(uri, token, fetched_unix)          a list that the app fetched
//! inspect_credential(text) -> JSON                    what it says, UNVERIFIED
//! ```
//! It converts, locks and calls `wallet-core`, and nothing else: there is no HTTP client, clock, file or thread in it.
//! Times are seconds since 1970 and always an argument. The citizen's wallet is not exported.

mod error;
mod judgement;
mod verifier;

use wallet_core::credential::Unverified;
use wallet_core::credential::mdoc::Mdoc;
use wallet_core::credential::sd_jwt::SdJwt;

pub use error::{ErrorKind, WalletError};
pub use judgement::{Check, Judgement, Outcome, Verdict};
pub use verifier::{AnchorFile, DocumentSession, Environment, KeyBinding, Verifier};

uniffi::setup_scaffolding!();

/// The version of this library.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Shows what a credential says, as JSON with a member `UNVERIFIED`: for people who look, never for decisions.
#[uniffi::export]
pub fn inspect_credential(text: &str) -> Result<String, WalletError> {
    let budget = &mut wallet_core::codec::Budget::default();
    let text = text.trim();
    let parsed = if text.starts_with('{') {
        Unverified::<SdJwt>::parse_json(text.as_bytes(), budget)?
    } else {
        Unverified::<SdJwt>::parse(text, budget)?
    };
    Ok(parsed.inspect().to_json().to_string())
}

/// Shows what an mdoc (`IssuerSigned`) says, as JSON with a member `UNVERIFIED`: for people who look, never for
/// decisions.
#[uniffi::export]
pub fn inspect_document(bytes: &[u8]) -> Result<String, WalletError> {
    let budget = &mut wallet_core::codec::Budget::default();
    let parsed = Unverified::<Mdoc>::parse(bytes, budget).map_err(|error| {
        WalletError::new(
            ErrorKind::Malformed,
            error.code(),
            error,
            "give the bytes of an IssuerSigned of ISO 18013-5",
        )
    })?;
    Ok(parsed.inspect().to_json().to_string())
}

#[cfg(test)]
mod tests;
