//! The command `mappe`.
fn main() {}
