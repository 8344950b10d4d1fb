//! Where a PID's data come from: the identity card, read by an eID client; here from a file of test data.
//!
//! [`EidSource`] is the seam. Its two calls follow the way data go in Germany: the authority opens a session at its eID
//! server (BSI TR-03130), the person's eID client (AusweisApp) is called with the address of that session, the person
//! enters the PIN, and the eID server hands the fields of the card to the authority that opened the session. What a
//! real source needs beside this trait is told in `decisions/0010-eid-source.md`.
//!
//! [`RecordFile`] is the only source that this crate has. It reads the fields of a card from JSON, and what it gives is
//! always marked as test data (lessons S36): a file proves nothing about a person.
//!
//! # Record file
//!
//! One JSON object; the names are those of `PersonalData` in BSI TR-03130-1. Unknown members are refused.
//!
//! | member | value |
//! |---|---|
//! | `DocumentType` | `ID` (identity card), `RP` (passport), `UB` (eID card for EU citizens) and so on; required |
//! | `IssuingState` | `D` or a code of ICAO 9303; required |
//! | `DateOfExpiry` | a day; required |
//! | `GivenNames`, `FamilyNames` | text; required |
//! | `BirthName` | text |
//! | `AcademicTitle`, `ArtisticName` | text; a PID has no place for them, which is told |
//! | `DateOfBirth` | a day; required |
//! | `PlaceOfBirth` | text, or an object of `City`, `State`, `Country`; required |
//! | `Nationality` | `D` or a code of ICAO 9303, or a list of them; required |
//! | `PlaceOfResidence` | an object of `Street`, `City`, `State`, `ZipCode`, `Country` |
//! | `IssuingAuthority` | text; without it, the country |
//! | `DateOfIssuance`, `DocumentNumber` | printed on the card, not in its chip |
//! | `Portrait` | JPEG in base64; not in the eID either |
//! | `TestData` | `true`, for whoever reads the file; any other value is refused |
//!
//! A day is `1964-08-12` or, as the chip has it, `19640812`.

mod error;
mod record;

use crate::codec::{Budget, Json};
use crate::crypto::Random;
use crate::http::HttpsUrl;
use crate::time::Timestamp;

pub use error::EidError;
pub use record::{EidRecord, PidRequest};

/// Delivers what an identity card says, after its holder agreed.
///
/// The authority calls [`EidSource::begin`], sends the person where the step says, and calls [`EidSource::collect`]
/// when the person comes back. It must bind the session to the browser that began it: a session that someone else
/// finished is an attack (see the decision page).
pub trait EidSource {
    /// Opens a session for one person.
    fn begin(&mut self, now: Timestamp, random: &mut dyn Random) -> Result<EidStep, EidError>;

    /// Asks for the result of a session. Each session gives its data once.
    fn collect(&mut self, session: &EidSession, now: Timestamp) -> Result<EidStep, EidError>;
}

/// What comes next.
#[derive(Debug)]
#[non_exhaustive]
pub enum EidStep {
    /// The person opens this address; an eID client on the device takes it from there.
    Browse {
        /// The address, with the one of the session (`tcTokenURL`, BSI TR-03124-1) in it.
        url: HttpsUrl,
        /// To collect with.
        session: EidSession,
    },
    /// The data are there.
    Read(Box<EidRecord>),
    /// The person is not done yet: ask again after so many seconds.
    Wait {
        /// How long.
        seconds: u64,
    },
}

/// A session at an eID server: whoever has it can collect, so it is never shown to the person.
#[derive(Clone, PartialEq, Eq)]
pub struct EidSession(String);

impl EidSession {
    /// A session by the name that the source gave it.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for EidSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EidSession(redacted)")
    }
}

/// A card's fields from a file: test data, always marked so.
#[derive(Debug)]
pub struct RecordFile(Option<EidRecord>);

impl RecordFile {
    /// Reads the file.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, EidError> {
        // A portrait of 1 MiB in base64 and some fields.
        let json = Json::parse(text, &mut Budget::new(2 << 20, 8, 200)).map_err(EidError::Json)?;
        let record = EidRecord::parse(&json)?;
        Ok(Self(Some(record.into_test_data())))
    }

    /// The record.
    pub fn into_record(self) -> Result<EidRecord, EidError> {
        self.0.ok_or(EidError::NoSession)
    }
}

impl EidSource for RecordFile {
    /// Nobody needs to be asked: the data are there at once, and once.
    fn begin(&mut self, _: Timestamp, _: &mut dyn Random) -> Result<EidStep, EidError> {
        let record = self.0.take().ok_or(EidError::NoSession)?;
        Ok(EidStep::Read(Box::new(record)))
    }

    fn collect(&mut self, _: &EidSession, _: Timestamp) -> Result<EidStep, EidError> {
        Err(EidError::NoSession)
    }
}

#[cfg(test)]
mod tests;
