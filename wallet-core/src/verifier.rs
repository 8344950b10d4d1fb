//! The university asks and judges.
