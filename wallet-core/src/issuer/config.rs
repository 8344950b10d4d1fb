//! How an authority works.

use crate::http::HttpsUrl;

/// How an authority works. Defaults are the strict ones.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorityConfig {
    /// The issuer's identifier; all endpoints are below it.
    pub issuer: HttpsUrl,
    /// The name to show.
    pub name: String,
    /// The credential types it issues: those of the rulebook that are named here.
    pub types: Vec<String>,
    /// The document types that it issues as mdoc; needs [`Authority::with_document_signer`](super::Authority).
    pub doctypes: Vec<String>,
    /// How many copies a wallet may ask for at once; below 2 there are no batches.
    pub batch_size: usize,
    /// How long an offer stands, in seconds.
    pub offer_lifetime: i64,
    /// How long a token serves, in seconds. OpenID4VCI 1.0 §13.3: no more than five minutes unless bound to a key.
    pub token_lifetime: i64,
    /// How long a nonce is good, in seconds.
    pub nonce_lifetime: i64,
    /// How often a transaction code may be wrong before the offer dies.
    pub code_attempts: u32,
    /// How many entries a status list has. Token Status List §13.2: the larger, the less an index tells.
    pub status_list_size: u64,
    /// How long a status token may be kept by whoever fetched it, in seconds.
    pub status_lifetime: i64,
    /// How long a fetched status token need not be fetched again, in seconds.
    pub status_refresh: u64,
}

impl AuthorityConfig {
    /// Ten copies, offers for two weeks, tokens and nonces for five minutes, five attempts, lists of 131,072 entries
    /// that are good for a day and asked for every five minutes.
    pub fn new(issuer: HttpsUrl, name: impl Into<String>, types: Vec<String>) -> Self {
        Self {
            issuer,
            name: name.into(),
            types,
            doctypes: Vec::new(),
            batch_size: 10,
            offer_lifetime: 14 * 86_400,
            token_lifetime: 300,
            nonce_lifetime: 300,
            code_attempts: 5,
            status_list_size: 1 << 17,
            status_lifetime: 86_400,
            status_refresh: 300,
        }
    }
}
