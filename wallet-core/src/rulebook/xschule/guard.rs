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
    let mut at = 0;
    // For every open element, how many namespace declarations are in scope.
    let mut scopes: Vec<usize> = Vec::new();
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
            scopes.pop();
            memchr(b'>', rest).map(|end| end + 1)
        } else {
            let tag = scan_tag(rest).map_err(fail)?;
            if let Some(tag) = &tag {
                let inherited = scopes.last().copied().unwrap_or(0);
                // An element that declares a namespace gets a copy of all that are in scope.
                let copies = if tag.namespaces > 0 { inherited } else { 0 };
                let values = 1 + tag.attributes + copies;
                budget.spend_values(values).map_err(|e| fail(e.into()))?;
                budget.check_depth(scopes.len() + 1).map_err(|e| fail(e.into()))?;
                if !tag.empty {
                    scopes.push(inherited + tag.namespaces);
                }
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
    namespaces: usize,
    empty: bool,
}

fn scan_tag(bytes: &[u8]) -> Result<Option<Tag>, XSchuleError> {
    let (mut quote, mut attributes, mut namespaces) = (None, 0, 0);
    for (index, &byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'=') => {
                attributes += 1;
                namespaces += usize::from(declares_namespace(&bytes[..index]));
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
                    namespaces,
                    empty: bytes[index - 1] == b'/',
                }));
            }
            (None, _) => {}
        }
    }
    Ok(None)
}

/// Whether the text before a `=` ends in `xmlns` or `xmlns:…`.
fn declares_namespace(before: &[u8]) -> bool {
    let name = before.trim_ascii_end();
    let start = name
        .iter()
        .rposition(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\''));
    name[start.map_or(0, |at| at + 1)..].starts_with(b"xmlns")
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
