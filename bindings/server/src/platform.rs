//! What the operating system gives: the time, randomness, files that only the owner reads.

use std::io::{self, Write as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use wallet_core::crypto::{Random, random_bytes};
use wallet_core::time::Timestamp;
use zeroize::Zeroizing;

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemRandom;

impl SystemRandom {
    /// The source.
    pub fn new() -> Self {
        Self
    }
}

impl Random for SystemRandom {
    /// # Panics
    /// If the operating system has no randomness to give: nothing safe can be done then.
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out).expect("the operating system provides randomness");
    }
}

/// The system clock's time.
pub fn now() -> Timestamp {
    let seconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    };
    Timestamp::from_unix(seconds)
}

/// Writes a file that only its owner may read, in one step: an existing file is replaced, never half written.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)
}

/// Reads the key from the file at `path`, or draws one and writes it there with mode 0600.
pub(crate) fn load_or_create_key(path: &Path) -> io::Result<Zeroizing<[u8; 32]>> {
    match std::fs::read(path) {
        Ok(bytes) => {
            let bytes = Zeroizing::new(bytes);
            let key = <[u8; 32]>::try_from(bytes.as_slice());
            let short = |_| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the key in the data folder is not 32 bytes long",
                )
            };
            key.map(Zeroizing::new).map_err(short)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = Zeroizing::new(random_bytes::<32>(&mut SystemRandom::new()));
            write_private(path, key.as_slice())?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

/// Makes a folder that only its owner may enter; one that is there already stays as it is.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
