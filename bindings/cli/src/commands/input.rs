//! Reading what the user names: files with limits, credentials one a line, keys, passphrases.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use wallet_core::codec::{Budget, Json, base64url};
use wallet_core::crypto::{AgreementKey, SigningKey};
use wallet_core::time::Timestamp;
use zeroize::Zeroizing;

use crate::report::Failure;

/// No single credential, message or key is larger.
const FILE_LIMIT: u64 = 32 << 20;
/// A line longer than any credential ends the run: the file is not what it says.
const LINE_LIMIT: u64 = 8 << 20;
/// Text is wrapped at 64 to 72 characters in the RFCs; no whole credential is that short.
const WRAPPED: usize = 80;

/// Reads a whole file, or standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let result = if path == Path::new("-") {
        io::stdin().lock().take(FILE_LIMIT + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(FILE_LIMIT + 1).read_to_end(&mut bytes))
    };
    result.map_err(|error| Failure::file(path, &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_LIMIT {
        return Err(Failure::usage(
            "file.too_large",
            format!("{} is not read", path.display()),
            format!("it is larger than {FILE_LIMIT} bytes"),
            "check that it is the right file",
        ));
    }
    Ok(bytes)
}

/// Reads a file of text.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read(path)?).map_err(|_| not_text(path))
}

fn not_text(path: &Path) -> Failure {
    Failure::usage(
        "file.not_text",
        format!("{} is not read", path.display()),
        "it is not UTF-8 text",
        "check that it is the right file",
    )
}

/// Reads one credential, text or bytes: white space is dropped from text unless it is JSON.
pub(crate) fn read_credential(path: &Path) -> Result<Vec<u8>, Failure> {
    whole(read(path)?).ok_or_else(|| not_text(path))
}

/// Reads a file of JSON.
pub(crate) fn read_json(path: &Path) -> Result<Json, Failure> {
    Json::parse(read(path)?, &mut Budget::default()).map_err(|error| {
        Failure::usage(
            error.code(),
            format!("{} is not read", path.display()),
            error,
            "check that it is a JSON file",
        )
    })
}

/// Reads a private key: PKCS #8 in PEM, or a JWK.
pub(crate) fn read_key(path: &Path) -> Result<SigningKey, Failure> {
    let text = Zeroizing::new(read_text(path)?);
    let bad = |why: &str| {
        Failure::usage(
            "key",
            format!("the key in {} is not used", path.display()),
            why,
            "give a P-256 or P-384 key as unencrypted PKCS #8 PEM, or a private JWK; `mappe keys new` makes one",
        )
    };
    if text.trim_start().starts_with('{') {
        let jwk = Json::parse(text.as_bytes(), &mut Budget::default()).map_err(|error| bad(&error.to_string()))?;
        return SigningKey::from_private_jwk(&jwk).map_err(|error| bad(&error.to_string()));
    }
    SigningKey::from_pkcs8_pem(&text).map_err(|error| bad(&error.to_string()))
}

/// Reads a private key for key agreement: PKCS #8 in PEM, or a JWK.
pub(crate) fn read_agreement_key(path: &Path) -> Result<AgreementKey, Failure> {
    let key = read_key(path)?;
    AgreementKey::from_bytes_on(key.curve(), &key.to_bytes()).map_err(|_| {
        Failure::usage(
            "key",
            format!("the key in {} is not used", path.display()),
            "keys of its kind agree on nothing",
            "give the reader's private key on an elliptic curve of NIST or Brainpool",
        )
    })
}

/// Reads a binary file that may be written as text: in hexadecimal digits or base64url.
pub(crate) fn read_binary(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read(path)?;
    Ok(binary(&bytes).unwrap_or(bytes))
}

/// The CBOR map that a credential is, as bytes or written as text; `None` if it is none.
pub(crate) fn cbor(content: &[u8]) -> Option<Vec<u8>> {
    match is_map(content) {
        true => Some(content.to_vec()),
        false => binary(content).filter(|bytes| is_map(bytes)),
    }
}

/// Text in hexadecimal digits or base64url as bytes.
fn binary(content: &[u8]) -> Option<Vec<u8>> {
    let text: String = std::str::from_utf8(content).ok()?.split_whitespace().collect();
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let is_hex = text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match is_hex {
        true => text.as_bytes().chunks(2).map(digits).collect(),
        false => base64url::decode(&text).ok(),
    }
}

/// Reads a passphrase from the file, or asks the terminal; `repeat` asks twice.
pub(crate) fn passphrase(file: Option<&Path>, repeat: bool) -> Result<Zeroizing<String>, Failure> {
    let refused = |why: &str| {
        Failure::usage(
            "passphrase",
            "the wallet stays closed",
            why,
            "give the passphrase with --passphrase-file FILE, or run in a terminal",
        )
    };
    let given = match file {
        Some(path) => Zeroizing::new(
            Zeroizing::new(read_text(path)?)
                .trim_end_matches(['\r', '\n'])
                .to_owned(),
        ),
        None if io::stdin().is_terminal() => {
            let ask = |prompt: &str| {
                rpassword::prompt_password(prompt)
                    .map(Zeroizing::new)
                    .map_err(|_| refused("the terminal cannot be read"))
            };
            let first = ask("Passphrase: ")?;
            if repeat && *ask("Again: ")? != *first {
                return Err(refused("the two passphrases differ"));
            }
            first
        }
        None => return Err(refused("there is no passphrase file and no terminal to ask")),
    };
    if given.is_empty() {
        return Err(refused("the passphrase is empty"));
    }
    Ok(given)
}

/// The time of `--at`, or now.
pub(crate) fn at(text: Option<&str>) -> Result<Timestamp, Failure> {
    match text {
        None => Ok(wallet_server::now()),
        Some(text) => Timestamp::parse(text).map_err(|error| {
            Failure::usage(
                "time",
                format!("--at {text} is not a time"),
                error,
                "write it like 2026-07-05T12:00:00Z",
            )
        }),
    }
}

/// One credential to be checked, and where it came from.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) source: String,
    /// Text, or the bytes of a binary format.
    pub(crate) content: Vec<u8>,
}

impl Item {
    /// The content as text; what is not UTF-8 is no text credential, and is said so where it is parsed.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.content)
    }
}

/// The credentials of several files, read as they are asked for: memory does not grow with the number of lines.
pub(crate) struct Items {
    files: std::vec::IntoIter<PathBuf>,
    lines: Option<Lines>,
}

struct Lines {
    name: String,
    reader: Box<dyn BufRead + Send>,
    number: usize,
}

impl Items {
    pub(crate) fn new(files: Vec<PathBuf>) -> Self {
        Self {
            files: files.into_iter(),
            lines: None,
        }
    }

    /// The next credential, or `None` at the end of the last file.
    pub(crate) fn next(&mut self) -> Result<Option<Item>, Failure> {
        loop {
            if let Some(lines) = &mut self.lines {
                if let Some(item) = lines.next()? {
                    return Ok(Some(item));
                }
                self.lines = None;
            }
            let Some(path) = self.files.next() else { return Ok(None) };
            let of_lines = path
                .extension()
                .is_some_and(|extension| extension == "jsonl" || extension == "txt");
            let name = path.display().to_string();
            if path != Path::new("-") && !of_lines {
                return Ok(Some(Item {
                    source: name,
                    content: read_credential(&path)?,
                }));
            }
            let mut reader: Box<dyn BufRead + Send> = if path == Path::new("-") {
                Box::new(BufReader::new(io::stdin()))
            } else {
                Box::new(BufReader::with_capacity(
                    1 << 18,
                    File::open(&path).map_err(|error| Failure::file(&path, &error))?,
                ))
            };
            if is_one(&mut *reader).map_err(|error| Failure::file(&path, &error))? {
                let mut content = Vec::new();
                reader
                    .take(FILE_LIMIT)
                    .read_to_end(&mut content)
                    .map_err(|error| Failure::file(&path, &error))?;
                return Ok(Some(Item {
                    source: name,
                    content: whole(content).ok_or_else(|| not_text(&path))?,
                }));
            }
            self.lines = Some(Lines {
                name,
                reader,
                number: 0,
            });
        }
    }
}

impl Lines {
    fn next(&mut self) -> Result<Option<Item>, Failure> {
        loop {
            let mut line = Vec::new();
            let read = (&mut self.reader).take(LINE_LIMIT + 1).read_until(b'\n', &mut line);
            let read = read.map_err(|error| Failure::file(Path::new(&self.name), &error))?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            let source = format!("{}:{}", self.name, self.number);
            if u64::try_from(read).unwrap_or(u64::MAX) > LINE_LIMIT {
                return Err(Failure::usage(
                    "file.line_too_long",
                    format!("{source} is not read"),
                    format!("the line is longer than {LINE_LIMIT} bytes"),
                    "put one credential on each line",
                ));
            }
            // What is not UTF-8 is no credential; the check says so.
            let text = String::from_utf8_lossy(&line);
            let text = without_mark(&text).trim();
            if text.is_empty() {
                continue;
            }
            return Ok(Some(Item {
                source,
                content: quoted(text).unwrap_or_else(|| text.to_owned()).into_bytes(),
            }));
        }
    }
}

/// Whether all of it is one credential: binary, JSON over several lines, or wrapped as in the RFCs.
fn is_one(reader: &mut dyn BufRead) -> io::Result<bool> {
    let start = reader.fill_buf()?;
    if is_map(start) {
        return Ok(true);
    }
    let start = &start[start.iter().take_while(|byte| byte.is_ascii_whitespace()).count()..];
    let end = start.iter().position(|byte| *byte == b'\n').unwrap_or(start.len());
    let (first, rest) = start.split_at(end);
    let rest_is_blank = rest.iter().all(u8::is_ascii_whitespace);
    let opens_json = first.starts_with(b"{") && Json::parse(first, &mut Budget::default()).is_err();
    let wrapped = first.len() <= WRAPPED && !rest_is_blank && !first.contains(&b'~') && !first.starts_with(b"\"");
    Ok(opens_json || wrapped)
}

/// A whole file: a CBOR map and JSON as they are, anything else without white space; `None` if it is neither of them
/// nor text.
fn whole(content: Vec<u8>) -> Option<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(&content) else {
        return is_map(&content).then_some(content);
    };
    let text = without_mark(text).trim();
    let text = if text.starts_with('{') || text.starts_with('[') {
        unfolded(text)
    } else {
        quoted(text).unwrap_or_else(|| text.split_whitespace().collect())
    };
    Some(text.into_bytes())
}

/// CBOR major type 5; no text begins so.
fn is_map(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|byte| byte >> 5 == 5)
}

/// The text without the byte order mark that some editors put first.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// JSON as it is or, where only that makes it JSON, without the line breaks inside its strings: RFC 9901 prints long
/// values so. What is signed is base64url, and says itself whether the right text came out.
fn unfolded(text: &str) -> String {
    let is_json = |text: &str| Json::parse(text, &mut Budget::default()).is_ok();
    if !is_json(text) {
        let joined: String = text.lines().map(str::trim_start).collect();
        if is_json(&joined) {
            return joined;
        }
    }
    text.to_owned()
}

/// The content of a JSON string, as `.jsonl` files hold it.
fn quoted(text: &str) -> Option<String> {
    if !text.starts_with('"') {
        return None;
    }
    match Json::parse(text, &mut Budget::default()) {
        Ok(Json::String(inner)) => Some(inner),
        _ => None,
    }
}
