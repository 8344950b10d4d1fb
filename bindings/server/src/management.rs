//! The bearer token of the management calls (RFC 6750 §2.1), kept in a file that only its owner reads.

use std::fmt;
use std::io;
use std::path::Path;

use wallet_core::crypto::{random_token, same_secret};
use zeroize::Zeroizing;

use crate::platform::{SystemRandom, write_private};

/// The token that management calls carry.
pub struct ManagementToken(Zeroizing<String>);

impl ManagementToken {
    /// Reads the token from `path`, or draws one and writes it there with mode 0600.
    ///
    /// # Errors
    /// Also if others may read the file: then the token is no secret.
    pub fn load_or_create(path: &Path) -> io::Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let token = Zeroizing::new(text);
                refuse_shared(path)?;
                if token.trim().len() < 32 {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "the management token is too short; delete the file to get a new one",
                    ));
                }
                Ok(Self(Zeroizing::new(token.trim().to_owned())))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let token = Zeroizing::new(random_token(&mut SystemRandom::new()));
                write_private(path, format!("{}\n", *token).as_bytes())?;
                Ok(Self(token))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether an `Authorization` header carries this token.
    pub fn admits(&self, authorization: Option<&str>) -> bool {
        let given = authorization.and_then(|value| value.split_once(' '));
        given.is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer") && same_secret(token.trim(), &**self.0)
        })
    }

    /// The token, for a caller in the same process.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ManagementToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManagementToken(redacted)")
    }
}

#[cfg(unix)]
fn refuse_shared(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        "others may read the management token; run chmod 600 on the file",
    ))
}

#[cfg(not(unix))]
fn refuse_shared(_path: &Path) -> io::Result<()> {
    Ok(())
}
