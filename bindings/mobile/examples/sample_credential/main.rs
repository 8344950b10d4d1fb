//! Prints a credential and all that is needed to judge it, for the smoke tests of the other languages.

mod sample;

fn main() {
    println!("{}", sample::Sample::new().to_json());
}
