//! ISO 18013-5: the messages of a meeting in person, without behaviour.
//!
//! [`DeviceEngagement`] is what the holder shows as a QR code or hands over by NFC, [`SessionEstablishment`] the
//! reader's first message, [`SessionData`] every one after it, and [`DeviceRequest`] what the reader asks for inside.
//! Signatures and key derivations are over bytes as they were received, so each type keeps those that count.
//! Members that this version does not know are tolerated, as §8.3.1 asks; what is known must be right.

mod bluetooth;
mod engagement;
mod error;
mod handover;
mod items;
mod ndef;
mod raw;
mod request;
mod session;

pub use bluetooth::{BleCarrier, BleRole};
pub use engagement::{BleOptions, DeviceEngagement, NfcOptions, QR_SCHEME, RetrievalMethod, WifiAwareOptions};
pub use error::MessageError;
pub use handover::{Carrier, CarrierRecord, HandoverRequest, HandoverSelect, NfcHandover, PowerState};
pub use items::ItemsRequest;
pub use request::{DeviceRequest, DocRequest};
pub use session::{SessionData, SessionEstablishment, SessionStatus};

#[cfg(test)]
mod tests;
