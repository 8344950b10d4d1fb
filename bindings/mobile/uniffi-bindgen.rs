//! Writes the Kotlin, Swift and Python sources for a built library.

fn main() {
    uniffi::uniffi_bindgen_main();
}
