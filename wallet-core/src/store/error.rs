//! Why a store refused.

use std::fmt;

/// What went wrong in a store or a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// A record was altered, moved, removed or put back to an older state.
    Altered,
    /// Another process, or another part of this one, has the store open.
    Busy,
    /// There is no such file, or it may not be read and written.
    CannotOpen,
    /// Stretching the passphrase would cost more, or less, than is allowed.
    CostOutOfRange {
        /// Memory in KiB that was asked for.
        memory: u32,
        /// Passes that were asked for.
        passes: u32,
    },
    /// The file is damaged: truncated or overwritten.
    Damaged,
    /// The passphrase is empty.
    EmptyPassphrase,
    /// There is a store already where one was to be created.
    Exists,
    /// The disk is full.
    Full,
    /// The disk failed; the number is `SQLite`'s extended result code.
    Io(i32),
    /// A newer release wrote it.
    NewerVersion {
        /// The version of its layout.
        found: u32,
        /// The newest that this release knows.
        supported: u32,
    },
    /// The file is no store, or holds tables that no release of this project made.
    NotAStore,
    /// The bytes are no backup.
    NotABackup,
    /// A record is larger than a store takes.
    TooLarge {
        /// Its size in bytes.
        required: usize,
        /// The largest size in bytes.
        allowed: usize,
    },
    /// The key or passphrase does not fit.
    WrongKey,
}

impl StoreError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Altered => "store.altered",
            Self::Busy => "store.busy",
            Self::CannotOpen => "store.cannot_open",
            Self::CostOutOfRange { .. } => "store.cost_out_of_range",
            Self::Damaged => "store.damaged",
            Self::EmptyPassphrase => "store.empty_passphrase",
            Self::Exists => "store.exists",
            Self::Full => "store.full",
            Self::Io(_) => "store.io",
            Self::NewerVersion { .. } => "store.newer_version",
            Self::NotAStore => "store.not_a_store",
            Self::NotABackup => "store.not_a_backup",
            Self::TooLarge { .. } => "store.too_large",
            Self::WrongKey => "store.wrong_key",
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered => f.write_str("a record was altered, moved, removed or put back to an older state"),
            Self::Busy => f.write_str("the store is open elsewhere"),
            Self::CannotOpen => f.write_str("there is no store, or it may not be read and written"),
            Self::CostOutOfRange { memory, passes } => write!(
                f,
                "stretching the passphrase would take {memory} KiB and {passes} passes, which is out of range"
            ),
            Self::Damaged => f.write_str("the store is damaged: truncated or overwritten"),
            Self::EmptyPassphrase => f.write_str("the passphrase is empty"),
            Self::Exists => f.write_str("there is a store already"),
            Self::Full => f.write_str("the disk is full"),
            Self::Io(code) => write!(f, "the disk failed (SQLite code {code})"),
            Self::NewerVersion { found, supported } => {
                write!(
                    f,
                    "written by a newer release: version {found}, this one knows {supported}"
                )
            }
            Self::NotAStore => f.write_str("the file is no store of this kind"),
            Self::NotABackup => f.write_str("the bytes are no backup of a store"),
            Self::TooLarge { required, allowed } => {
                write!(f, "a record has {required} bytes, {allowed} are allowed")
            }
            Self::WrongKey => f.write_str("the key or passphrase does not fit"),
        }
    }
}

impl std::error::Error for StoreError {}
