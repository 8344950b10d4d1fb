//! The list itself (§4): entries of 1, 2, 4 or 8 bits, least significant first, compressed with DEFLATE.

use std::io::Write as _;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status as FlateStatus};

use super::StatusError;
use crate::codec::{Json, Object, base64url};
use crate::crypto::{Random, random_bytes};

/// How many bits an entry has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "§4.1 has exactly these widths")]
pub enum StatusWidth {
    /// One bit: valid or invalid.
    One,
    /// Two bits: also suspended, and one value of the application's own.
    Two,
    /// Four bits.
    Four,
    /// Eight bits.
    Eight,
}

impl StatusWidth {
    /// The width of this many bits.
    pub fn from_bits(bits: u64) -> Option<Self> {
        match bits {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            4 => Some(Self::Four),
            8 => Some(Self::Eight),
            _ => None,
        }
    }

    /// How many bits.
    pub fn bits(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }

    /// The largest value of an entry.
    pub fn largest(self) -> u8 {
        u8::MAX >> (8 - self.bits())
    }
}

/// A list of statuses. New entries are 0, valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusList {
    width: StatusWidth,
    bytes: Vec<u8>,
}

/// 8 MiB: 67 million entries of one bit, more than a country issues of one kind; a list is split long before.
pub(super) const MOST_BYTES: usize = 8 << 20;
/// How much room is made for each step of decompression: a bomb is noticed within it.
const STEP: usize = 64 << 10;

impl StatusList {
    /// Makes a list of at least `length` entries, all valid; the last byte is filled up. What does not fit into
    /// 8 MiB is refused: a reader would refuse it too.
    pub fn new(width: StatusWidth, length: u64) -> Result<Self, StatusError> {
        let bytes = length
            .checked_mul(u64::from(width.bits()))
            .map(|bits| bits.div_ceil(8))
            .and_then(|bytes| usize::try_from(bytes).ok())
            .filter(|bytes| *bytes <= MOST_BYTES)
            .ok_or(StatusError::ListTooLong { limit: MOST_BYTES })?;
        Ok(Self {
            width,
            bytes: vec![0; bytes],
        })
    }

    /// Takes in the bytes of an uncompressed list.
    pub fn from_bytes(width: StatusWidth, bytes: Vec<u8>) -> Result<Self, StatusError> {
        if bytes.len() > MOST_BYTES {
            return Err(StatusError::ListTooLong { limit: MOST_BYTES });
        }
        Ok(Self { width, bytes })
    }

    /// Decompresses a list (§4.1: ZLIB format, RFC 1950), stopping at 8 MiB. One complete stream and nothing after it.
    pub fn decompress(width: StatusWidth, compressed: &[u8]) -> Result<Self, StatusError> {
        let mut stream = Decompress::new(true);
        let mut bytes = Vec::new();
        loop {
            let read = usize::try_from(stream.total_in()).map_err(|_| StatusError::Compression)?;
            let (rest, before) = (&compressed[read..], bytes.len());
            bytes.reserve(STEP);
            let state = stream.decompress_vec(rest, &mut bytes, FlushDecompress::None);
            if bytes.len() > MOST_BYTES {
                return Err(StatusError::ListTooLong { limit: MOST_BYTES });
            }
            let moved = bytes.len() > before || stream.total_in() > u64::try_from(read).unwrap_or(u64::MAX);
            match state {
                Ok(FlateStatus::StreamEnd) => break,
                // Nothing read and nothing written: the stream is cut off.
                Ok(_) if moved => {}
                _ => return Err(StatusError::Compression),
            }
        }
        if usize::try_from(stream.total_in()) != Ok(compressed.len()) {
            return Err(StatusError::Compression);
        }
        Ok(Self { width, bytes })
    }

    /// Compresses the list at the best level.
    pub fn compress(&self) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder
            .write_all(&self.bytes)
            .and_then(|()| encoder.finish())
            .expect("writing to memory does not fail")
    }

    /// Reads the member `status_list` of a token (§4.2).
    pub fn decode(list: &Json) -> Result<Self, StatusError> {
        let width = list.get("bits").and_then(Json::as_u64).and_then(StatusWidth::from_bits);
        let text = list
            .get("lst")
            .and_then(Json::as_str)
            .ok_or(StatusError::Malformed("lst"))?;
        let compressed = base64url::decode(text).map_err(|_| StatusError::Malformed("lst"))?;
        Self::decompress(width.ok_or(StatusError::Malformed("bits"))?, &compressed)
    }

    /// Writes the member `status_list` of a token (§4.2).
    pub fn encode(&self) -> Object {
        Object::new()
            .with("bits", Json::from(u64::from(self.width.bits())))
            .with("lst", Json::from(base64url::encode(self.compress())))
    }

    /// The status at `index`; beyond the end is an error, never valid (§8.3).
    pub fn get(&self, index: u64) -> Result<u8, StatusError> {
        let (byte, shift) = self.place(index)?;
        Ok(self.bytes[byte] >> shift & self.width.largest())
    }

    /// Sets the status at `index`.
    pub fn set(&mut self, index: u64, status: u8) -> Result<(), StatusError> {
        let (byte, shift) = self.place(index)?;
        let largest = self.width.largest();
        if status > largest {
            return Err(StatusError::ValueTooLarge { value: status, largest });
        }
        self.bytes[byte] = self.bytes[byte] & !(largest << shift) | status << shift;
        Ok(())
    }

    /// How many entries there are.
    pub fn len(&self) -> u64 {
        let bits = u64::try_from(self.bytes.len()).expect("8 MiB fit") * 8;
        bits / u64::from(self.width.bits())
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The width of the entries.
    pub fn width(&self) -> StatusWidth {
        self.width
    }

    /// The bytes, uncompressed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Byte and shift of an entry (§4.1): packed from the least significant bit.
    fn place(&self, index: u64) -> Result<(usize, u32), StatusError> {
        if index >= self.len() {
            return Err(StatusError::IndexOutOfRange {
                index,
                length: self.len(),
            });
        }
        let bit = index * u64::from(self.width.bits());
        let byte = usize::try_from(bit / 8).expect("within 8 MiB");
        let shift = u32::try_from(bit % 8).expect("below 8");
        Ok((byte, shift))
    }
}

/// Draws an index that is not taken, at random (§13.2: an index must not tell when or to whom it was given).
/// `None` if, after many draws, all were taken: the list is as good as full.
pub fn draw_index(length: u64, random: &mut dyn Random, taken: &dyn Fn(u64) -> bool) -> Option<u64> {
    let length = u128::from(length).max(1);
    // With one entry in 20 still free, 400 draws miss it once in a thousand million times.
    for _ in 0..400 {
        let drawn = u128::from_be_bytes(random_bytes::<16>(random)) % length;
        let index = u64::try_from(drawn).expect("below the length");
        if !taken(index) {
            return Some(index);
        }
    }
    None
}
