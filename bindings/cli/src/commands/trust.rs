//! `mappe trust`: the anchors of a wallet or a verifier, kept as a trust pack in a folder.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use wallet_core::codec::{Json, Object};
use wallet_core::keys::{Jwk, PublicKey};
use wallet_core::trust::pack::{PackError, TrustPack, read_anchor_file};
use wallet_core::trust::vical::{self, Vical, VicalError};
use wallet_core::trust::{
    Anchor, AnchorMaterial, Certificate, CertificateProfile, Environment, ProfileFinding, ProfilePolicy, Role,
    TrustError, TrustStore,
};
use wallet_server::write_private;

use super::input;
use crate::args::{ProfileArg, RoleArg, TrustCommand, TrustPlace};
use crate::report::{Failure, Outcome, Paint, safe, table};

/// No honest pack has more files.
const MOST_FILES: usize = 1000;

pub(crate) fn run(command: TrustCommand) -> Outcome {
    match command {
        TrustCommand::Add {
            place,
            role,
            issuer,
            types,
            signer,
            file,
        } => add(&place, role.into(), (issuer, types), signer.as_deref(), &file),
        TrustCommand::List { place } => list(&place),
        TrustCommand::Remove { place, id } => remove(&place, &id),
        TrustCommand::Show {
            place,
            role,
            profile,
            strict,
            file,
            at,
        } => {
            let look = Look {
                role: role.into(),
                profile: profile.into(),
                policy: if strict {
                    ProfilePolicy::Strict
                } else {
                    ProfilePolicy::default()
                },
                at: at.as_deref(),
            };
            show(&place, &look, &file)
        }
    }
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Issuers => Self::Issuers,
            RoleArg::RelyingParties => Self::RelyingParties,
        }
    }
}

impl From<ProfileArg> for Option<CertificateProfile> {
    fn from(profile: ProfileArg) -> Self {
        Some(match profile {
            ProfileArg::Auto => return None,
            ProfileArg::IacaDs => CertificateProfile::DocumentSigner,
            ProfileArg::Reader => CertificateProfile::Reader,
            ProfileArg::Pid => CertificateProfile::PidProvider,
            ProfileArg::Access => CertificateProfile::Access,
            ProfileArg::Vical => CertificateProfile::VicalSigner,
        })
    }
}

/// The folder of a wallet or verifier: the one named, or the user's own.
pub(crate) fn home(dir: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(dir) = dir {
        return Ok(dir.to_owned());
    }
    let data = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let data = data.or_else(|| std::env::home_dir().map(|home| home.join(".local/share")));
    data.map(|data| data.join("mappe")).ok_or_else(|| {
        Failure::usage(
            "dir",
            "no folder was found",
            "the home folder is not known",
            "name a folder with --dir",
        )
    })
}

/// The anchors in the folder `DIR/trust`.
pub(crate) struct Anchors {
    folder: PathBuf,
    pub(crate) pack: TrustPack,
}

impl Anchors {
    /// Reads the anchors; there may be none yet.
    pub(crate) fn open(dir: &Path) -> Result<Option<Self>, Failure> {
        let folder = dir.join("trust");
        if !folder.join("pack.json").exists() {
            return Ok(None);
        }
        let pack = read_folder(&folder)?;
        Ok(Some(Self { folder, pack }))
    }

    /// Reads the anchors, or starts with none.
    pub(crate) fn open_or_new(dir: &Path, environment: Environment) -> Result<Self, Failure> {
        let folder = dir.join("trust");
        Ok(Self::open(dir)?.unwrap_or_else(|| Self {
            folder,
            pack: TrustPack::new("own anchors", environment),
        }))
    }

    /// Writes the anchors back.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        std::fs::create_dir_all(&self.folder).map_err(|error| Failure::file(&self.folder, &error))?;
        for (name, bytes) in self.pack.to_folder() {
            let path = self.folder.join(name);
            write_private(&path, &bytes).map_err(|error| Failure::file(&path, &error))?;
        }
        Ok(())
    }

    /// The anchors as a store.
    pub(crate) fn store(&self) -> Result<TrustStore, Failure> {
        let mut store = TrustStore::new(self.pack.environment);
        store
            .add_pack(&self.pack)
            .map_err(|error| refused(&self.folder, &error.into()))?;
        Ok(store)
    }
}

/// Whether anchors say themselves if they are for production or for tests: packs do, single files do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    No,
    Yes,
}

/// The store of `--trust PATH…`; without any, the anchors of the user's own folder.
pub(crate) fn store_of(paths: &[PathBuf], signer: Option<&Path>, dev: bool) -> Result<(TrustStore, Declared), Failure> {
    let default = if dev {
        Environment::Test
    } else {
        Environment::Production
    };
    if paths.is_empty() {
        return match Anchors::open(&home(None)?)? {
            Some(anchors) => Ok((anchors.store()?, Declared::Yes)),
            None => Ok((TrustStore::new(default), Declared::No)),
        };
    }
    let mut packs = Vec::new();
    let mut anchors = Vec::new();
    for path in paths {
        match read(path, signer, default)? {
            Source::Pack(pack) => packs.push((path, *pack)),
            Source::Anchors(found) => anchors.extend(found.into_iter().map(|anchor| (path, anchor))),
        }
    }
    let declared = if packs.is_empty() { Declared::No } else { Declared::Yes };
    let environment = packs.first().map_or(default, |(_, pack)| pack.environment);
    let mut store = TrustStore::new(environment);
    for (path, pack) in packs {
        store.add_pack(&pack).map_err(|error| refused(path, &error.into()))?;
    }
    for (path, anchor) in anchors {
        store
            .add(Role::Issuers, anchor)
            .map_err(|error| refused(path, &error.into()))?;
    }
    Ok((store, declared))
}

/// The anchors in a file of `--trust`, for a server that keeps its own store.
enum Source {
    Pack(Box<TrustPack>),
    Anchors(Vec<Anchor>),
}

fn read(path: &Path, signer: Option<&Path>, environment: Environment) -> Result<Source, Failure> {
    if path.is_dir() {
        return read_folder(path).map(|pack| Source::Pack(Box::new(pack)));
    }
    let bytes = input::read(path)?;
    if vical::is_vical(&bytes) {
        return read_vical(path, &bytes, signer, environment).map(Source::Anchors);
    }
    match read_anchor_file(&bytes) {
        Ok(anchors) => Ok(Source::Anchors(anchors)),
        Err(PackError::IsPack) if bytes.trim_ascii().starts_with(b"{") => {
            let folder = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty())
                .unwrap_or(Path::new("."));
            read_folder(folder).map(|pack| Source::Pack(Box::new(pack)))
        }
        Err(PackError::IsPack) => {
            let signer = signer.ok_or_else(|| {
                Failure::usage(
                    "trust_pack.signer_missing",
                    format!("{} is not trusted", path.display()),
                    "it is a signed trust pack, and nobody was named who may sign it",
                    "name the signer's public key or certificate with --trust-signer FILE",
                )
            })?;
            let key = public_key(signer)?;
            let text = String::from_utf8_lossy(&bytes);
            TrustPack::verify(&text, &key, environment, None, wallet_server::now())
                .map(|pack| Source::Pack(Box::new(pack)))
                .map_err(|error| refused(path, &error))
        }
        Err(error) => Err(refused(path, &error)),
    }
}

/// The authorities of a list, signed by a provider that is named beside it.
fn read_vical(
    path: &Path,
    bytes: &[u8],
    signer: Option<&Path>,
    environment: Environment,
) -> Result<Vec<Anchor>, Failure> {
    let what = || format!("{} is not trusted", path.display());
    let signer = signer.ok_or_else(|| {
        Failure::usage(
            "vical.signer_missing",
            what(),
            "it is a list of issuing authorities, and nobody was named who may sign it",
            "name the provider's certificate, or that of its authority, with --trust-signer FILE",
        )
    })?;
    let found = read_anchor_file(&input::read(signer)?).map_err(|error| refused(signer, &error))?;
    let mut providers = TrustStore::new(environment);
    for anchor in found {
        let added = providers.add(Role::VicalProviders, anchor);
        added.map_err(|error| refused(signer, &error.into()))?;
    }
    let list = Vical::verify(bytes, &providers, None, wallet_server::now()).map_err(|error| {
        let remedy = match error {
            VicalError::Expired { .. } => "get the newest list from the provider",
            VicalError::Trust(_) => "check that the certificate in --trust-signer is that of the provider",
            _ => "ask the provider of the list",
        };
        Failure::usage(error.code(), what(), error, remedy)
    })?;
    Ok(list.anchors().collect())
}

fn read_folder(folder: &Path) -> Result<TrustPack, Failure> {
    let failed = |error: std::io::Error| Failure::file(folder, &error);
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(failed)?.take(MOST_FILES) {
        let path = entry.map_err(failed)?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name().and_then(|name| name.to_str())) {
            files.insert(name.to_owned(), input::read(&path)?);
        }
    }
    TrustPack::from_folder(&files).map_err(|error| refused(folder, &error))
}

/// A public key from a JWK or a certificate.
fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    let bytes = input::read(path)?;
    match read_anchor_file(&bytes)
        .map_err(|error| refused(path, &error))?
        .into_iter()
        .next()
        .map(|anchor| anchor.material)
    {
        Some(AnchorMaterial::Keys { keys, .. }) => keys.keys().first().map(|Jwk { key, .. }| key.clone()),
        Some(AnchorMaterial::Certificate(certificate)) => certificate.public_key().ok().cloned(),
        _ => None,
    }
    .ok_or_else(|| refused(path, &PackError::UnknownKind))
}

fn refused(path: &Path, error: &PackError) -> Failure {
    let remedy = match error {
        PackError::Trust(TrustError::EnvironmentMixed) => {
            "use anchors for production or for tests, not both; --dev is for tests"
        }
        PackError::Trust(TrustError::KeysForRole) => "give the certificate of the relying party or of its authority",
        PackError::Expired { .. } | PackError::GoesBack { .. } => "get the newest issue of the pack",
        _ => "give a certificate (PEM, DER), a JWK, a JWK set, or a trust pack",
    };
    Failure::usage(
        error.code(),
        format!("{} is not trusted", path.display()),
        error,
        remedy,
    )
}

/// `limits` are whose key it is, and the types that it is good for.
fn add(
    place: &TrustPlace,
    role: Role,
    limits: (Option<String>, Vec<String>),
    signer: Option<&Path>,
    file: &Path,
) -> Outcome {
    let (issuer, types) = limits;
    if !types.is_empty() && role != Role::Issuers {
        return Err(Failure::usage(
            "usage.type",
            "--type is not used".to_owned(),
            "types limit what an issuer may issue",
            "give it with --role issuers",
        ));
    }
    let dir = home(place.dir.as_deref())?;
    let mut anchors = Anchors::open_or_new(&dir, Environment::Production)?;
    let mut added = Vec::new();
    match read(file, signer, anchors.pack.environment)? {
        Source::Pack(_) if !types.is_empty() => {
            return Err(Failure::usage(
                "usage.type",
                "--type is not used".to_owned(),
                "a trust pack names the types of its anchors itself",
                "leave it out, or add the certificates one by one",
            ));
        }
        Source::Pack(pack) => {
            if pack.environment != anchors.pack.environment {
                return Err(refused(file, &TrustError::EnvironmentMixed.into()));
            }
            for (role, anchor) in pack.anchors {
                put(&mut anchors.pack, role, anchor, &mut added);
            }
            for issuer in pack.web_issuers {
                if !anchors.pack.web_issuers.contains(&issuer) {
                    anchors.pack.web_issuers.push(issuer);
                }
            }
        }
        Source::Anchors(found) => {
            for mut anchor in found {
                if anchor.types.iter().any(|_| role != Role::Issuers) {
                    return Err(Failure::usage(
                        "vical.role",
                        format!("{} is not trusted", file.display()),
                        "a list of issuing authorities says who may issue, and nothing else",
                        "add it with --role issuers",
                    ));
                }
                // A list that names types is not widened by a command; it may be narrowed.
                if anchor.types.is_empty() {
                    anchor.types.clone_from(&types);
                } else if !types.is_empty() {
                    anchor.types.retain(|known| types.contains(known));
                    if anchor.types.is_empty() {
                        continue;
                    }
                }
                if let AnchorMaterial::Keys { issuer: named, .. } = &mut anchor.material {
                    if role == Role::RelyingParties {
                        return Err(refused(file, &TrustError::KeysForRole.into()));
                    }
                    *named = issuer.clone().or_else(|| named.take());
                    if named.is_none() {
                        return Err(Failure::usage(
                            "trust.issuer_missing",
                            format!("{} is not trusted", file.display()),
                            "a key alone does not say whose it is",
                            "name the issuer with --issuer URL",
                        ));
                    }
                }
                put(&mut anchors.pack, role, anchor, &mut added);
            }
        }
    }
    anchors.save()?;
    print(place.json, &anchors.pack, &added);
    Ok(ExitCode::SUCCESS)
}

fn put(pack: &mut TrustPack, role: Role, anchor: Anchor, added: &mut Vec<(Role, Anchor)>) {
    if !pack.anchors.contains(&(role, anchor.clone())) {
        pack.anchors.push((role, anchor.clone()));
    }
    added.push((role, anchor));
}

fn list(place: &TrustPlace) -> Outcome {
    let anchors = Anchors::open_or_new(&home(place.dir.as_deref())?, Environment::Production)?;
    print(place.json, &anchors.pack, &anchors.pack.anchors);
    Ok(ExitCode::SUCCESS)
}

fn remove(place: &TrustPlace, id: &str) -> Outcome {
    let dir = home(place.dir.as_deref())?;
    let mut anchors = Anchors::open_or_new(&dir, Environment::Production)?;
    let (gone, kept): (Vec<_>, Vec<_>) = anchors
        .pack
        .anchors
        .drain(..)
        .partition(|(_, anchor)| identifier(anchor) == id);
    if gone.is_empty() {
        return Err(Failure::new(
            "trust.no_such_anchor",
            format!("{id} is not removed"),
            "there is no anchor of this identifier",
            "see `mappe trust list`",
        ));
    }
    anchors.pack.anchors = kept;
    anchors.save()?;
    print(place.json, &anchors.pack, &gone);
    Ok(ExitCode::SUCCESS)
}

/// What `trust show` holds a chain against.
struct Look<'a> {
    role: Role,
    profile: Option<CertificateProfile>,
    policy: ProfilePolicy,
    at: Option<&'a str>,
}

fn show(place: &TrustPlace, look: &Look<'_>, file: &Path) -> Outcome {
    let dir = home(place.dir.as_deref())?;
    let mut store = Anchors::open_or_new(&dir, Environment::Production)?.store()?;
    store.set_profile_policy(look.policy);
    let text = input::read_text(file)?;
    let chain = Certificate::parse_pem_chain(&text).map_err(|error| refused(file, &error.into()))?;
    let x5c: Vec<Vec<u8>> = chain.iter().map(|certificate| certificate.der().to_vec()).collect();
    let explanation = store.explain(look.role, look.profile, &x5c, input::at(look.at)?);
    let trusted = explanation.is_trusted();
    if place.json {
        let rules = explanation.path.iter().map(|(rule, outcome)| {
            let error = outcome.as_ref().err();
            Object::new()
                .with("rule", Json::from(rule.name()))
                .with("outcome", Json::from(if outcome.is_ok() { "pass" } else { "fail" }))
                .with("code", error.map(|error| Json::from(error.code())))
                .with("what", error.map(|error| Json::from(error.to_string())))
                .with("remedy", error.map(|_| Json::from(rule.remedy())))
                .into()
        });
        let findings = explanation
            .findings
            .iter()
            .map(|finding| Json::Object(written(finding)));
        let certificates = chain.iter().map(|certificate| Json::Object(describe(certificate)));
        let profile = explanation.profile.map(|profile| Json::from(profile.name()));
        let report = Object::new()
            .with("trusted", Json::Bool(trusted))
            .with("role", Json::from(look.role.name()))
            .with("environment", Json::from(store.environment().name()))
            .with("certificates", Json::Array(certificates.collect()))
            .with("rules", Json::Array(rules.collect()))
            .with("profile", profile)
            .with("profile_rules", Json::Array(findings.collect()));
        outln!("{report}");
    } else {
        let paint = Paint::stdout();
        for (position, certificate) in chain.iter().enumerate() {
            outln!("{} {}", paint.bold(position), safe(&certificate.display_name()));
            outln!("  valid {} to {}", certificate.not_before(), certificate.not_after());
            for point in certificate.crl_distribution_points() {
                outln!("  revocation list {}", safe(&point.uris.join(", ")));
            }
        }
        for (rule, outcome) in &explanation.path {
            match outcome {
                Ok(()) => outln!("{} {}", paint.green("pass"), rule.name()),
                Err(error) => {
                    outln!("{} {}: {error} ({})", paint.red("fail"), rule.name(), error.code());
                    outln!("     {}", rule.remedy());
                }
            }
        }
        if let Some(profile) = explanation.profile {
            explain_profile(profile, &explanation.findings, paint);
        }
        outln!(
            "{}",
            if trusted {
                paint.green("trusted")
            } else {
                paint.red("not trusted")
            }
        );
    }
    Ok(ExitCode::from(u8::from(!trusted)))
}

/// Each broken rule of a profile: what, where, and what to do.
fn explain_profile(profile: CertificateProfile, findings: &[ProfileFinding], paint: Paint) {
    let met = findings.iter().filter(|finding| finding.holds).count();
    outln!("profile {profile}: {met} of {} rules are met", findings.len());
    for finding in findings.iter().filter(|finding| !finding.holds) {
        let mark = if finding.enforced {
            paint.red("fail")
        } else {
            paint.yellow("warn")
        };
        let found = finding.found.as_deref().map(|found| format!(" ({})", safe(found)));
        outln!(
            "{mark} certificate {} ({}): {}{} ({})",
            finding.certificate,
            safe(&finding.subject),
            finding.rule,
            found.unwrap_or_default(),
            finding.rule.code()
        );
        outln!("     {}", finding.rule.remedy());
    }
}

fn written(finding: &ProfileFinding) -> Object {
    let broken = !finding.holds;
    Object::new()
        .with("rule", Json::from(finding.rule.name()))
        .with(
            "certificate",
            Json::from(u64::try_from(finding.certificate).unwrap_or(u64::MAX)),
        )
        .with("subject", Json::from(finding.subject.as_str()))
        .with("outcome", Json::from(if broken { "fail" } else { "pass" }))
        .with("enforced", Json::Bool(finding.enforced))
        .with("code", broken.then(|| Json::from(finding.rule.code())))
        .with("what", broken.then(|| Json::from(finding.rule.to_string())))
        .with("found", finding.found.as_deref().map(Json::from))
        .with("remedy", broken.then(|| Json::from(finding.rule.remedy())))
}

fn describe(certificate: &Certificate) -> Object {
    let list = |names: &[String]| Json::Array(names.iter().map(|name| Json::from(name.as_str())).collect());
    Object::new()
        .with("name", Json::from(certificate.display_name()))
        .with("organization", certificate.organization().map(Json::from))
        .with("not_before", Json::from(certificate.not_before().to_string()))
        .with("not_after", Json::from(certificate.not_after().to_string()))
        .with("dns", list(certificate.dns_names()))
        .with("uri", list(certificate.uris()))
        .with("sha256", Json::from(hex(&certificate.sha256())))
}

/// A short name for an anchor: the start of a certificate's fingerprint, or of a key's thumbprint.
fn identifier(anchor: &Anchor) -> String {
    match &anchor.material {
        AnchorMaterial::Certificate(certificate) => hex(&certificate.sha256()[..8]),
        AnchorMaterial::Keys { keys, .. } => keys
            .keys()
            .first()
            .map(|jwk| jwk.key.thumbprint()[..16].to_owned())
            .unwrap_or_default(),
        _ => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn print(json: bool, pack: &TrustPack, anchors: &[(Role, Anchor)]) {
    let rows = anchors.iter().map(|(role, anchor)| {
        let (kind, name, until) = match &anchor.material {
            AnchorMaterial::Certificate(certificate) => (
                "certificate",
                certificate.display_name(),
                certificate.not_after().date(),
            ),
            AnchorMaterial::Keys { issuer, .. } => (
                "key",
                issuer.clone().or_else(|| anchor.name.clone()).unwrap_or_default(),
                String::new(),
            ),
            _ => ("other", String::new(), String::new()),
        };
        (identifier(anchor), role.name(), kind, name, until, &anchor.types)
    });
    if json {
        let anchors = rows.map(|(id, role, kind, name, until, types)| {
            let types: Vec<Json> = types.iter().map(|name| Json::from(name.as_str())).collect();
            let until = (!until.is_empty()).then(|| Json::from(until));
            Object::new()
                .with("id", Json::from(id))
                .with("role", Json::from(role))
                .with("kind", Json::from(kind))
                .with("name", Json::from(name))
                .with("valid_until", until)
                .with("types", (!types.is_empty()).then_some(Json::Array(types)))
                .into()
        });
        let report = Object::new()
            .with("environment", Json::from(pack.environment.name()))
            .with("anchors", Json::Array(anchors.collect()));
        outln!("{report}");
    } else {
        let head = ["id", "role", "kind", "name", "valid until", "types"]
            .map(str::to_owned)
            .to_vec();
        let rows = rows.map(|(id, role, kind, name, until, types)| {
            let types = safe(&types.join(" "));
            vec![id, role.to_owned(), kind.to_owned(), safe(&name), until, types]
        });
        outln!("anchors for {}", pack.environment.name());
        out!("{}", table(&std::iter::once(head).chain(rows).collect::<Vec<_>>()));
    }
}
