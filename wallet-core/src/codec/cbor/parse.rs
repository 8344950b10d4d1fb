//! Reading: heads, strings, and the tree.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Budget, Cbor, CborError, Item};

/// How many elements are reserved at once: a short input may claim any length.
const RESERVED_AT_ONCE: u64 = 32;

/// Up to this many keys are compared in pairs, without an allocation; more are sorted first.
const COMPARED_IN_PAIRS: usize = 16;

pub(super) fn parse<'a>(bytes: &'a [u8], budget: &mut Budget) -> Result<Cbor<'a>, CborError> {
    let mut reader = Reader::new(bytes, budget)?;
    let item = reader.item()?;
    reader.finish()?;
    Ok(item)
}

/// What stands in a place until it is filled: items are made where they stay, since moving them is most of the work.
const EMPTY: Cbor<'_> = Cbor {
    raw: &[],
    item: Item::Null,
};

/// Reads one item after the other. What a caller reads by itself, without a tree, it must check for repeated keys.
#[derive(Debug)]
pub(crate) struct Reader<'a, 'b> {
    bytes: &'a [u8],
    position: usize,
    budget: &'b mut Budget,
}

/// The head of an item (RFC 8949 §3): major type, and argument or, where there is none, an indefinite length.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Head {
    major: u8,
    info: u8,
    argument: u64,
}

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

/// The additional information of an item of indefinite length, and of the break that ends it.
const INDEFINITE: u8 = 31;
const BREAK: u8 = 0xff;

impl<'a, 'b> Reader<'a, 'b> {
    /// Begins to read; the length is spent at once.
    pub(crate) fn new(bytes: &'a [u8], budget: &'b mut Budget) -> Result<Self, CborError> {
        budget.spend_bytes(bytes.len())?;
        Ok(Self {
            bytes,
            position: 0,
            budget,
        })
    }

    /// Checks that nothing is left.
    pub(crate) fn finish(&self) -> Result<(), CborError> {
        if self.position == self.bytes.len() {
            Ok(())
        } else {
            Err(CborError::TrailingBytes { offset: self.position })
        }
    }

    /// The next item as a tree.
    pub(crate) fn item(&mut self) -> Result<Cbor<'a>, CborError> {
        let mut item = EMPTY;
        self.fill(&mut item, 0)?;
        Ok(item)
    }

    /// The number of pairs of the map that begins here; `None` if there is none, or one of indefinite length.
    pub(crate) fn map(&mut self) -> Option<u64> {
        self.argument(MAP)
    }

    /// The text that stands here in one piece, if there is one.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.name()?).ok()
    }

    /// As [`Reader::text`], as bytes that may not be UTF-8: to be compared with names that are.
    pub(crate) fn name(&mut self) -> Option<&'a [u8]> {
        let length = self.argument(TEXT)?;
        self.take(length).ok()
    }

    /// The byte string that stands here in one piece, if there is one.
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.argument(BYTES)?;
        self.take(length).ok()
    }

    /// The non-negative integer that stands here, if there is one.
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        self.argument(UNSIGNED)
    }

    /// The argument of the head that stands here, if it is of this type and has one. The item is paid for.
    fn argument(&mut self, major: u8) -> Option<u64> {
        self.budget.spend_values(1).ok()?;
        let head = self.head().ok()?;
        (head.major == major && head.info != INDEFINITE).then_some(head.argument)
    }

    #[inline(always)]
    fn head(&mut self) -> Result<Head, CborError> {
        let offset = self.position;
        let rest = self.bytes.get(offset..).unwrap_or_default();
        let (&first, rest) = rest.split_first().ok_or(CborError::EndOfInput)?;
        let (major, info) = (first >> 5, first & 0x1f);
        let (argument, length) = match info {
            0..=23 => (u64::from(info), 0),
            24 => (
                rest.first_chunk()
                    .map(|bytes| u64::from(u8::from_be_bytes(*bytes)))
                    .ok_or(CborError::EndOfInput)?,
                1,
            ),
            25 => (
                rest.first_chunk()
                    .map(|bytes| u64::from(u16::from_be_bytes(*bytes)))
                    .ok_or(CborError::EndOfInput)?,
                2,
            ),
            26 => (
                rest.first_chunk()
                    .map(|bytes| u64::from(u32::from_be_bytes(*bytes)))
                    .ok_or(CborError::EndOfInput)?,
                4,
            ),
            27 => (
                rest.first_chunk()
                    .map(|bytes| u64::from_be_bytes(*bytes))
                    .ok_or(CborError::EndOfInput)?,
                8,
            ),
            // RFC 8949 §3.2: strings, arrays and maps may have it; the break stands where an item ends.
            INDEFINITE if (BYTES..=MAP).contains(&major) => (0, 0),
            _ => return Err(CborError::Malformed { offset }),
        };
        self.position = offset + 1 + length;
        Ok(Head { major, info, argument })
    }

    #[inline(always)]
    fn take(&mut self, length: u64) -> Result<&'a [u8], CborError> {
        let rest = &self.bytes[self.position..];
        let taken = usize::try_from(length).ok().and_then(|length| rest.get(..length));
        let taken = taken.ok_or(CborError::EndOfInput)?;
        self.position += taken.len();
        Ok(taken)
    }

    fn fill(&mut self, place: &mut Cbor<'a>, depth: usize) -> Result<(), CborError> {
        let start = self.position;
        self.budget.spend_values(1)?;
        let head = self.head()?;
        place.item = match (head.major, head.info) {
            (UNSIGNED, _) => Item::Unsigned(head.argument),
            (NEGATIVE, _) => Item::Negative(head.argument),
            (BYTES, INDEFINITE) => {
                let mut joined = Vec::new();
                self.chunks(start, BYTES, |chunk| {
                    joined.extend_from_slice(chunk);
                    Ok(())
                })?;
                Item::Bytes(Cow::Owned(joined))
            }
            (BYTES, _) => Item::Bytes(Cow::Borrowed(self.take(head.argument)?)),
            (TEXT, INDEFINITE) => {
                let mut joined = String::new();
                self.chunks(start, TEXT, |chunk| {
                    joined.push_str(text(chunk, start)?);
                    Ok(())
                })?;
                Item::Text(Cow::Owned(joined))
            }
            (TEXT, _) => Item::Text(Cow::Borrowed(text(self.take(head.argument)?, start)?)),
            (ARRAY, _) => {
                let mut items = Vec::new();
                self.elements(head, depth, &mut items, || EMPTY, Self::fill)?;
                Item::Array(items)
            }
            (MAP, _) => {
                let mut pairs = Vec::new();
                let empty = || (EMPTY, EMPTY);
                self.elements(head, depth, &mut pairs, empty, |reader, pair, depth| {
                    reader.fill(&mut pair.0, depth)?;
                    reader.fill(&mut pair.1, depth)
                })?;
                check_keys(&pairs, start)?;
                Item::Map(pairs)
            }
            (TAG, _) => {
                self.budget.check_depth(depth + 1)?;
                let mut content = Box::new(EMPTY);
                self.fill(&mut content, depth + 1)?;
                Item::Tag(head.argument, content)
            }
            (_, info) => simple(info, head.argument).ok_or(CborError::Malformed { offset: start })?,
        };
        place.raw = &self.bytes[start..self.position];
        Ok(())
    }

    /// The chunks of a string of indefinite length, which have definite lengths (RFC 8949 §3.2.3).
    fn chunks(
        &mut self,
        start: usize,
        major: u8,
        mut take: impl FnMut(&'a [u8]) -> Result<(), CborError>,
    ) -> Result<(), CborError> {
        while !self.at_break()? {
            self.budget.spend_values(1)?;
            let head = self.head()?;
            if head.major != major || head.info == INDEFINITE {
                return Err(CborError::Malformed { offset: start });
            }
            take(self.take(head.argument)?)?;
        }
        Ok(())
    }

    /// The elements of an array or a map, up to their number or to the break.
    fn elements<T>(
        &mut self,
        head: Head,
        depth: usize,
        elements: &mut Vec<T>,
        empty: fn() -> T,
        mut fill: impl FnMut(&mut Self, &mut T, usize) -> Result<(), CborError>,
    ) -> Result<(), CborError> {
        self.budget.check_depth(depth + 1)?;
        let mut next = |reader: &mut Self, elements: &mut Vec<T>| {
            elements.push(empty());
            let place = elements.last_mut().expect("it was just put there");
            fill(reader, place, depth + 1)
        };
        if head.info == INDEFINITE {
            while !self.at_break()? {
                next(self, elements)?;
            }
            return Ok(());
        }
        elements.reserve_exact(usize::try_from(head.argument.min(RESERVED_AT_ONCE)).expect("a small number"));
        for _ in 0..head.argument {
            next(self, elements)?;
        }
        Ok(())
    }

    /// Whether the break stands here, which is then passed.
    fn at_break(&mut self) -> Result<bool, CborError> {
        let is_break = *self.bytes.get(self.position).ok_or(CborError::EndOfInput)? == BREAK;
        self.position += usize::from(is_break);
        Ok(is_break)
    }
}

fn text(bytes: &[u8], offset: usize) -> Result<&str, CborError> {
    std::str::from_utf8(bytes).map_err(|_| CborError::Utf8 { offset })
}

/// Simple values and floating-point numbers (RFC 8949 §3.3).
fn simple(info: u8, argument: u64) -> Option<Item<'static>> {
    Some(match info {
        20 => Item::Bool(false),
        21 => Item::Bool(true),
        22 => Item::Null,
        23 => Item::Undefined,
        25 => Item::Float(half_to_f64(u16::try_from(argument).ok()?)),
        26 => Item::Float(f64::from(f32::from_bits(u32::try_from(argument).ok()?))),
        27 => Item::Float(f64::from_bits(argument)),
        // Values below 32 have no two-byte form.
        24 if argument < 32 => return None,
        _ => Item::Simple(u8::try_from(argument).ok()?),
    })
}

/// RFC 8949 §5.6: a map with two equal keys is not valid.
fn check_keys(pairs: &[(Cbor<'_>, Cbor<'_>)], offset: usize) -> Result<(), CborError> {
    let is_compound = |key: &Cbor<'_>| {
        let mut key = key;
        while let Item::Tag(_, content) = &key.item {
            key = content;
        }
        matches!(key.item, Item::Array(_) | Item::Map(_))
    };
    if pairs.iter().any(|(key, _)| is_compound(key)) {
        return Err(CborError::UnsupportedKey { offset });
    }
    let repeated = if pairs.len() <= COMPARED_IN_PAIRS {
        let is_known = |position: usize| {
            let (key, _) = &pairs[position];
            pairs[..position]
                .iter()
                .any(|(other, _)| compare(other, key) == Ordering::Equal)
        };
        (1..pairs.len()).any(is_known)
    } else {
        let mut keys: Vec<_> = pairs.iter().map(|(key, _)| key).collect();
        keys.sort_unstable_by(|a, b| compare(a, b));
        keys.windows(2).any(|two| compare(two[0], two[1]) == Ordering::Equal)
    };
    if repeated {
        return Err(CborError::DuplicateKey { offset });
    }
    Ok(())
}

/// An order of keys by value, whatever their encoding was.
fn compare(a: &Cbor<'_>, b: &Cbor<'_>) -> Ordering {
    let rank = |item: &Item<'_>| match item {
        Item::Unsigned(_) => 0,
        Item::Negative(_) => 1,
        Item::Bytes(_) => 2,
        Item::Text(_) => 3,
        Item::Tag(..) => 4,
        Item::Float(_) => 5,
        Item::Simple(_) => 6,
        Item::Bool(_) => 7,
        Item::Null => 8,
        Item::Undefined => 9,
        Item::Array(_) | Item::Map(_) => 10,
    };
    match (&a.item, &b.item) {
        (Item::Unsigned(a), Item::Unsigned(b)) | (Item::Negative(a), Item::Negative(b)) => a.cmp(b),
        (Item::Bytes(a), Item::Bytes(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
        // Names in a map differ in length more often than not.
        (Item::Text(a), Item::Text(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
        (Item::Tag(a, inner_a), Item::Tag(b, inner_b)) => a.cmp(b).then_with(|| compare(inner_a, inner_b)),
        (Item::Float(a), Item::Float(b)) => a.to_bits().cmp(&b.to_bits()),
        (Item::Simple(a), Item::Simple(b)) => a.cmp(b),
        (Item::Bool(a), Item::Bool(b)) => a.cmp(b),
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

/// RFC 8949 Appendix D.
fn half_to_f64(bits: u16) -> f64 {
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x3ff);
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (fraction + 1024.0) * 2f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}
