//! Mappe's core: credentials that people hold themselves, issued, kept, shown and checked by open standards.
//!
//! Three people use it, and each has a façade: the authority [issues](issuer), the citizen [holds](wallet), the
//! university [judges](verifier). Formats and protocols are shared; the three do not know each other.
//!
//! ```text
//!        issuer              wallet               verifier
//!          |      issuance  presentation  store      |
//!          +---- status -- dcql -- protocol -- rulebook
//!                     credential (SD-JWT VC)
//!                           trust
//!          envelope  did  keys   crypto   http   time   codec
//! ```
//!
//! # What it never does
//!
//! It opens no socket, reads no clock, draws no randomness of its own and starts no thread: requests and responses are
//! values, `now` and `random` are arguments. It shows nothing to a verifier whom nobody vouches for. It calls nothing
//! valid that it could not check: unknown is a verdict of its own. The one exception to "no I/O" is the store on SQLite,
//! whose path is an argument.
//!
//! # Example
//!
//! A university checks a credential that somebody sent; each check is told apart.
//!
//! ```
//! use wallet_core::time::Timestamp;
//! use wallet_core::trust::pack::read_anchor_file;
//! use wallet_core::trust::{Environment, Role, TrustStore};
//! # #[cfg(feature = "verifier")]
//! use wallet_core::verifier::{AssessOptions, Verdict, assess};
//!
//! # #[cfg(feature = "verifier")]
//! fn is_accepted(credential: &str, anchor: &[u8], now: Timestamp) -> Result<bool, Box<dyn std::error::Error>> {
//!     let mut trust = TrustStore::new(Environment::Production);
//!     for anchor in read_anchor_file(anchor)? {
//!         trust.add(Role::Issuers, anchor)?;
//!     }
//!     let assessment = assess(credential, &AssessOptions::new(&trust, now));
//!     for check in &assessment.checks {
//!         println!("{}: {}", check.name.name(), check.outcome.name());
//!     }
//!     Ok(assessment.verdict() == Verdict::Accepted)
//! }
//!
//! # #[cfg(feature = "verifier")] {
//! # let key = br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
//! let now = Timestamp::parse("2026-11-21T12:00:00Z")?;
//! assert!(!is_accepted("eyJhbGciOiJub25lIn0.e30.~", key, now)?);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! | feature | on | brings |
//! |---|---|---|
//! | `issuer` | yes | issuing, the OpenID4VCI endpoints as values |
//! | `verifier` | yes | requesting and judging, the OpenID4VP endpoints as values |
//! | `sqlite` | yes | the sealed store on SQLite (bundled, needs a C compiler) |
//! | `fast-verify` | no | ECDSA checked by `aws-lc-rs` (needs a C compiler); same verdicts, faster |
//! | `w3c` | no | W3C credentials as linked data: JSON-LD, RDFC-1.0, Data Integrity |
//!
//! A part that is left out does not exist; no feature changes a verdict.
#![forbid(unsafe_code)]

pub mod codec;
pub mod credential;
pub mod crypto;
pub mod dcql;
pub mod did;
pub mod envelope;
pub mod http;
pub mod issuance;
#[cfg(feature = "issuer")]
pub mod issuer;
pub mod keys;
pub mod presentation;
pub mod protocol;
pub mod proximity;
pub mod rulebook;
pub mod status;
pub mod store;
pub mod time;
pub mod trust;
#[cfg(feature = "verifier")]
pub mod verifier;
pub mod wallet;

/// The Rust in the README compiles.
#[cfg(all(doctest, feature = "verifier"))]
#[doc = include_str!("../../README.md")]
struct Readme;
