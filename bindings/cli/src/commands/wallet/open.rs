//! Opening the wallet of a folder, with everything a flow needs.

use std::io;
use std::path::{Path, PathBuf};

use wallet_core::http::LinkPolicy;
use wallet_core::keys::SigningRequest;
use wallet_core::store::{SqliteStore, Store, StoreError, Unlock};
use wallet_core::time::Timestamp;
use wallet_core::trust::{Environment, TrustStore};
use wallet_core::wallet::{CopyRef, KeyStore as _, Wallet, WalletError};
use wallet_server::{Client, SystemRandom, now};

use crate::args::WalletArgs;
use crate::commands::input;
use crate::commands::trust::{Anchors, home};
use crate::report::Failure;

/// A wallet that is open.
pub(crate) struct OpenWallet {
    pub(crate) dir: PathBuf,
    pub(crate) wallet: Wallet,
    pub(crate) trust: TrustStore,
    pub(crate) client: Client,
    pub(crate) links: LinkPolicy,
    pub(crate) json: bool,
}

const FILE: &str = "wallet.db";

impl OpenWallet {
    /// Makes a wallet; in development mode it is one for tests, for ever (lessons S36).
    pub(crate) fn create(args: &WalletArgs) -> Result<Self, Failure> {
        let dir = home(args.dir.as_deref())?;
        let path = dir.join(FILE);
        if path.exists() {
            return Err(Failure::new(
                "wallet.exists",
                "no wallet was made",
                format!("there is one in {}", dir.display()),
                "choose another folder with --dir",
            ));
        }
        let passphrase = input::passphrase(args.passphrase_file.as_deref(), true)?;
        let environment = if args.dev {
            Environment::Test
        } else {
            Environment::Production
        };
        wallet_server::create_private_folder(&dir).map_err(|error| Failure::file(&dir, &error))?;
        Anchors::open_or_new(&dir, environment)?.save()?;
        let random = &mut SystemRandom::new();
        let store = SqliteStore::create(&path, &Unlock::passphrase(passphrase), random).map_err(store_failed)?;
        keep_private(&path).map_err(|error| Failure::file(&path, &error))?;
        let wallet =
            Wallet::create(Box::new(store), environment, now(), random).map_err(failed("no wallet was made"))?;
        Self::join(args, dir, wallet)
    }

    /// Opens a wallet.
    pub(crate) fn open(args: &WalletArgs) -> Result<Self, Failure> {
        let dir = home(args.dir.as_deref())?;
        let path = dir.join(FILE);
        if !path.exists() {
            return Err(Failure::usage(
                "wallet.missing",
                "the wallet is not opened",
                format!("there is none in {}", dir.display()),
                "make one with `mappe wallet init`, or name its folder with --dir",
            ));
        }
        let passphrase = input::passphrase(args.passphrase_file.as_deref(), false)?;
        let store: Box<dyn Store> =
            Box::new(SqliteStore::open(&path, &Unlock::passphrase(passphrase)).map_err(store_failed)?);
        let wallet = Wallet::open(store).map_err(failed("the wallet is not opened"))?;
        Self::join(args, dir, wallet)
    }

    fn join(args: &WalletArgs, dir: PathBuf, wallet: Wallet) -> Result<Self, Failure> {
        if args.dev && wallet.environment() == Environment::Production {
            return Err(Failure::usage(
                "wallet.environment",
                "the wallet is not opened",
                "it is one for production, and --dev is for tests",
                "leave --dev out, or make a test wallet with `mappe wallet --dev init` in another folder",
            ));
        }
        let anchors = Anchors::open_or_new(&dir, wallet.environment())?;
        let trust = anchors.store()?;
        if trust.environment() != wallet.environment() {
            return Err(Failure::usage(
                "trust.environment_mixed",
                "the wallet is not opened",
                format!(
                    "the wallet is for {}, its anchors are for {}",
                    wallet.environment().name(),
                    trust.environment().name()
                ),
                "remove the folder `trust` in the wallet's folder and add the right anchors",
            ));
        }
        let links = if args.dev {
            LinkPolicy::LoopbackHttp
        } else {
            LinkPolicy::HttpsOnly
        };
        Ok(Self {
            dir,
            wallet,
            trust,
            client: Client::new(links),
            links,
            json: args.json,
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        now()
    }

    /// Makes the signatures of one confirmation with the keys in the wallet.
    pub(crate) fn sign(&mut self, requests: &[SigningRequest]) -> Result<Vec<Vec<u8>>, Failure> {
        self.wallet.software_keys().sign(requests).map_err(|error| {
            Failure::new(
                error.code(),
                "nothing was signed",
                error,
                "check the wallet's folder and the disk",
            )
        })
    }
}

/// A copy by the name of its holding, as `mappe wallet list` shows it.
pub(crate) fn holding_of(copy: &str) -> String {
    CopyRef::parse(copy).map_or_else(|| copy.to_owned(), |copy| copy.holding().to_string())
}

/// Lets nobody but its owner read a file; the files that SQLite puts beside it follow it.
fn keep_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// A failure of the wallet in doing something.
pub(crate) fn failed(what: &'static str) -> impl Fn(WalletError) -> Failure {
    move |error| {
        let remedy = match &error {
            WalletError::NoCopyLeft => "collect new copies from the issuer with `mappe wallet receive`",
            WalletError::NewerVersion { .. } => "use the newer version of this program",
            _ => "check the wallet's folder; a backup can be restored",
        };
        Failure::new(error.code(), what, &error, remedy)
    }
}

fn store_failed(error: StoreError) -> Failure {
    let remedy = match &error {
        StoreError::WrongKey => "check the passphrase",
        StoreError::Busy => "close the other program that has the wallet open",
        _ => "check the wallet's folder and the disk",
    };
    Failure::new(error.code(), "the wallet is not opened", error, remedy)
}
