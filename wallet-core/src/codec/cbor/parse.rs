//! Reading: tokens by minicbor, the tree and its bounds here.

use std::borrow::Cow;
use std::cmp::Ordering;

use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};

use super::{Budget, Cbor, CborError, Item};

/// How many elements are reserved at once: a short input may claim any length.
const RESERVED_AT_ONCE: u64 = 32;

/// Up to this many keys are compared in pairs, without an allocation; more are sorted first.
const COMPARED_IN_PAIRS: usize = 16;

pub(super) fn parse<'a>(bytes: &'a [u8], budget: &mut Budget) -> Result<Cbor<'a>, CborError> {
    budget.spend_bytes(bytes.len())?;
    let mut parser = Parser {
        decoder: Decoder::new(bytes),
        budget,
    };
    let item = parser.item(0)?;
    match parser.decoder.position() {
        end if end == bytes.len() => Ok(item),
        offset => Err(CborError::TrailingBytes { offset }),
    }
}

struct Parser<'a, 'b> {
    decoder: Decoder<'a>,
    budget: &'b mut Budget,
}

impl<'a> Parser<'a, '_> {
    fn item(&mut self, depth: usize) -> Result<Cbor<'a>, CborError> {
        let start = self.decoder.position();
        self.budget.spend_values(1)?;
        let item = self.content(start, depth)?;
        Ok(Cbor {
            raw: &self.decoder.input()[start..self.decoder.position()],
            item,
        })
    }

    fn content(&mut self, start: usize, depth: usize) -> Result<Item<'a>, CborError> {
        let fail = |error: Error| failure(&error, start);
        let decoder = &mut self.decoder;
        Ok(match decoder.datatype().map_err(fail)? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => Item::Unsigned(decoder.u64().map_err(fail)?),
            Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => {
                let number = i128::from(decoder.int().map_err(fail)?);
                Item::Negative(u64::try_from(-1 - number).expect("a negative integer of CBOR has 64 bits"))
            }
            Type::Bytes => Item::Bytes(Cow::Borrowed(decoder.bytes().map_err(fail)?)),
            Type::BytesIndef => {
                let mut joined = Vec::new();
                self.chunks(start, Type::Bytes, |decoder| {
                    joined.extend_from_slice(decoder.bytes()?);
                    Ok(())
                })?;
                Item::Bytes(Cow::Owned(joined))
            }
            Type::String => Item::Text(Cow::Borrowed(decoder.str().map_err(|error| not_text(&error, start))?)),
            Type::StringIndef => {
                let mut joined = String::new();
                self.chunks(start, Type::String, |decoder| {
                    joined.push_str(decoder.str()?);
                    Ok(())
                })?;
                Item::Text(Cow::Owned(joined))
            }
            Type::Array | Type::ArrayIndef => {
                let count = decoder.array().map_err(fail)?;
                Item::Array(self.elements(count, depth, Self::item)?)
            }
            Type::Map | Type::MapIndef => {
                let count = decoder.map().map_err(fail)?;
                let pairs = self.elements(count, depth, |parser, depth| {
                    Ok((parser.item(depth)?, parser.item(depth)?))
                })?;
                check_keys(&pairs, start)?;
                Item::Map(pairs)
            }
            Type::Tag => {
                let tag = decoder.tag().map_err(fail)?.as_u64();
                self.budget.check_depth(depth + 1)?;
                Item::Tag(tag, Box::new(self.item(depth + 1)?))
            }
            Type::Bool => Item::Bool(decoder.bool().map_err(fail)?),
            Type::Null => {
                decoder.null().map_err(fail)?;
                Item::Null
            }
            Type::Undefined => {
                decoder.undefined().map_err(fail)?;
                Item::Undefined
            }
            Type::Simple => {
                let long = decoder.input()[start] == 0xf8;
                match decoder.simple().map_err(fail)? {
                    // RFC 8949 §3.3: values below 32 have no two-byte form.
                    value if long && value < 32 => return Err(CborError::Malformed { offset: start }),
                    value => Item::Simple(value),
                }
            }
            Type::F16 => {
                let bits = decoder.input().get(start + 1..start + 3);
                let bits = bits.ok_or(CborError::EndOfInput)?;
                decoder.set_position(start + 3);
                Item::Float(half_to_f64(u16::from_be_bytes([bits[0], bits[1]])))
            }
            Type::F32 => Item::Float(f64::from(decoder.f32().map_err(fail)?)),
            Type::F64 => Item::Float(decoder.f64().map_err(fail)?),
            Type::Break | Type::Unknown(_) => return Err(CborError::Malformed { offset: start }),
        })
    }

    /// The chunks of a string of indefinite length, which have definite lengths (RFC 8949 §3.2.3).
    fn chunks(
        &mut self,
        start: usize,
        kind: Type,
        mut take: impl FnMut(&mut Decoder<'a>) -> Result<(), Error>,
    ) -> Result<(), CborError> {
        self.decoder.set_position(start + 1);
        loop {
            match self.decoder.datatype().map_err(|error| failure(&error, start))? {
                Type::Break => break,
                found if found == kind => {
                    self.budget.spend_values(1)?;
                    take(&mut self.decoder).map_err(|error| not_text(&error, start))?;
                }
                _ => return Err(CborError::Malformed { offset: start }),
            }
        }
        self.decoder.set_position(self.decoder.position() + 1);
        Ok(())
    }

    /// The elements of an array or a map, up to their number or to the break.
    fn elements<T>(
        &mut self,
        count: Option<u64>,
        depth: usize,
        mut one: impl FnMut(&mut Self, usize) -> Result<T, CborError>,
    ) -> Result<Vec<T>, CborError> {
        self.budget.check_depth(depth + 1)?;
        let Some(count) = count else {
            let mut elements = Vec::new();
            loop {
                match self.decoder.input().get(self.decoder.position()) {
                    Some(0xff) => break,
                    Some(_) => elements.push(one(self, depth + 1)?),
                    None => return Err(CborError::EndOfInput),
                }
            }
            self.decoder.set_position(self.decoder.position() + 1);
            return Ok(elements);
        };
        let reserved = usize::try_from(count.min(RESERVED_AT_ONCE)).expect("a small number");
        let mut elements = Vec::with_capacity(reserved);
        for _ in 0..count {
            elements.push(one(self, depth + 1)?);
        }
        Ok(elements)
    }
}

fn failure(error: &Error, offset: usize) -> CborError {
    if error.is_end_of_input() {
        CborError::EndOfInput
    } else {
        CborError::Malformed { offset }
    }
}

/// A string whose head is in order can only end too early or not be UTF-8.
fn not_text(error: &Error, offset: usize) -> CborError {
    match failure(error, offset) {
        CborError::Malformed { offset } => CborError::Utf8 { offset },
        other => other,
    }
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
