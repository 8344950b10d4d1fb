//! Fakes for tests: clock, randomness, transport, keys.
