//! What the command line takes.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Verifies, holds, issues and serves digital credentials: ID, school reports, certificates.
#[derive(Debug, Parser)]
#[command(name = "mappe", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the whole story on this machine: school, wallet, university
    Demo(DemoArgs),
    /// Checks credentials; exit 0 all accepted, 1 any refused, 2 any undetermined, 64 usage
    Verify(VerifyArgs),
    /// Shows what a credential holds, UNVERIFIED
    Inspect(InspectArgs),
    /// Answers a DCQL query from credentials and says why others do not fit
    Dcql(DcqlArgs),
    /// Makes keys and development certificates
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Manages whom a wallet or a verifier trusts
    #[command(subcommand)]
    Trust(TrustCommand),
    /// The citizen's wallet
    Wallet(WalletArgs),
    /// Asks a wallet in person (ISO 18013-5) and judges what it shows; exit codes as verify
    Reader(ReaderArgs),
    /// Issues credentials without a server
    #[command(subcommand)]
    Issue(IssueCommand),
    /// Serves an authority or a university
    #[command(subcommand)]
    Serve(ServeCommand),
    /// Prints a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Prints the manual page
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Keeps all artefacts in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Prints one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// By content
    Auto,
    /// SD-JWT VC
    #[value(name = "dc+sd-jwt")]
    DcSdJwt,
    /// What an mdoc of ISO 18013-5 is presented in
    #[value(name = "device-response")]
    DeviceResponse,
    /// An mdoc of ISO 18013-5 at rest (`IssuerSigned`)
    #[value(name = "mdoc", alias = "mso_mdoc")]
    Mdoc,
    /// Any SD-JWT of RFC 9901
    #[value(name = "sd-jwt")]
    SdJwt,
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("asker").multiple(true))]
pub(crate) struct VerifyArgs {
    /// Trusts a certificate (PEM, DER), a JWK, a JWK set, or a trust pack; may be given several times
    #[arg(long, value_name = "PATH")]
    pub(crate) trust: Vec<PathBuf>,
    /// The public key or certificate that signed a trust pack file
    #[arg(long = "trust-signer", value_name = "FILE")]
    pub(crate) trust_signer: Option<PathBuf>,
    /// Judges at this time instead of now (RFC 3339)
    #[arg(long, value_name = "RFC3339")]
    pub(crate) at: Option<String>,
    /// The nonce that the holder had to sign; needs --audience or --origin
    #[arg(long, requires = "asker")]
    pub(crate) nonce: Option<String>,
    /// The audience that the holder had to sign: the verifier's client identifier; needs --nonce
    #[arg(long, requires = "nonce", group = "asker")]
    pub(crate) audience: Option<String>,
    /// Where the wallet sent the answer, which an mdoc presented by redirect covers
    #[arg(long, value_name = "URL", requires = "audience")]
    pub(crate) response_uri: Option<String>,
    /// The origin of the page that asked through the Digital Credentials API; needs --nonce
    #[arg(long, requires = "nonce", group = "asker", conflicts_with = "response_uri")]
    pub(crate) origin: Option<String>,
    /// The RFC 7638 thumbprint (base64url) of the key that the answer was encrypted to, which an mdoc covers
    #[arg(long, value_name = "THUMBPRINT", requires = "nonce")]
    pub(crate) jwk_thumbprint: Option<String>,
    /// The session transcript that the device of an mdoc signed: CBOR, as bytes, base64url or hexadecimal
    #[arg(long, value_name = "FILE", conflicts_with_all = ["response_uri", "origin", "jwk_thumbprint"])]
    pub(crate) session_transcript: Option<PathBuf>,
    /// The reader's private key of the session, where the device of an mdoc made a MAC
    #[arg(long, value_name = "FILE")]
    pub(crate) reader_key: Option<PathBuf>,
    /// The format
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) format: FormatArg,
    /// Takes the status list of a URL from a file
    #[arg(long, value_name = "URL=FILE")]
    pub(crate) status: Vec<String>,
    /// Fetches nothing
    #[arg(long)]
    pub(crate) offline: bool,
    /// Development mode: plain HTTP to this machine is allowed
    #[arg(long)]
    pub(crate) dev: bool,
    /// How many checks run at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: u16,
    /// Prints one JSON line an item
    #[arg(long)]
    pub(crate) json: bool,
    /// Credentials, as text or as bytes; a .jsonl or .txt file holds one a line, `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ReaderArgs {
    /// What is asked for: a DCQL query for mso_mdoc, or {"docType": …, "nameSpaces": {NAMESPACE: {ELEMENT: RETAIN}}}
    #[arg(long, value_name = "FILE")]
    pub(crate) request: PathBuf,
    /// The text of the wallet's QR code; `-` reads it from standard input
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) engagement: String,
    /// The reader's private key: PEM (PKCS #8) or JWK
    #[arg(long, value_name = "K")]
    pub(crate) key: PathBuf,
    /// The reader's certificate chain in PEM, leaf first
    #[arg(long, value_name = "C")]
    pub(crate) cert: PathBuf,
    /// Trusts an issuer: certificate (PEM, DER) or trust pack; without it, the anchors of the user's own folder
    #[arg(long, value_name = "PATH")]
    pub(crate) trust: Vec<PathBuf>,
    /// The public key or certificate that signed a trust pack file
    #[arg(long = "trust-signer", value_name = "FILE")]
    pub(crate) trust_signer: Option<PathBuf>,
    /// Judges at this time instead of now (RFC 3339)
    #[arg(long, value_name = "RFC3339")]
    pub(crate) at: Option<String>,
    /// Fetches no status lists
    #[arg(long)]
    pub(crate) offline: bool,
    /// Development mode: plain HTTP to this machine is allowed
    #[arg(long)]
    pub(crate) dev: bool,
    /// Prints one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// Prints one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// The credential; `-` is standard input
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct DcqlArgs {
    /// The query
    #[arg(long, value_name = "FILE")]
    pub(crate) query: PathBuf,
    /// Credentials, one a line, or a JSON array of records
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub(crate) credentials: Vec<PathBuf>,
    /// Prints one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CurveArg {
    /// P-256, for ES256
    #[value(name = "P-256")]
    P256,
    /// P-384, for ES384
    #[value(name = "P-384")]
    P384,
    /// Ed25519, for `EdDSA`
    #[value(name = "Ed25519")]
    Ed25519,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Makes a key pair: the private key goes to a file of mode 0600 and the public JWK is printed; without --out
    /// the private JWK is printed
    New {
        /// The curve
        #[arg(long, value_enum, default_value = "P-256")]
        curve: CurveArg,
        /// Where the private key goes: PEM (PKCS #8) for NIST curves, JWK if the name ends in .json or .jwk
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Also writes a certificate of a new development authority: DIR/ca.pem, DIR/cert.pem
        #[arg(long, value_name = "DIR")]
        certificate: Option<PathBuf>,
        /// The name in the certificate
        #[arg(long, default_value = "Mappe development")]
        name: String,
        /// A host name in the certificate
        #[arg(long, value_name = "HOST")]
        dns: Vec<String>,
        /// A URI in the certificate, such as an issuer identifier
        #[arg(long, value_name = "URI")]
        uri: Vec<String>,
        /// Prints one JSON document
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleArg {
    /// Issuers of credentials and status lists
    Issuers,
    /// Relying parties that ask for presentations
    RelyingParties,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// Adds an anchor: certificate, JWK, JWK set, trust pack, or list of issuing authorities (VICAL)
    Add {
        #[command(flatten)]
        place: TrustPlace,
        /// What the anchor is good for
        #[arg(long, value_enum)]
        role: RoleArg,
        /// The issuer whose key a JWK is
        #[arg(long, value_name = "URL")]
        issuer: Option<String>,
        /// Limits an issuer to a type: `vct` or document type, may end in `*`; may be given several times
        #[arg(long = "type", value_name = "TYPE")]
        types: Vec<String>,
        /// The public key or certificate that signed a trust pack file, or the certificate of a VICAL's provider
        #[arg(long = "trust-signer", value_name = "FILE")]
        signer: Option<PathBuf>,
        /// The file
        file: PathBuf,
    },
    /// Lists the anchors
    List {
        #[command(flatten)]
        place: TrustPlace,
    },
    /// Removes an anchor by its identifier
    Remove {
        #[command(flatten)]
        place: TrustPlace,
        /// The identifier that `list` shows
        id: String,
    },
    /// Explains whether a certificate chain is trusted, rule by rule
    Show {
        #[command(flatten)]
        place: TrustPlace,
        /// What the chain should be good for
        #[arg(long, value_enum, default_value = "issuers")]
        role: RoleArg,
        /// The certificate profile to hold the chain against
        #[arg(long, value_enum, default_value = "auto")]
        profile: ProfileArg,
        /// Enforces every rule of the profile, not only those that protect
        #[arg(long)]
        strict: bool,
        /// A PEM file with the chain, leaf first
        file: PathBuf,
        /// Judges at this time instead of now (RFC 3339)
        #[arg(long, value_name = "RFC3339")]
        at: Option<String>,
    },
}

/// A certificate profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProfileArg {
    /// What the certificate says it is made for, if anything
    Auto,
    /// A document signer below the root of an issuing authority (ISO 18013-5 Annex B)
    IacaDs,
    /// A reader (ISO 18013-5 Annex B)
    Reader,
    /// A provider of PIDs (ETSI TS 119 412-6)
    Pid,
    /// An access certificate (ETSI TS 119 411-8)
    Access,
    /// A signer of lists of issuing authorities (ISO 18013-5 Annex C)
    Vical,
}

#[derive(Debug, Args)]
pub(crate) struct TrustPlace {
    /// The wallet's folder
    #[arg(long, value_name = "DIR", env = "MAPPE_DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Prints one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WalletArgs {
    /// The wallet's folder
    #[arg(long, value_name = "DIR", env = "MAPPE_DIR", global = true)]
    pub(crate) dir: Option<PathBuf>,
    /// A file with the passphrase; without it the terminal is asked
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Development mode: plain HTTP to this machine is allowed
    #[arg(long, global = true)]
    pub(crate) dev: bool,
    /// Prints one JSON document
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: WalletCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WalletCommand {
    /// Makes a wallet
    Init,
    /// Receives credentials for an offer: a URL or the content of a QR code; asks at a terminal, else the command is the
    /// consent
    Receive {
        /// The offer
        offer: String,
        /// The transaction code that came by another way; without it the terminal is asked
        #[arg(long, value_name = "C")]
        tx_code: Option<String>,
        /// Accepts without asking
        #[arg(long)]
        yes: bool,
    },
    /// Lists what the wallet holds
    List,
    /// Shows one credential
    Show {
        /// The identifier that `list` shows
        id: String,
    },
    /// Answers a request: a URL or the content of a QR code
    Present {
        /// The request; with --origin a file with what the page asked the platform for (`digital`, as JSON)
        request: String,
        /// The page that asks through the Digital Credentials API, as the platform names it: https://uni.example
        #[arg(long, value_name = "ORIGIN")]
        origin: Option<String>,
        /// Agrees without asking
        #[arg(long)]
        yes: bool,
        /// Which credential answers which query, as QUERY=ID; may be given several times
        #[arg(long, value_name = "QUERY=ID")]
        select: Vec<String>,
    },
    /// Offers to be read in person (ISO 18013-5): prints the QR code and waits for a reader; a socket of this machine
    /// stands for Bluetooth
    OfferInPerson {
        /// The address to wait at, on this machine; port 0 takes a free one
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
        listen: std::net::SocketAddr,
        /// Agrees without asking
        #[arg(long)]
        yes: bool,
        /// Which credential answers which document of the request, as NUMBER=ID; may be given several times
        #[arg(long, value_name = "NUMBER=ID")]
        select: Vec<String>,
    },
    /// Shows what was received, shown and deleted; values are never kept there
    History,
    /// Deletes a credential with all its copies and keys; the issuer is not told
    Delete {
        /// The identifier that `list` shows
        id: String,
        /// Deletes without asking
        #[arg(long)]
        yes: bool,
    },
}

/// The formats of a PID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PidFormatArg {
    /// ISO mdoc
    Mdoc,
    /// SD-JWT VC
    #[value(name = "dc+sd-jwt")]
    DcSdJwt,
    /// SD-JWT VC, then mdoc
    Both,
}

/// The fields of a record file, for who asks `--help`.
const RECORD_HELP: &str = "\
The record is one JSON object with the fields of an identity card:
  DocumentType, IssuingState, DateOfExpiry, GivenNames, FamilyNames, DateOfBirth, PlaceOfBirth,
  Nationality; and, if there are any, BirthName, PlaceOfResidence {Street, City, State, ZipCode,
  Country}, IssuingAuthority, DateOfIssuance, DocumentNumber, Portrait (JPEG in base64).
States are D, or codes of travel documents such as TUR; days are 1964-08-12. AcademicTitle and
ArtisticName are read, and told to have no place in a PID. examples/data/identity-card.json is one.";

#[derive(Debug, Args)]
pub(crate) struct IssuePidArgs {
    /// The record: the fields of an identity card as JSON; what comes from it is marked as test data
    pub(crate) record: PathBuf,
    /// The format
    #[arg(long, value_enum, default_value = "both")]
    pub(crate) format: PidFormatArg,
    /// The issuer's private key: PEM (PKCS #8) or JWK
    #[arg(long, value_name = "K")]
    pub(crate) key: PathBuf,
    /// The issuer's certificate chain in PEM, leaf first
    #[arg(long, value_name = "C")]
    pub(crate) cert: PathBuf,
    /// The key of the document signer, which signs the mdoc; without it, --key does
    #[arg(long, value_name = "K", requires = "document_cert")]
    pub(crate) document_key: Option<PathBuf>,
    /// The certificate chain of the document signer in PEM, leaf first
    #[arg(long, value_name = "C", requires = "document_key")]
    pub(crate) document_cert: Option<PathBuf>,
    /// The holder's public key as JWK; given twice, the second one is for the mdoc
    #[arg(long, value_name = "JWK", required = true)]
    pub(crate) holder: Vec<PathBuf>,
    /// The type; without it the German PID for a German card, and the EU's for others
    #[arg(long = "type", value_name = "VCT")]
    pub(crate) vct: Option<String>,
    /// How many days it is good
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u16).range(1..=366))]
    pub(crate) days: u16,
    /// Where the credential goes, both as two lines; without it, standard output. An mdoc is base64url
    #[arg(long, value_name = "F")]
    pub(crate) out: Option<PathBuf>,
    /// Prints one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IssueCommand {
    /// Issues a PID from a record file that stands for the data of an identity card
    #[command(after_long_help = RECORD_HELP)]
    Pid(Box<IssuePidArgs>),
    /// Issues a school report from an XSchule 1.2 message
    SchoolReport {
        /// The message
        xml: PathBuf,
        /// The issuer's private key: PEM (PKCS #8) or JWK
        #[arg(long, value_name = "K")]
        key: PathBuf,
        /// The issuer's certificate chain in PEM, leaf first
        #[arg(long, value_name = "C")]
        cert: PathBuf,
        /// The holder's public key as JWK
        #[arg(long, value_name = "JWK")]
        holder: PathBuf,
        /// The issuer identifier (`iss`); without it the certificate's subject is the issuer
        #[arg(long, value_name = "URL")]
        issuer: Option<String>,
        /// Marks the credential as one for tests
        #[arg(long)]
        test: bool,
        /// Where the credential goes; without it, standard output
        #[arg(long, value_name = "F")]
        out: Option<PathBuf>,
        /// Prints one JSON document
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServeCommand {
    /// The issuing side: a school office
    Authority(ServeArgs),
    /// The verifying side: a university
    University {
        #[command(flatten)]
        serve: ServeArgs,
        /// Trusts an issuer: certificate (PEM, DER), JWK, JWK set or trust pack
        #[arg(long, value_name = "PATH")]
        trust: Vec<PathBuf>,
        /// The public key or certificate that signed a trust pack file
        #[arg(long = "trust-signer", value_name = "FILE")]
        signer: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The folder for keys, certificates, database and token
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) listen: std::net::IpAddr,
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// The public HTTPS address, when a proxy ends TLS in front of this server
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The name to show
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Development mode: plain HTTP on this machine, own test certificates
    #[arg(long)]
    pub(crate) dev: bool,
    /// Prints one JSON line when ready
    #[arg(long)]
    pub(crate) json: bool,
}
