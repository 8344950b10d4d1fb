//! Engagement by NFC: the messages of NFC Connection Handover 1.5, as data (§8.2.2.1).
//!
//! With static handover the holder's tag has a Handover Select message from the beginning; with negotiated handover
//! the reader first sends a Handover Request. The session transcript holds both as they were sent (§9.1.5.1).

use super::MessageError;
use super::bluetooth::BleCarrier;
use super::ndef::{self, EXTERNAL, MEDIA_TYPE, Record, WELL_KNOWN, length, take};

const BLUETOOTH: &[u8] = b"application/vnd.bluetooth.le.oob";
const ENGAGEMENT: &[u8] = b"iso.org:18013:deviceengagement";
const READER_ENGAGEMENT: &[u8] = b"iso.org:18013:readerengagement";
const ENGAGEMENT_ID: &[u8] = b"mdoc";
/// Version 1.5 of Connection Handover.
const VERSION: u8 = 0x15;

/// The messages of an engagement by NFC, as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NfcHandover {
    select: Vec<u8>,
    request: Option<Vec<u8>>,
}

/// The holder's message: its engagement, and the carriers it chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandoverSelect {
    bytes: Vec<u8>,
    engagement: Vec<u8>,
    carriers: Vec<CarrierRecord>,
}

/// The reader's message with negotiated handover: the carriers it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandoverRequest {
    bytes: Vec<u8>,
    reader_engagement: Option<Vec<u8>>,
    carriers: Vec<CarrierRecord>,
}

/// A carrier, and its power.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarrierRecord {
    id: Vec<u8>,
    power: PowerState,
    carrier: Carrier,
}

/// Whether a carrier can be used at once (Connection Handover 1.5 §6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "two bits of the specification")]
pub enum PowerState {
    /// 0.
    Inactive,
    /// 1.
    Active,
    /// 2.
    Activating,
    /// 3.
    Unknown,
}

/// What carries the session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Carrier {
    /// Bluetooth LE.
    Ble(BleCarrier),
    /// NFC, Wi-Fi Aware, or one that is not known, as it stands in its record.
    Other {
        /// Whether the type is one of the NFC Forum's external ones; else it is a media type.
        external: bool,
        /// The type.
        kind: String,
        /// The data.
        payload: Vec<u8>,
    },
}

impl NfcHandover {
    /// Static handover.
    pub fn of_static(select: &HandoverSelect) -> Self {
        Self {
            select: select.bytes.clone(),
            request: None,
        }
    }

    /// Negotiated handover.
    pub fn negotiated(select: &HandoverSelect, request: &HandoverRequest) -> Self {
        Self {
            select: select.bytes.clone(),
            request: Some(request.bytes.clone()),
        }
    }

    /// The Handover Select message as sent.
    pub fn select(&self) -> &[u8] {
        &self.select
    }

    /// The Handover Request message as sent.
    pub fn request(&self) -> Option<&[u8]> {
        self.request.as_deref()
    }
}

impl CarrierRecord {
    /// A carrier; `id` names its record within the message.
    pub fn new(id: impl Into<String>, power: PowerState, carrier: Carrier) -> Self {
        Self {
            id: id.into().into_bytes(),
            power,
            carrier,
        }
    }

    /// Its power.
    pub fn power(&self) -> PowerState {
        self.power
    }

    /// The carrier.
    pub fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    fn record(&self) -> Record {
        match &self.carrier {
            Carrier::Ble(ble) => Record::new(MEDIA_TYPE, BLUETOOTH, &self.id, ble.encode()),
            Carrier::Other {
                external,
                kind,
                payload,
            } => {
                let tnf = if *external { EXTERNAL } else { MEDIA_TYPE };
                Record::new(tnf, kind.as_bytes(), &self.id, payload.clone())
            }
        }
    }

    /// The Alternative Carrier record (Connection Handover 1.5 §6.4).
    fn alternative(&self, auxiliary: &[&[u8]]) -> Record {
        let mut payload = vec![self.power as u8, length(&self.id)];
        payload.extend_from_slice(&self.id);
        payload.push(auxiliary.len() as u8);
        for id in auxiliary {
            payload.push(length(id));
            payload.extend_from_slice(id);
        }
        Record::new(WELL_KNOWN, b"ac", b"", payload)
    }
}

impl HandoverSelect {
    /// A message with this engagement, which has no retrieval methods of its own (§8.2.2.1).
    pub fn new(engagement: &[u8], carriers: Vec<CarrierRecord>) -> Self {
        let alternatives = carriers.iter().map(|carrier| carrier.alternative(&[ENGAGEMENT_ID]));
        let mut records = vec![handover(b"Hs", alternatives.collect())];
        records.extend(carriers.iter().map(CarrierRecord::record));
        records.push(Record::new(EXTERNAL, ENGAGEMENT, ENGAGEMENT_ID, engagement.to_vec()));
        Self {
            bytes: ndef::encode(&records),
            engagement: engagement.to_vec(),
            carriers,
        }
    }

    /// Parses the message.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        let (embedded, records) = open(bytes, b"Hs")?;
        let engagement = records.iter().find(|record| record.is(EXTERNAL, ENGAGEMENT));
        let engagement = engagement.ok_or(MessageError::Ndef("no device engagement"))?;
        Ok(Self {
            bytes: bytes.to_vec(),
            engagement: engagement.payload.clone(),
            carriers: carriers(&embedded, &records)?,
        })
    }

    /// The message as made or received.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of the [`DeviceEngagement`](super::DeviceEngagement).
    pub fn engagement(&self) -> &[u8] {
        &self.engagement
    }

    /// The carriers, the holder's favourite first.
    pub fn carriers(&self) -> &[CarrierRecord] {
        &self.carriers
    }
}

impl HandoverRequest {
    /// A message with these carriers. `collision` is a random number (Connection Handover 1.5 §6.1.4).
    pub fn new(collision: [u8; 2], carriers: Vec<CarrierRecord>) -> Self {
        let mut embedded = vec![Record::new(WELL_KNOWN, b"cr", b"", collision.to_vec())];
        embedded.extend(carriers.iter().map(|carrier| carrier.alternative(&[])));
        let mut records = vec![handover(b"Hr", embedded)];
        records.extend(carriers.iter().map(CarrierRecord::record));
        Self {
            bytes: ndef::encode(&records),
            reader_engagement: None,
            carriers,
        }
    }

    /// Parses the message.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        let (embedded, records) = open(bytes, b"Hr")?;
        let reader = records.iter().find(|record| record.is(EXTERNAL, READER_ENGAGEMENT));
        Ok(Self {
            bytes: bytes.to_vec(),
            reader_engagement: reader.map(|record| record.payload.clone()),
            carriers: carriers(&embedded, &records)?,
        })
    }

    /// The message as made or received.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the reader says of itself (second edition), as received.
    pub fn reader_engagement(&self) -> Option<&[u8]> {
        self.reader_engagement.as_deref()
    }

    /// The carriers, the reader's favourite first.
    pub fn carriers(&self) -> &[CarrierRecord] {
        &self.carriers
    }
}

fn handover(kind: &[u8], embedded: Vec<Record>) -> Record {
    let mut payload = vec![VERSION];
    payload.extend(ndef::encode(&embedded));
    Record::new(WELL_KNOWN, kind, b"", payload)
}

/// The records in the handover record, which comes first, and those after it.
fn open(bytes: &[u8], kind: &[u8]) -> Result<(Vec<Record>, Vec<Record>), MessageError> {
    let mut records = ndef::parse(bytes)?;
    let first = records.remove(0);
    if !first.is(WELL_KNOWN, kind) {
        return Err(MessageError::Ndef("not the handover message that is expected"));
    }
    match first.payload.split_first() {
        // Connection Handover 1.5 §4.7: of a higher minor version what is known is used.
        Some((version, embedded)) if version >> 4 == VERSION >> 4 => Ok((ndef::parse(embedded)?, records)),
        _ => Err(MessageError::Ndef("the version of the handover is not 1.x")),
    }
}

fn carriers(embedded: &[Record], records: &[Record]) -> Result<Vec<CarrierRecord>, MessageError> {
    let alternatives = embedded.iter().filter(|record| record.is(WELL_KNOWN, b"ac"));
    alternatives
        .map(|alternative| carrier(&alternative.payload, records))
        .collect()
}

fn carrier(mut payload: &[u8], records: &[Record]) -> Result<CarrierRecord, MessageError> {
    const CUT: MessageError = MessageError::Ndef("an alternative carrier is cut off");
    let power = match take(&mut payload, 1).ok_or(CUT)?[0] & 3 {
        0 => PowerState::Inactive,
        1 => PowerState::Active,
        2 => PowerState::Activating,
        _ => PowerState::Unknown,
    };
    let size = take(&mut payload, 1).ok_or(CUT)?[0];
    let id = take(&mut payload, size.into()).ok_or(CUT)?;
    let record = records.iter().find(|record| record.id == id);
    let record = record.ok_or(MessageError::Ndef("an alternative carrier has no record"))?;
    let carrier = match record.tnf {
        MEDIA_TYPE if record.kind == BLUETOOTH => Carrier::Ble(BleCarrier::parse(&record.payload)?),
        tnf => Carrier::Other {
            external: tnf == EXTERNAL,
            kind: String::from_utf8_lossy(&record.kind).into_owned(),
            payload: record.payload.clone(),
        },
    };
    Ok(CarrierRecord {
        id: id.to_vec(),
        power,
        carrier,
    })
}
