//! HTTP for the authority and the university.
