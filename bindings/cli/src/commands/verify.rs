//! `mappe verify`: judges credentials, one or a hundred thousand.

mod session;
mod web_keys;

use std::collections::BTreeSet;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError, RwLock};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use wallet_core::codec::{Json, Object};
use wallet_core::credential::StatusFormat;
use wallet_core::http::LinkPolicy;
use wallet_core::status::StatusEvidence;
use wallet_core::time::Timestamp;
use wallet_core::trust::{Environment, IssuerEvidence, Role, TrustStore};
use wallet_core::verifier::{
    AssessOptions, Assessment, Check, CheckName, CheckOutcome, FormatChoice, Verdict, assess_all,
};
use wallet_server::Client;

use super::bulk::{self, Judge, Tally};
use super::input::{self, Item, Items};
use super::inspect::pretty;
use super::trust::{self, Declared};
use crate::args::{FormatArg, VerifyArgs};
use crate::report::{Failure, Outcome, Paint, safe};
use web_keys::WebKeys;

/// A presentation is made for the moment; ten minutes forgive slow people and clocks.
const PRESENTATION_AGE: i64 = 600;
/// A list is a place of a hundred thousand entries: no honest input names more of them.
const MOST_LISTS: usize = 1000;

pub(crate) fn run(args: VerifyArgs) -> Outcome {
    let (trust, declared) = trust::store_of(&args.trust, args.trust_signer.as_deref(), args.dev)?;
    let environment = trust.environment();
    let at = input::at(args.at.as_deref())?;
    let policy = if args.dev {
        LinkPolicy::LoopbackHttp
    } else {
        LinkPolicy::HttpsOnly
    };
    let mut evidence = StatusEvidence::with_links(policy);
    for given in &args.status {
        let (url, file) = given.rsplit_once('=').ok_or_else(|| {
            Failure::usage(
                "usage.status",
                format!("--status {given} is not used"),
                "it is not of the form URL=FILE",
                "write it like https://issuer.example/status/1=list.jwt",
            )
        })?;
        evidence.add_file(url, &input::read(file.as_ref())?, at);
    }
    // Lists from files are judged for the same time as the credentials; lists fetched now are judged now.
    let status_at = if args.at.is_some() && (args.offline || !args.status.is_empty()) {
        at
    } else {
        wallet_server::now()
    };
    let presented = session::asked(&args);
    let device = session::device(&args)?;
    let verifier = Verifier {
        trust: RwLock::new(trust),
        settled: RwLock::default(),
        at,
        status_at,
        format: match args.format {
            FormatArg::Auto => FormatChoice::Auto,
            FormatArg::DcSdJwt => FormatChoice::DcSdJwt,
            FormatArg::DeviceResponse => FormatChoice::DeviceResponse,
            FormatArg::Mdoc => FormatChoice::MsoMdoc,
            FormatArg::SdJwt => FormatChoice::SdJwt,
        },
        presented,
        device,
        lists: Lists {
            evidence: RwLock::new(evidence),
            asked: Mutex::default(),
        },
        web_keys: WebKeys {
            policy,
            asked: Mutex::default(),
        },
        client: (!args.offline).then(|| Client::new(policy)),
        declared,
        json: args.json,
    };
    if !args.json && environment == Environment::Test {
        errln!(
            "{}",
            Paint::stderr().yellow("test anchors: nothing accepted here counts in production")
        );
    }
    let bar = progress(args.json);
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout());
    let show = |tally: Tally| bar.set_position(tally.total());
    let tally = bulk::run(Items::new(args.files), args.jobs.into(), &verifier, &mut out, &show)?;
    bar.finish_and_clear();
    let flushed = out.flush();
    flushed
        .or_else(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                Ok(())
            } else {
                Err(error)
            }
        })
        .map_err(|error| Failure::file("standard output".as_ref(), &error))?;
    if !args.json && tally.total() > 1 {
        outln!(
            "{} accepted, {} refused, {} undetermined",
            tally.accepted,
            tally.refused,
            tally.undetermined
        );
    }
    Ok(ExitCode::from(match tally {
        Tally { refused: 1.., .. } => 1,
        Tally { undetermined: 1.., .. } => 2,
        Tally { accepted: 0, .. } => {
            return Err(Failure::usage(
                "usage.nothing",
                "nothing was verified",
                "the input holds no credential",
                "give a file with a credential, or one a line",
            ));
        }
        _ => 0,
    }))
}

fn progress(json: bool) -> ProgressBar {
    // Beside a terminal full of results a bar would only flicker.
    let target = if json && !io::stdout().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(None, target);
    bar.with_style(
        ProgressStyle::with_template("{spinner} {human_pos} verified, {per_sec}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    )
}

struct Verifier {
    trust: RwLock<TrustStore>,
    settled: RwLock<BTreeSet<String>>,
    at: Timestamp,
    status_at: Timestamp,
    format: FormatChoice,
    presented: Option<(String, String)>,
    device: Option<session::Device>,
    lists: Lists,
    web_keys: WebKeys,
    /// Without one, nothing is fetched.
    client: Option<Client>,
    declared: Declared,
    json: bool,
}

/// The status lists at hand, and those that were asked for.
struct Lists {
    evidence: RwLock<StatusEvidence>,
    asked: Mutex<BTreeSet<(String, StatusFormat)>>,
}

impl Verifier {
    fn assess(&self, content: &[u8]) -> Vec<Assessment> {
        let anchors = self.trust.read().unwrap_or_else(PoisonError::into_inner);
        let evidence = self.lists.evidence.read().unwrap_or_else(PoisonError::into_inner);
        let mut options = AssessOptions::new(&anchors, self.at)
            .with_format(self.format)
            .with_status(&evidence, self.status_at);
        if self.declared == Declared::Yes {
            options = options.for_production();
        }
        if let Some((nonce, audience)) = &self.presented {
            options = options.with_key_binding(nonce, audience, PRESENTATION_AGE);
        }
        if let Some(device) = &self.device {
            options = options.with_device_binding(device.binding());
        }
        assess_all(content, &options)
    }

    /// Remembers what holds for all credentials of an issuer, so that the next ones pay for their own signature alone:
    /// its certificate path, and its status lists. It changes no outcome.
    fn settle(&self, assessment: &Assessment) {
        let Some(issuer) = &assessment.issuer else { return };
        let mut lists = assessment.status_uris.iter();
        let key = [
            issuer.key.thumbprint().as_str(),
            lists.next().map_or("", String::as_str),
        ]
        .join(" ");
        let known = self.settled.read().unwrap_or_else(PoisonError::into_inner);
        if known.contains(&key) || known.len() >= MOST_LISTS {
            return;
        }
        drop(known);
        self.settled.write().unwrap_or_else(PoisonError::into_inner).insert(key);
        if let IssuerEvidence::Path(path) = &issuer.evidence {
            // What a credential carries ends before the anchor, unless the anchor is the signer itself.
            let carried = if path.len() > 1 {
                &path[..path.len() - 1]
            } else {
                &path[..]
            };
            let _ = self
                .trust
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .prepare(Role::Issuers, carried, self.at);
        }
        let mut evidence = self.lists.evidence.write().unwrap_or_else(PoisonError::into_inner);
        for reference in &assessment.status_references {
            evidence.prepare_for(reference, issuer, self.status_at);
        }
    }

    /// Fetches the lists that an assessment names and nobody asked for yet.
    fn fetch(&self, assessment: &Assessment) {
        let Some(client) = &self.client else { return };
        for reference in &assessment.status_references {
            let uri = &reference.uri;
            let form = (uri.clone(), reference.format);
            let mut asked = self.lists.asked.lock().unwrap_or_else(PoisonError::into_inner);
            if asked.contains(&form) || asked.len() >= MOST_LISTS {
                continue;
            }
            let now = self.status_at;
            let request = {
                let evidence = self.lists.evidence.read().unwrap_or_else(PoisonError::into_inner);
                if !evidence.is_needed(reference, now) {
                    continue;
                }
                evidence.request(reference)
            };
            // Held while fetching, so that a list is fetched once; the others wait for it and then have it too.
            asked.insert(form);
            let response = request.ok().map(|request| client.execute(&request));
            let mut evidence = self.lists.evidence.write().unwrap_or_else(PoisonError::into_inner);
            match response {
                Some(Ok(response)) => evidence.add_response(uri, &response, now),
                _ => evidence.add_failure(uri, None, now),
            }
        }
    }
}

impl Judge for Verifier {
    fn judge(&self, item: &Item, out: &mut Vec<u8>, tally: &mut Tally) {
        // A fault of ours in one item must not take the others with it, nor leave a thread waiting for its turn.
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let mut first = self.assess(&item.content);
            if let Some(client) = &self.client
                && let [only] = first.as_slice()
                && self.web_keys.fetch(client, &item.text(), only, &self.trust)
            {
                first = self.assess(&item.content);
            }
            let mut again = false;
            for assessment in &first {
                let mut outcomes = assessment.checks.iter().map(|check| &check.outcome);
                if outcomes.any(|outcome| matches!(outcome, CheckOutcome::Unknown(_)))
                    && !assessment.status_uris.is_empty()
                {
                    // Also where another thread has just fetched the list.
                    self.fetch(assessment);
                    again = true;
                }
                self.settle(assessment);
            }
            if again { self.assess(&item.content) } else { first }
        }));
        let Ok(assessments) = judged else {
            tally.undetermined += 1;
            let line = Object::new()
                .with("source", Json::from(item.source.as_str()))
                .with("format", Json::Null)
                .with("verdict", Json::from("undetermined"))
                .with("code", Json::from("internal"))
                .with("checks", Json::Array(Vec::new()))
                .with("claims", Json::Null);
            let _ = writeln!(out, "{line}");
            return;
        };
        for assessment in assessments {
            match assessment.verdict() {
                Verdict::Accepted => tally.accepted += 1,
                Verdict::Refused => tally.refused += 1,
                _ => tally.undetermined += 1,
            }
            let source = match assessment.document {
                Some(index) => format!("{}#{}", item.source, index + 1),
                None => item.source.clone(),
            };
            let assessment = assessment.with_source(source);
            let _ = if self.json {
                writeln!(out, "{}", assessment.to_summary())
            } else {
                write!(out, "{}", for_people(&assessment))
            };
        }
    }
}

/// What the reader can do about the check that decided.
fn remedy(assessment: &Assessment) -> Option<&'static str> {
    let failed = |check: &&Check| matches!(check.outcome, CheckOutcome::Fail(_));
    let open = |check: &&Check| matches!(check.outcome, CheckOutcome::Unknown(_));
    let mut checks = assessment.checks.iter();
    let check = checks.clone().find(failed).or_else(|| checks.find(open))?;
    Some(match (check.name, &check.outcome) {
        (CheckName::Origin, _) => "if you know the issuer, name its certificate or key with --trust",
        (CheckName::Integrity, _) => "ask the holder for the credential as it was issued",
        (CheckName::Validity, _) => "ask the holder for a current one, or judge another time with --at",
        (CheckName::Status, CheckOutcome::Fail(_)) => "do not rely on it; ask the issuer if the holder disagrees",
        (CheckName::Status, _) => "run it without --offline, or give the list with --status URL=FILE",
        (CheckName::Binding, CheckOutcome::Unknown(code)) if code == "mdoc.device_mac_key" => {
            "give the reader's private key of the session with --reader-key FILE"
        }
        (CheckName::Binding, CheckOutcome::Unknown(_)) if assessment.format == "mso_mdoc" => {
            "give the session with --nonce, --audience and --response-uri, or --origin, or --session-transcript FILE"
        }
        (CheckName::Binding, CheckOutcome::Fail(code)) if code == "mdoc.device_key" => {
            "ask the issuer for a new document, bound to a key that this program knows"
        }
        (CheckName::Binding, _) if assessment.format == "mso_mdoc" => {
            "check that the session given is the one that was answered, or ask the holder for a new presentation"
        }
        (CheckName::Binding, _) => "ask the holder for a new presentation, and give its --nonce and --audience",
        _ => "ask the holder again",
    })
}

/// An assessment for people: the verdict, each check, and the claims.
pub(crate) fn for_people(assessment: &Assessment) -> String {
    use std::fmt::Write as _;
    let paint = Paint::stdout();
    let mut text = String::new();
    let verdict = match assessment.verdict() {
        Verdict::Accepted => paint.green("accepted"),
        Verdict::Refused => paint.red("refused"),
        _ => paint.yellow("undetermined"),
    };
    let _ = writeln!(
        text,
        "{} {verdict}",
        paint.bold(safe(assessment.source.as_deref().unwrap_or_default()))
    );
    if let Some(issuer) = &assessment.issuer {
        // Lessons S36: also where a certificate that was named on the command line says nothing of its environment.
        let mark = if assessment.is_test() || issuer.environment == Environment::Test {
            "  (TEST)"
        } else {
            ""
        };
        let _ = writeln!(text, "  issuer     {}{mark}", safe(&issuer.name));
    }
    for check in &assessment.checks {
        let outcome = match &check.outcome {
            CheckOutcome::Pass => paint.green("pass"),
            CheckOutcome::Fail(code) => paint.red(format!("fail: {code}")),
            CheckOutcome::Unknown(code) => paint.yellow(format!("unknown: {code}")),
            _ => String::new(),
        };
        let _ = writeln!(text, "  {:<10} {outcome}", check.name.name());
    }
    if let Some(remedy) = remedy(assessment) {
        let _ = writeln!(text, "  do         {remedy}");
    }
    if assessment.verdict() != Verdict::Refused
        && let Some(claims) = assessment.claims()
    {
        let _ = writeln!(text, "  claims     {}", pretty(&Json::Object(claims.clone()), 1));
    }
    text
}
