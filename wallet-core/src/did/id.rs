//! The syntax of identifiers and of URLs made of them (DID Core 1.0 §3).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::DidError;

/// Identifiers that carry a key have a few hundred characters; those that carry their first document (did:ion,
/// did:peer) up to about three thousand.
const LONGEST: usize = 4096;

/// A decentralised identifier, as written: two are the same when their texts are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Did {
    text: String,
    /// Where the method-specific part begins.
    specific: usize,
}

impl Did {
    /// Parses an identifier without path, query or fragment (DID Core 1.0 §3.1).
    pub fn parse(text: &str) -> Result<Self, DidError> {
        if text.len() > LONGEST {
            return Err(DidError::TooLong {
                length: text.len(),
                limit: LONGEST,
            });
        }
        let rest = text.strip_prefix("did:").ok_or(DidError::Syntax)?;
        let (method, specific) = rest.split_once(':').ok_or(DidError::Syntax)?;
        let named = !method.is_empty()
            && method
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if !named || specific.is_empty() || specific.ends_with(':') || !is_specific(specific) {
            return Err(DidError::Syntax);
        }
        Ok(Self {
            text: text.to_owned(),
            specific: text.len() - specific.len(),
        })
    }

    /// The identifier as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name of its method, such as `web`.
    pub fn method(&self) -> &str {
        &self.text[4..self.specific - 1]
    }

    /// What follows the method.
    pub fn specific_id(&self) -> &str {
        &self.text[self.specific..]
    }

    /// The URL of a thing in its document.
    pub(super) fn with_fragment(&self, fragment: &str) -> String {
        format!("{}#{fragment}", self.text)
    }
}

/// `idchar` and colons: letters, digits, `.`, `-`, `_` and percent-encoded bytes.
fn is_specific(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_hex = |position: usize| bytes.get(position).is_some_and(u8::is_ascii_hexdigit);
    bytes.iter().enumerate().all(|(position, byte)| match byte {
        b'.' | b'-' | b'_' | b':' => true,
        b'%' => is_hex(position + 1) && is_hex(position + 2),
        byte => byte.is_ascii_alphanumeric(),
    })
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Did {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Did {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A URL under a decentralised identifier, as written (DID Core 1.0 §3.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DidUrl {
    did: Did,
    text: String,
}

impl DidUrl {
    /// Parses an absolute URL; a relative one has no identifier to be resolved against.
    pub fn parse(text: &str) -> Result<Self, DidError> {
        if text.len() > 2 * LONGEST {
            return Err(DidError::TooLong {
                length: text.len(),
                limit: 2 * LONGEST,
            });
        }
        let end = text.find(['/', '?', '#']).unwrap_or(text.len());
        let (did, rest) = text.split_at(end);
        if !is_url_text(rest) {
            return Err(DidError::Syntax);
        }
        Ok(Self {
            did: Did::parse(did)?,
            text: text.to_owned(),
        })
    }

    /// The identifier.
    pub fn did(&self) -> &Did {
        &self.did
    }

    /// The URL as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What follows `#`.
    pub fn fragment(&self) -> Option<&str> {
        self.text.split_once('#').map(|(_, fragment)| fragment)
    }
}

impl fmt::Display for DidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Characters of a path, a query and at most one fragment (RFC 3986 §3.3 to §3.5).
pub(super) fn is_url_text(text: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_graphic()
            && !matches!(
                byte,
                b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | b'[' | b']'
            )
    };
    text.bytes().all(plain) && text.bytes().filter(|byte| *byte == b'#').count() <= 1
}
