//! Token Status List.
