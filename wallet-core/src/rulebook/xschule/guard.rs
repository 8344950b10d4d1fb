//! Bounds a message before the XML parser sees it: size, depth, attributes, no DTD.
//!
//! The parser compares every attribute of an element with all others and copies namespace declarations
//! down the tree, so both are bounded here, in one pass without recursion.

use memchr::{memchr, memmem};

use super::error::{Rule, XSchuleError};
use crate::codec::{Budget, BudgetExceeded, Limit};

/// The roots of the published samples carry eight attributes and declarations; other elements two.
const MAX_ATTRIBUTES: usize = 64;

/// Checks the bounds and gives the text without its byte order mark.
pub(super) fn guard<'a>(bytes: &'a [u8], budget: &mut Budget) -> Result<&'a str, XSchuleError> {
    budget.spend_bytes(bytes.len())?;
    let text = std::str::from_utf8(bytes).map_err(|_| XSchuleError::new(Rule::Encoding))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    check_declaration(text)?;
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(found) = memchr(b'<', &bytes[at..]) {
        let start = at + found;
        let rest = &bytes[start..];
        let fail = |error: XSchuleError| {
            let (line, column) = position(text, start);
            error.at(line, column)
        };
        let end = if rest.starts_with(b"<!--") {
            memmem::find(&rest[4..], b"-->").map(|end| end + 7)
        } else if rest.starts_with(b"<![CDATA[") {
            memmem::find(rest, b"]]>").map(|end| end + 3)
        } else if rest.starts_with(b"<!") {
            return Err(fail(XSchuleError::new(Rule::Doctype)));
        } else if rest.starts_with(b"<?") {
            memmem::find(rest, b"?>").map(|end| end + 2)
        } else if rest.starts_with(b"</") {
            depth = depth.saturating_sub(1);
            memchr(b'>', rest).map(|end| end + 1)
        } else {
            let tag = scan_tag(rest).map_err(fail)?;
            if let Some(tag) = &tag {
                budget.spend_values(1 + tag.attributes).map_err(|e| fail(e.into()))?;
                budget.check_depth(depth + 1).map_err(|e| fail(e.into()))?;
                depth += usize::from(!tag.empty);
            }
            tag.map(|tag| tag.length)
        };
        // Something never ends: the parser says what.
        let Some(end) = end else { break };
        at = start + end;
    }
    Ok(text)
}

struct Tag {
    length: usize,
    attributes: usize,
    empty: bool,
}

fn scan_tag(bytes: &[u8]) -> Result<Option<Tag>, XSchuleError> {
    let (mut quote, mut attributes) = (None, 0);
    for (index, &byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'=') => {
                attributes += 1;
                if attributes > MAX_ATTRIBUTES {
                    return Err(XSchuleError::from(BudgetExceeded {
                        what: Limit::Values,
                        required: attributes,
                        allowed: MAX_ATTRIBUTES,
                    }));
                }
            }
            (None, b'>') => {
                return Ok(Some(Tag {
                    length: index + 1,
                    attributes,
                    empty: bytes[index - 1] == b'/',
                }));
            }
            (None, _) => {}
        }
    }
    Ok(None)
}

/// XÖV framework: messages are UTF-8. The parser ignores what the declaration says, so it is checked here.
fn check_declaration(text: &str) -> Result<(), XSchuleError> {
    let Some(declaration) = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) else {
        return Ok(());
    };
    let Some((_, value)) = declaration.0.split_once("encoding") else {
        return Ok(());
    };
    let name = value.trim_start_matches([' ', '\t', '\r', '\n', '=', '"', '\'']);
    let name = name.split(['"', '\'']).next().unwrap_or_default();
    if name.eq_ignore_ascii_case("utf-8") {
        Ok(())
    } else {
        Err(XSchuleError::new(Rule::Encoding).at(1, 1))
    }
}

fn position(text: &str, offset: usize) -> (u32, u32) {
    let before = &text[..offset];
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    (number(line), number(column))
}
