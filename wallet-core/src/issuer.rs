//! The authority: issues credentials, and answers for them afterwards.
//!
//! [`Authority::handle`] is the whole OpenID4VCI 1.0 issuer as a function from request to response: metadata, offers,
//! token, nonce, credential, notification, status lists. [`Authority::create_offer`] and its neighbours are for the
//! office that manages it, and must never be reachable without authentication (lessons S2). What must survive a restart
//! goes through [`State`]: codes and tokens as digests only, each used once; of each issued record who approved it, on
//! what basis and when (lessons S37), its status entries and key thumbprints, but no values once it was collected.
//!
//! A record is one set of values. It is offered as SD-JWT VC, as mdoc, or as both in one session: a configuration and a
//! batch for each, with keys and status entries of their own (PID_02, ARF 3.0 ISSU_12b and ISSU_35).
//!
//! [`issue`] and [`issue_mdoc`] sign one credential without any of this, for a command or a batch job. [`eid`] is where
//! the data of a PID come from.

mod authority;
mod config;
mod credential;
pub mod eid;
mod endpoint;
mod error;
mod issue;
mod manage;
mod mdoc;
mod metadata;
mod proof;
mod record;
mod state;
mod status;
mod token;

pub use authority::Authority;
pub use config::AuthorityConfig;
pub use error::IssuerError;
pub use issue::{Signer, issue, issue_school_report};
pub use manage::{OfferCreated, OfferForm, TransactionCode};
pub use mdoc::issue_mdoc;
pub use record::{
    Approval, CopyRecord, HistoryEntry, HistoryEvent, IssuingUnit, OfferState, Record, RecordStatus, RecordView,
};
pub use state::{Change, Kind, MemoryState, State, StateError, check_state_contract};
