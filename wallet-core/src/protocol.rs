//! Wire types of OpenID4VCI, OpenID4VP, DCQL and OAuth; no behaviour.

pub mod dcql;
