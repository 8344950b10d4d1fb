//! Session establishment, data and termination (§9.1.1.4).

use super::MessageError;
use super::raw::Raw;
use crate::codec::{Budget, Cbor};

/// The reader's first message: its key, and the encrypted request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionEstablishment {
    e_reader_key_bytes: Vec<u8>,
    data: Vec<u8>,
}

impl SessionEstablishment {
    /// A message with `EReaderKeyBytes`, tag included, and the encrypted request.
    pub fn new(e_reader_key_bytes: Vec<u8>, data: Vec<u8>) -> Self {
        Self {
            e_reader_key_bytes,
            data,
        }
    }

    /// Parses the message.
    pub fn parse(bytes: &[u8], budget: &mut Budget) -> Result<Self, MessageError> {
        let item = Cbor::parse(bytes, budget)?;
        item.as_map().ok_or(MessageError::Malformed("SessionEstablishment"))?;
        let key = item.get("eReaderKey").ok_or(MessageError::Missing("eReaderKey"))?;
        key.embedded().ok_or(MessageError::Malformed("eReaderKey"))?;
        let data = item.get("data").ok_or(MessageError::Missing("data"))?;
        let data = data.as_bytes().ok_or(MessageError::Malformed("data"))?;
        Ok(Self::new(key.raw().to_vec(), data.to_vec()))
    }

    /// The message as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let raw = Raw::default().map(2).text("eReaderKey").item(&self.e_reader_key_bytes);
        raw.text("data").bytes(&self.data).finish()
    }

    /// `EReaderKeyBytes` as received, tag included.
    pub fn e_reader_key_bytes(&self) -> &[u8] {
        &self.e_reader_key_bytes
    }

    /// The encrypted request.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The encrypted request, to be decrypted in place.
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }
}

/// Every message after the first, in both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionData {
    data: Option<Vec<u8>>,
    status: Option<SessionStatus>,
}

/// `status` of a message (§9.1.1.4, Table 20).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionStatus {
    /// 11: the message before it is not CBOR.
    CborDecodingError,
    /// 10: the message before it does not decrypt.
    EncryptionError,
    /// A status that the standard does not have.
    Other(u64),
    /// 20: the session is at its end.
    Termination,
}

impl SessionStatus {
    fn new(number: u64) -> Self {
        match number {
            10 => Self::EncryptionError,
            11 => Self::CborDecodingError,
            20 => Self::Termination,
            number => Self::Other(number),
        }
    }

    /// The number on the wire.
    pub fn number(self) -> u64 {
        match self {
            Self::CborDecodingError => 11,
            Self::EncryptionError => 10,
            Self::Other(number) => number,
            Self::Termination => 20,
        }
    }
}

impl SessionData {
    /// A message with encrypted data.
    pub fn of_data(data: Vec<u8>) -> Self {
        Self {
            data: Some(data),
            status: None,
        }
    }

    /// A message with a status alone.
    pub fn of_status(status: SessionStatus) -> Self {
        Self {
            data: None,
            status: Some(status),
        }
    }

    /// The same with a status.
    #[must_use]
    pub fn with_status(mut self, status: SessionStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Parses the message.
    pub fn parse(bytes: &[u8], budget: &mut Budget) -> Result<Self, MessageError> {
        let item = Cbor::parse(bytes, budget)?;
        item.as_map().ok_or(MessageError::Malformed("SessionData"))?;
        let data = item.get("data").map(|data| data.as_bytes().map(<[u8]>::to_vec));
        let data = data
            .map(|data| data.ok_or(MessageError::Malformed("data")))
            .transpose()?;
        let status = item.get("status").map(|status| status.as_u64().map(SessionStatus::new));
        let status = status
            .map(|status| status.ok_or(MessageError::Malformed("status")))
            .transpose()?;
        match (&data, &status) {
            (None, None) => Err(MessageError::Empty),
            _ => Ok(Self { data, status }),
        }
    }

    /// The message as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let members = usize::from(self.data.is_some()) + usize::from(self.status.is_some());
        let raw = Raw::default().map(members);
        let raw = match &self.data {
            Some(data) => raw.text("data").bytes(data),
            None => raw,
        };
        match self.status {
            Some(status) => raw.text("status").uint(status.number()),
            None => raw,
        }
        .finish()
    }

    /// The encrypted data.
    pub fn data(&self) -> Option<&[u8]> {
        self.data.as_deref()
    }

    /// The encrypted data, to be decrypted in place.
    pub fn into_data(self) -> Option<Vec<u8>> {
        self.data
    }

    /// The status.
    pub fn status(&self) -> Option<SessionStatus> {
        self.status
    }
}
