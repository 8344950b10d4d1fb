//! The contract of the command line: what scripts and people may build on. Each test runs the program itself.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod around;
mod both_formats;
mod in_person;
mod mdoc;
mod support;
mod trust;
mod vectors;
mod verify;
mod wallet;
mod web_issuer;
