//! The list (§2.2, §3): a bitstring in a credential.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;

use super::entry::{has_type, names};
use super::{BitstringEntry, BitstringError, StatusEntry, StatusPurpose, WIDEST};
use crate::codec::multibase;
use crate::codec::{Json, Object};
use crate::status::list::MOST_BYTES;
use crate::status::{Status, StatusError, UnknownReason};
use crate::time::{Timestamp, Validity};

/// §3.2: the least number of entries in which a person can hide.
const FEWEST_ENTRIES: u64 = 131_072;
/// §2.2: if a list says nothing, it may be used for five minutes.
const DEFAULT_TTL: u64 = 300_000;
/// A week in milliseconds: what says that it lasts longer is looked at anew all the same.
const LONGEST_TTL: u64 = 7 * 86_400_000;

/// The bits, the left-most first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitstring(Vec<u8>);

impl Bitstring {
    /// Room for at least `length` entries of `size` bits, all 0: never fewer than 131 072, and at most 8 MiB.
    pub fn new(length: u64, size: u8) -> Result<Self, BitstringError> {
        check_size(size)?;
        let bits = length.max(FEWEST_ENTRIES).checked_mul(u64::from(size));
        let bytes = bits.and_then(|bits| usize::try_from(bits.div_ceil(8)).ok());
        let bytes = bytes.filter(|bytes| *bytes <= MOST_BYTES);
        let bytes = bytes.ok_or(BitstringError::ListTooLong { limit: MOST_BYTES })?;
        Ok(Self(vec![0; bytes]))
    }

    /// Expands `encodedList` (§3.4), stopping at 8 MiB: multibase base64url of one GZIP member and nothing after it.
    pub fn decode(text: &str) -> Result<Self, BitstringError> {
        let compressed = multibase::decode_base64url(text).map_err(BitstringError::Multibase)?;
        let mut stream = GzDecoder::new(compressed.as_slice());
        let mut bytes = Vec::new();
        let most = u64::try_from(MOST_BYTES).expect("8 MiB fit") + 1;
        let read = stream.by_ref().take(most).read_to_end(&mut bytes);
        if bytes.len() > MOST_BYTES {
            return Err(BitstringError::ListTooLong { limit: MOST_BYTES });
        }
        if read.is_err() || !stream.into_inner().is_empty() {
            return Err(BitstringError::Compression);
        }
        Ok(Self(bytes))
    }

    /// Writes `encodedList` (§3.3).
    pub fn encode(&self) -> String {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let compressed = encoder
            .write_all(&self.0)
            .and_then(|()| encoder.finish())
            .expect("writing to memory does not fail");
        multibase::encode_base64url(compressed)
    }

    /// How many entries of `size` bits there are.
    pub fn len(&self, size: u8) -> u64 {
        let bits = u64::try_from(self.0.len()).expect("8 MiB fit") * 8;
        bits / u64::from(size.max(1))
    }

    /// The value of an entry of `size` bits; beyond the end is an error, never 0 (§3.2).
    pub fn get(&self, index: u64, size: u8) -> Result<u8, BitstringError> {
        let bits = self.place(index, size)?;
        Ok(bits.fold(0, |value, bit| value << 1 | self.0[bit / 8] >> (7 - bit % 8) & 1))
    }

    /// Sets the value of an entry of `size` bits.
    pub fn set(&mut self, index: u64, size: u8, value: u8) -> Result<(), BitstringError> {
        let bits = self.place(index, size)?;
        let largest = u8::MAX >> (8 - size);
        if value > largest {
            return Err(BitstringError::ValueTooLarge { value, largest });
        }
        for (position, bit) in bits.rev().enumerate() {
            let mask = 0x80 >> (bit % 8);
            if value >> position & 1 == 1 {
                self.0[bit / 8] |= mask;
            } else {
                self.0[bit / 8] &= !mask;
            }
        }
        Ok(())
    }

    /// The bits of an entry: its position is the index times the size (§3.2).
    fn place(&self, index: u64, size: u8) -> Result<std::ops::Range<usize>, BitstringError> {
        check_size(size)?;
        let length = self.len(size);
        if index >= length {
            return Err(BitstringError::IndexOutOfRange { index, length });
        }
        let start = usize::try_from(index).expect("within 8 MiB") * usize::from(size);
        Ok(start..start + usize::from(size))
    }
}

fn check_size(size: u8) -> Result<(), BitstringError> {
    if size == 0 || size > WIDEST {
        return Err(BitstringError::EntryTooWide {
            size: size.into(),
            limit: WIDEST,
        });
    }
    Ok(())
}

/// A list out of its credential, which was verified before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitstringStatusList {
    url: String,
    purposes: Vec<StatusPurpose>,
    bits: Bitstring,
    /// In milliseconds.
    ttl: u64,
    validity: Validity,
    fetched: Timestamp,
}

impl BitstringStatusList {
    /// Reads the verified list credential that was `fetched` from `url` (§2.2).
    pub fn read(credential: &Object, url: &str, fetched: Timestamp) -> Result<Self, BitstringError> {
        if has_type(credential, "BitstringStatusListCredential") != Some(true) {
            return Err(BitstringError::List("type"));
        }
        // An `id` may be missing; one that is there is the address.
        match credential.get("id") {
            None => {}
            Some(id) if id.as_str() == Some(url) => {}
            Some(_) => return Err(BitstringError::WrongList),
        }
        let time = |name: &'static str| match credential.get(name) {
            None => Ok(None),
            Some(value) => {
                let time = value.as_str().and_then(|text| Timestamp::parse(text).ok());
                time.map(Some).ok_or(BitstringError::List(name))
            }
        };
        let subject = credential.get("credentialSubject").and_then(Json::as_object);
        let subject = subject.ok_or(BitstringError::List("credentialSubject"))?;
        if has_type(subject, "BitstringStatusList") != Some(true) {
            return Err(BitstringError::List("credentialSubject.type"));
        }
        let purposes = subject.get("statusPurpose").and_then(names);
        let purposes = purposes.ok_or(BitstringError::List("statusPurpose"))?;
        let ttl = match subject.get("ttl") {
            None => DEFAULT_TTL,
            Some(ttl) => ttl.as_u64().ok_or(BitstringError::List("ttl"))?.min(LONGEST_TTL),
        };
        let encoded = subject.get("encodedList").and_then(Json::as_str);
        let bits = Bitstring::decode(encoded.ok_or(BitstringError::List("encodedList"))?)?;
        check_length(&bits, 1)?;
        Ok(Self {
            url: url.to_owned(),
            purposes: purposes.into_iter().map(StatusPurpose::from_name).collect(),
            bits,
            ttl,
            validity: Validity::new(time("validFrom")?, time("validUntil")?),
            fetched,
        })
    }

    /// The `credentialSubject` of a list credential, to be signed as any other credential is.
    pub fn subject(id: &str, purposes: &[StatusPurpose], bits: &Bitstring, ttl: Option<u64>) -> Object {
        let names: Vec<_> = purposes.iter().map(|purpose| Json::from(purpose.name())).collect();
        let purpose = match names.as_slice() {
            [one] => one.clone(),
            _ => Json::from(names),
        };
        Object::new()
            .with("id", Json::from(id))
            .with("type", Json::from("BitstringStatusList"))
            .with("statusPurpose", purpose)
            .with("ttl", ttl.map(Json::from))
            .with("encodedList", Json::from(bits.encode()))
    }

    /// Where it was fetched.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it is about.
    pub fn purposes(&self) -> &[StatusPurpose] {
        &self.purposes
    }

    /// The status of an entry (§3.2).
    pub fn status_of(&self, entry: &BitstringEntry, now: Timestamp) -> Result<BitstringStatus, UnknownReason> {
        self.value_of(entry, now)
            .map_err(|error| UnknownReason::from(StatusError::Bitstring(error)))
            .and_then(|value| {
                // §2.2: a cached list is not used beyond its time to live; `validUntil` was checked on its own.
                let age = now.since(self.fetched).max(0);
                let limit = i64::try_from(self.ttl / 1000).expect("at most a week");
                if age > limit {
                    return Err(UnknownReason::Stale { age, limit });
                }
                Ok(value)
            })
    }

    fn value_of(&self, entry: &BitstringEntry, now: Timestamp) -> Result<BitstringStatus, BitstringError> {
        if entry.list != self.url {
            return Err(BitstringError::WrongList);
        }
        if !self.purposes.contains(&entry.purpose) {
            return Err(BitstringError::WrongPurpose);
        }
        self.validity.check(now, 0).map_err(BitstringError::ListValidity)?;
        check_length(&self.bits, entry.size)?;
        let value = self.bits.get(entry.index, entry.size)?;
        Ok(BitstringStatus {
            purpose: entry.purpose.clone(),
            value,
            message: entry.message(value).map(str::to_owned),
        })
    }
}

/// §3.2: the bits divided by the size of an entry are at least 131 072.
fn check_length(bits: &Bitstring, size: u8) -> Result<(), BitstringError> {
    let length = bits.len(size);
    if length < FEWEST_ENTRIES {
        return Err(BitstringError::ListTooShort {
            length,
            minimum: FEWEST_ENTRIES,
        });
    }
    Ok(())
}

/// What a list says of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BitstringStatus {
    /// What the status is about.
    pub purpose: StatusPurpose,
    /// The value; 0 is good.
    pub value: u8,
    /// The message of the value, for developers.
    pub message: Option<String>,
}

impl BitstringStatus {
    /// What the value means for the credential: messages and refresh do not make it invalid.
    pub fn status(&self) -> Status {
        match (&self.purpose, self.value) {
            (StatusPurpose::Message | StatusPurpose::Refresh, _) | (_, 0) => Status::Valid,
            (StatusPurpose::Revocation, _) => Status::Revoked,
            (StatusPurpose::Suspension, _) => Status::Suspended,
            (StatusPurpose::Other(_), value) => Status::Other(value),
        }
    }
}

/// The status of a credential by all its entries and the lists at hand: the worst of them, where what cannot be told
/// is worse than any value but revoked and suspended.
pub fn judge_entries(entries: &[StatusEntry], lists: &[BitstringStatusList], now: Timestamp) -> Status {
    let statuses = entries.iter().map(|entry| match entry {
        StatusEntry::Unsupported => Status::Unknown(StatusError::Bitstring(BitstringError::UnsupportedEntry).into()),
        StatusEntry::Bitstring(entry) => match lists.iter().find(|list| list.url == entry.list) {
            None => Status::Unknown(UnknownReason::NotFetched),
            Some(list) => match list.status_of(entry, now) {
                Ok(status) => status.status(),
                Err(reason) => Status::Unknown(reason),
            },
        },
    });
    let severity = |status: &Status| match status {
        Status::Revoked => 5,
        Status::Suspended => 4,
        Status::Unknown(_) => 3,
        Status::Other(_) => 2,
        Status::Valid => 1,
        Status::Untracked => 0,
    };
    // The first of equally bad ones.
    let worst = statuses.reduce(|worst, status| {
        if severity(&status) > severity(&worst) {
            status
        } else {
            worst
        }
    });
    worst.unwrap_or(Status::Untracked)
}
