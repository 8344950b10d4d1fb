//! Names of what the wallet keeps: opaque, random, and of different types so that they are not mixed up.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::crypto::Random;
use crate::store::RecordId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(RecordId);

        impl $name {
            /// Draws a name.
            pub fn random(random: &mut dyn Random) -> Self {
                Self(RecordId::random(random))
            }

            /// Reads what `Display` wrote; `None` for anything else.
            pub fn parse(text: &str) -> Option<Self> {
                RecordId::parse(text).map(Self)
            }

            pub(super) fn new(record: RecordId) -> Self {
                Self(record)
            }

            pub(super) fn record(self) -> RecordId {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Default for $name {
            /// The name of nothing: for values that are not yet stored.
            fn default() -> Self {
                Self(RecordId::ONLY)
            }
        }
    )*};
}

ids! {
    /// Names a trust anchor of the wallet.
    AnchorId
    /// Names an entry of the history.
    EntryId
    /// Names a suspended flow.
    FlowId
    /// Names a holding: one credential with all its copies.
    HoldingId
}
