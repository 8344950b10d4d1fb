//! The holder presents credentials (OpenID4VP 1.0).
