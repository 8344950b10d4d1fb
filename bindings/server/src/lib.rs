//! HTTP for the authority and the university: sockets, clocks, randomness and files around the values of `wallet-core`.
//!
//! The endpoints themselves are in the core (`issuer::Authority`, `verifier::University`), as functions from request to
//! response. Here is what they may not have: a listener, a client, a database file, a bearer token. Everything that
//! writes needs the token (lessons S2); `/healthz` and the protocol endpoints are open.

mod adapter;
mod authority;
mod client;
mod host;
mod identity;
mod management;
mod platform;
mod sessions;
mod state;
mod university;

pub use adapter::{Limits, ManageError, Managed, Service, serve};
pub use authority::AuthorityService;
pub use client::{Client, ClientError};
pub use host::{Host, HostConfig, HostError, asked_to_stop};
pub use identity::{Identity, IdentityError, IdentityKind};
pub use management::ManagementToken;
pub use platform::{SystemRandom, create_private_folder, now, write_private};
pub use sessions::SqliteSessions;
pub use state::SqliteState;
pub use university::UniversityService;
