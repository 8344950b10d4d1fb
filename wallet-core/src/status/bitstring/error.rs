//! What can be wrong with an entry or a list.

use std::fmt;

use crate::codec::MultibaseError;
use crate::http::UrlError;
use crate::time::OutsideValidity;

/// An entry or a list that does not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BitstringError {
    /// The list is not one GZIP member.
    Compression,
    /// A member of the entry is missing or does not hold what it should.
    Entry(&'static str),
    /// More bits for an entry than are read.
    EntryTooWide {
        /// How many bits it has.
        size: u64,
        /// The limit.
        limit: u8,
    },
    /// The entry is beyond the end of the list (`RANGE_ERROR`).
    IndexOutOfRange {
        /// The entry.
        index: u64,
        /// How many entries the list has.
        length: u64,
    },
    /// The address of the list may not be fetched.
    Link(UrlError),
    /// A member of the list credential is missing or does not hold what it should.
    List(&'static str),
    /// The list is outside the time for which it was made.
    ListValidity(OutsideValidity),
    /// More bytes than any honest list.
    ListTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The list is so short that an entry tells who is asked about (`STATUS_LIST_LENGTH_ERROR`).
    ListTooShort {
        /// How many entries it has.
        length: u64,
        /// How many it must have.
        minimum: u64,
    },
    /// The bitstring is not multibase base64url.
    Multibase(MultibaseError),
    /// More entries than any honest credential.
    TooManyEntries {
        /// How many there are.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// An entry of a type whose status cannot be told here.
    UnsupportedEntry,
    /// A value that an entry of this width has no room for.
    ValueTooLarge {
        /// The value.
        value: u8,
        /// The largest that fits.
        largest: u8,
    },
    /// The list is not the one of the entry.
    WrongList,
    /// The list is not for the purpose of the entry.
    WrongPurpose,
}

impl BitstringError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Compression => "bitstring.compression",
            Self::Entry(_) => "bitstring.entry_malformed",
            Self::EntryTooWide { .. } => "bitstring.entry_too_wide",
            Self::IndexOutOfRange { .. } => "bitstring.index_out_of_range",
            Self::Link(error) => error.code(),
            Self::List(_) => "bitstring.list_malformed",
            Self::ListTooLong { .. } => "bitstring.list_too_long",
            Self::ListTooShort { .. } => "bitstring.list_too_short",
            Self::ListValidity(OutsideValidity::NotYetValid { .. }) => "bitstring.list_not_yet_valid",
            Self::ListValidity(_) => "bitstring.list_expired",
            Self::Multibase(error) => error.code(),
            Self::TooManyEntries { .. } => "bitstring.too_many_entries",
            Self::UnsupportedEntry => "bitstring.unsupported_entry",
            Self::ValueTooLarge { .. } => "bitstring.value_too_large",
            Self::WrongList => "bitstring.wrong_list",
            Self::WrongPurpose => "bitstring.wrong_purpose",
        }
    }
}

impl fmt::Display for BitstringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compression => f.write_str("the bitstring is not one GZIP member"),
            Self::Entry(name) => write!(f, "member `{name}` of the status entry is not as it should be"),
            Self::EntryTooWide { size, limit } => write!(f, "status entry has {size} bits, {limit} are allowed"),
            Self::IndexOutOfRange { index, length } => {
                write!(f, "entry {index} is beyond the {length} entries of the status list")
            }
            Self::Link(error) => write!(f, "address of the status list: {error}"),
            Self::List(name) => write!(f, "member `{name}` of the status list is not as it should be"),
            Self::ListTooLong { limit } => write!(f, "the status list has more than {limit} bytes"),
            Self::ListTooShort { length, minimum } => {
                write!(f, "the status list has {length} entries, it must have {minimum}")
            }
            Self::ListValidity(outside) => write!(f, "the status list is {outside}"),
            Self::Multibase(error) => write!(f, "bitstring: {error}"),
            Self::TooManyEntries { count, limit } => {
                write!(f, "the credential has {count} status entries, {limit} are allowed")
            }
            Self::UnsupportedEntry => f.write_str("status entries of this type are not supported"),
            Self::ValueTooLarge { value, largest } => {
                write!(f, "status {value} does not fit into an entry, {largest} does")
            }
            Self::WrongList => f.write_str("the status list is not the one of the credential"),
            Self::WrongPurpose => f.write_str("the status list is for another purpose"),
        }
    }
}

impl std::error::Error for BitstringError {}
