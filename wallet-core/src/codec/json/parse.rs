//! The strict parser: one pass, no recursion deeper than the budget, no allocation for a check.

use std::collections::HashSet;

use super::{Budget, Json, JsonError, Number, Object};

/// Above this many members a hash set looks for duplicates; below, comparing is faster.
const LINEAR: usize = 12;

pub(super) fn parse(text: &[u8], budget: &mut Budget) -> Result<Json, JsonError> {
    let mut parser = Parser::new(text, budget)?;
    let value = parser.value(1)?;
    parser.end()?;
    Ok(value)
}

/// Parses `["…", value]` or `["…", value, value]` and gives the values; the string in front is checked and not kept.
/// `None` for anything else that is JSON so far.
pub(super) fn parse_after_string(text: &[u8], budget: &mut Budget) -> Result<Option<(Json, Option<Json>)>, JsonError> {
    let mut parser = Parser::new(text, budget)?;
    parser.budget.spend_values(2)?;
    parser.budget.check_depth(1)?;
    if parser.peek() != Some(b'[') {
        return Ok(None);
    }
    parser.at += 1;
    if parser.peek() != Some(b'"') {
        return Ok(None);
    }
    parser.skip_string()?;
    if parser.peek() != Some(b',') {
        return Ok(None);
    }
    parser.at += 1;
    let first = parser.value(2)?;
    let second = match parser.peek() {
        Some(b',') => {
            parser.at += 1;
            Some(parser.value(2)?)
        }
        _ => None,
    };
    if parser.peek() != Some(b']') {
        return Ok(None);
    }
    parser.at += 1;
    parser.end()?;
    Ok(Some((first, second)))
}

/// Checks without keeping the value. Building it is the simplest check that cannot disagree with [`parse`].
pub(super) fn check(text: &[u8], budget: &mut Budget) -> Result<(), JsonError> {
    parse(text, budget).map(drop)
}

struct Parser<'a, 'b> {
    text: &'a str,
    at: usize,
    budget: &'b mut Budget,
}

impl<'a, 'b> Parser<'a, 'b> {
    fn new(bytes: &'a [u8], budget: &'b mut Budget) -> Result<Self, JsonError> {
        budget.spend_bytes(bytes.len())?;
        // RFC 8259 §8.1: UTF-8, and no byte order mark.
        let text = std::str::from_utf8(bytes).map_err(|error| JsonError::Syntax {
            offset: error.valid_up_to(),
            expected: "UTF-8",
        })?;
        Ok(Self { text, at: 0, budget })
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn fail<T>(&self, expected: &'static str) -> Result<T, JsonError> {
        Err(JsonError::Syntax {
            offset: self.at,
            expected,
        })
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes().get(self.at) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.space();
        self.bytes().get(self.at).copied()
    }

    fn end(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => self.fail("the end of the text"),
        }
    }

    fn word(&mut self, word: &'static str, value: Json) -> Result<Json, JsonError> {
        if self.bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            self.fail("a value")
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.budget.spend_values(1)?;
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => match self.plain_string() {
                Some(text) => Ok(Json::String(text.to_owned())),
                None => self.string().map(Json::String),
            },
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.fail("a value"),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.budget.check_depth(depth)?;
        self.at += 1;
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut offsets = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(Object(members)));
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.fail("a member name");
            }
            let offset = self.at;
            let name = match self.plain_string() {
                Some(name) => name.to_owned(),
                None => self.string()?,
            };
            if members.len() < LINEAR {
                if members.iter().any(|(other, _)| super::is_same(other, &name)) {
                    return Err(JsonError::Duplicate { offset });
                }
            } else {
                offsets.push(offset);
            }
            if self.peek() != Some(b':') {
                return self.fail("a colon");
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            members.push((name, value));
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return self.fail("a comma or a closing brace"),
            }
        }
        self.at += 1;
        if !offsets.is_empty() {
            let mut seen = HashSet::with_capacity(members.len());
            for (index, (name, _)) in members.iter().enumerate() {
                if !seen.insert(name.as_str()) {
                    return Err(JsonError::Duplicate {
                        offset: offsets[index - LINEAR],
                    });
                }
            }
        }
        Ok(Json::Object(Object(members)))
    }

    fn array(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.budget.check_depth(depth)?;
        self.at += 1;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            let item = self.value(depth + 1)?;
            if items.len() == items.capacity() {
                // Moving a list as it grows costs more than a little room: 4, 16, 64.
                items.reserve_exact(items.len() * 3 + usize::from(items.is_empty()) * 4);
            }
            items.push(item);
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return self.fail("a comma or a closing bracket"),
            }
        }
        self.at += 1;
        Ok(Json::Array(items))
    }

    // RFC 8259 §6.
    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        if self.bytes()[self.at] == b'-' {
            self.at += 1;
        }
        match self.bytes().get(self.at) {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return self.fail("a digit"),
        }
        if self.bytes().get(self.at) == Some(&b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes().get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes().get(self.at) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(Json::Number(Number(self.text[start..self.at].into())))
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.bytes().get(self.at) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        self.digits();
        if self.at == start { self.fail("a digit") } else { Ok(()) }
    }

    // RFC 8259 §7.
    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.bytes()[self.at..];
            let Some(run) = plain_run(rest) else {
                self.at = self.text.len();
                return self.fail("a closing quote");
            };
            let plain = &self.text[self.at..self.at + run];
            self.at += run;
            match rest[run] {
                b'"' => {
                    self.at += 1;
                    if out.is_empty() {
                        return Ok(plain.to_owned());
                    }
                    out.push_str(plain);
                    return Ok(out);
                }
                b'\\' => {
                    out.push_str(plain);
                    self.at += 1;
                    let character = self.escape()?;
                    out.push(character);
                }
                _ => return self.fail("an escaped control character"),
            }
        }
    }

    /// Past a string that is not kept.
    fn skip_string(&mut self) -> Result<(), JsonError> {
        match self.plain_string() {
            Some(_) => Ok(()),
            None => self.string().map(drop),
        }
    }

    /// A string without escapes, and past it; `None`, and nothing moves, for every other.
    fn plain_string(&mut self) -> Option<&'a str> {
        let start = self.at + 1;
        let end = start + plain_run(&self.bytes()[start..])?;
        if self.bytes()[end] != b'"' {
            return None;
        }
        self.at = end + 1;
        Some(&self.text[start..end])
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let Some(&byte) = self.bytes().get(self.at) else {
            return self.fail("an escape");
        };
        self.at += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex()?;
                match high {
                    0xD800..=0xDBFF => {
                        if !self.bytes()[self.at..].starts_with(b"\\u") {
                            return self.fail("the second half of a surrogate pair");
                        }
                        self.at += 2;
                        let low = self.hex()?;
                        if !(0xDC00..=0xDFFF).contains(&low) {
                            return self.fail("the second half of a surrogate pair");
                        }
                        let code = 0x10000 + ((u32::from(high) - 0xD800) << 10) + (u32::from(low) - 0xDC00);
                        char::from_u32(code).expect("a surrogate pair is a character")
                    }
                    0xDC00..=0xDFFF => return self.fail("the first half of a surrogate pair"),
                    _ => char::from_u32(high.into()).expect("not a surrogate"),
                }
            }
            _ => {
                self.at -= 1;
                return self.fail("an escape");
            }
        })
    }

    fn hex(&mut self) -> Result<u16, JsonError> {
        let digits = self.bytes().get(self.at..self.at + 4);
        let Some(digits) = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit)) else {
            return self.fail("four hexadecimal digits");
        };
        self.at += 4;
        Ok(digits.iter().fold(0, |code, &digit| {
            let value = (digit as char).to_digit(16).expect("checked to be hexadecimal");
            (code << 4) | u16::try_from(value).expect("a hexadecimal digit is below 16")
        }))
    }
}

/// How many bytes stand before the first quote, backslash or control character; `None` if there is none of them.
fn plain_run(text: &[u8]) -> Option<usize> {
    // Eight bytes at a time: in `x - 1` below zero the high bit of a byte is borrowed (Hacker's Delight §6-1). A
    // borrow spreads to later bytes only, so the first that is marked is right.
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGH;
    let equals = |word: u64, byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let marked = equals(word, b'"') | equals(word, b'\\') | below(word, 0x20);
        if marked != 0 {
            return Some(index * 8 + marked.trailing_zeros() as usize / 8);
        }
    }
    let found = rest
        .iter()
        .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20)?;
    Some(words.len() * 8 + found)
}
