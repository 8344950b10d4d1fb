//! The Bluetooth LE carrier of a handover (Bluetooth Supplement to the Core Specification, part A §1).

use super::MessageError;
use super::ndef::{length, take};

/// How one side is to be reached by Bluetooth LE.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "what the standard has in this record")]
pub struct BleCarrier {
    /// The device address as on the wire: seven bytes, the last its kind.
    pub address: Option<[u8; 7]>,
    /// The role of the side that sends the record.
    pub role: BleRole,
    /// The service's UUIDs, each in the order in which it is written; on the wire it is reversed.
    pub uuids: Vec<[u8; 16]>,
}

/// The role of the side that sends the record. A holder as peripheral is the mode of §8.3.3.1.1 with its server, a
/// holder as central the one with its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the table of the specification")]
pub enum BleRole {
    /// 0.
    Peripheral,
    /// 1.
    Central,
    /// 2.
    PeripheralPreferred,
    /// 3.
    CentralPreferred,
}

const UUIDS: u8 = 0x07;
const ADDRESS: u8 = 0x1b;
const ROLE: u8 = 0x1c;

impl BleCarrier {
    /// A carrier with one service.
    pub fn new(role: BleRole, uuid: [u8; 16]) -> Self {
        Self {
            address: None,
            role,
            uuids: vec![uuid],
        }
    }

    /// Data of kinds that are not known are passed over.
    pub(super) fn parse(mut payload: &[u8]) -> Result<Self, MessageError> {
        const CUT: MessageError = MessageError::Ndef("the Bluetooth record is cut off");
        const WRONG: MessageError = MessageError::Ndef("the Bluetooth record has data of a wrong length");
        let (mut address, mut role, mut uuids) = (None, None, Vec::new());
        while let Some([size]) = take(&mut payload, 1) {
            // A length of zero ends the data early (Core Specification 3 C §11).
            let Some(rest) = size.checked_sub(1) else { break };
            let kind = take(&mut payload, 1).ok_or(CUT)?[0];
            let data = take(&mut payload, rest.into()).ok_or(CUT)?;
            match kind {
                ADDRESS => address = Some(data.try_into().map_err(|_| WRONG)?),
                ROLE => {
                    let [number] = data else { return Err(WRONG) };
                    role = Some(match number {
                        0 => BleRole::Peripheral,
                        1 => BleRole::Central,
                        2 => BleRole::PeripheralPreferred,
                        3 => BleRole::CentralPreferred,
                        _ => return Err(MessageError::Ndef("the Bluetooth role is none of the four")),
                    });
                }
                UUIDS => {
                    let (chunks, []) = data.as_chunks::<16>() else {
                        return Err(WRONG);
                    };
                    uuids.extend(chunks.iter().map(reversed));
                }
                _ => {}
            }
        }
        let role = role.ok_or(MessageError::Ndef("the Bluetooth record has no role"))?;
        Ok(Self { address, role, uuids })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut put = |kind, data: &[u8]| {
            out.extend([length(data).saturating_add(1), kind]);
            out.extend_from_slice(data);
        };
        if let Some(address) = &self.address {
            put(ADDRESS, address);
        }
        put(ROLE, &[self.role as u8]);
        // Fifteen fit; the standard has one (§8.2.2.1).
        let uuids: Vec<[u8; 16]> = self.uuids.iter().take(15).map(reversed).collect();
        if !uuids.is_empty() {
            put(UUIDS, uuids.as_flattened());
        }
        out
    }
}

fn reversed(uuid: &[u8; 16]) -> [u8; 16] {
    let mut uuid = *uuid;
    uuid.reverse();
    uuid
}
