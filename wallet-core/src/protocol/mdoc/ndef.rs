//! NDEF messages (NFC Data Exchange Format 1.0 §3): records as a list, unchunked.

use super::MessageError;

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) tnf: u8,
    pub(super) kind: Vec<u8>,
    pub(super) id: Vec<u8>,
    pub(super) payload: Vec<u8>,
}

pub(super) const WELL_KNOWN: u8 = 1;
pub(super) const MEDIA_TYPE: u8 = 2;
pub(super) const EXTERNAL: u8 = 4;

const BEGIN: u8 = 0x80;
const END: u8 = 0x40;
const CHUNK: u8 = 0x20;
const SHORT: u8 = 0x10;
const HAS_ID: u8 = 0x08;

/// A handover message holds a record a carrier, and a few beside.
const MOST_RECORDS: usize = 32;
/// The engagement is at most 4096 bytes; carriers are short.
const LONGEST_MESSAGE: usize = 16 << 10;

impl Record {
    pub(super) fn new(tnf: u8, kind: &[u8], id: &[u8], payload: Vec<u8>) -> Self {
        Self {
            tnf,
            kind: kind.to_vec(),
            id: id.to_vec(),
            payload,
        }
    }

    pub(super) fn is(&self, tnf: u8, kind: &[u8]) -> bool {
        // RTD 1.0 §3.4: external types are compared without regard to case.
        self.tnf == tnf
            && match tnf {
                EXTERNAL => self.kind.eq_ignore_ascii_case(kind),
                _ => self.kind == kind,
            }
    }
}

/// Parses a message; it must end where its last record does.
pub(super) fn parse(mut bytes: &[u8]) -> Result<Vec<Record>, MessageError> {
    if bytes.len() > LONGEST_MESSAGE {
        return Err(MessageError::Ndef("too long"));
    }
    let mut records = Vec::new();
    loop {
        let (record, head) = record(&mut bytes).ok_or(MessageError::Ndef("a record is cut off"))?;
        if (head & BEGIN != 0) != records.is_empty() {
            return Err(MessageError::Ndef("the begin of the message is not where it should be"));
        }
        if head & CHUNK != 0 {
            return Err(MessageError::Ndef("a record comes in chunks"));
        }
        records.push(record);
        if records.len() > MOST_RECORDS {
            return Err(MessageError::Ndef("too many records"));
        }
        match (head & END != 0, bytes.is_empty()) {
            (true, true) => return Ok(records),
            (true, false) => return Err(MessageError::Ndef("bytes after the last record")),
            (false, _) => {}
        }
    }
}

fn record(bytes: &mut &[u8]) -> Option<(Record, u8)> {
    let head = take(bytes, 1)?[0];
    let kind_length = take(bytes, 1)?[0];
    let payload_length = match head & SHORT {
        0 => u32::from_be_bytes(take(bytes, 4)?.try_into().ok()?),
        _ => take(bytes, 1)?[0].into(),
    };
    let id_length = match head & HAS_ID {
        0 => 0,
        _ => take(bytes, 1)?[0],
    };
    let kind = take(bytes, kind_length.into())?;
    let id = take(bytes, id_length.into())?;
    let payload = take(bytes, usize::try_from(payload_length).ok()?)?;
    Some((Record::new(head & 7, kind, id, payload.to_vec()), head))
}

/// Takes `count` bytes from the front.
pub(super) fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (front, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(front)
}

/// The message as bytes, with short records where they fit.
pub(super) fn encode(records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let short = u8::try_from(record.payload.len());
        let mut head = record.tnf;
        head |= if index == 0 { BEGIN } else { 0 };
        head |= if index + 1 == records.len() { END } else { 0 };
        head |= if short.is_ok() { SHORT } else { 0 };
        head |= if record.id.is_empty() { 0 } else { HAS_ID };
        out.extend([head, length(&record.kind)]);
        match short {
            Ok(short) => out.push(short),
            Err(_) => out.extend((record.payload.len() as u32).to_be_bytes()),
        }
        if !record.id.is_empty() {
            out.push(length(&record.id));
        }
        out.extend_from_slice(&record.kind[..length(&record.kind).into()]);
        out.extend_from_slice(&record.id[..length(&record.id).into()]);
        out.extend_from_slice(&record.payload);
    }
    out
}

/// The length in a byte; a longer name is cut, which no reader of our own types sees.
pub(super) fn length(bytes: &[u8]) -> u8 {
    u8::try_from(bytes.len()).unwrap_or(u8::MAX)
}
