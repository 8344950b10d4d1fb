//! The holder receives credentials (OpenID4VCI 1.0).
