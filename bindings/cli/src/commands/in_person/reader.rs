//! `mappe reader`: asks a wallet in person, and judges what it shows.

use std::io::{self, BufRead as _};
use std::process::ExitCode;

use wallet_core::codec::Budget;
use wallet_core::credential::StatusListReference;
use wallet_core::http::LinkPolicy;
use wallet_core::status::StatusEvidence;
use wallet_core::time::Timestamp;
use wallet_core::trust::Environment;
use wallet_core::verifier::reader::{
    Answered, Connect, End, Question, ReaderError, ReaderIdentity, Reading, Step, scan,
};
use wallet_core::verifier::{AssessOptions, Verdict};
use wallet_server::{Client, SystemRandom, now};

use super::{Arrived, Link, address};
use crate::args::ReaderArgs;
use crate::commands::trust::Declared;
use crate::commands::{input, issue, trust, verify};
use crate::report::{Failure, Outcome, Paint, marked, safe};

/// More lists than any two documents name.
const MOST_LISTS: usize = 64;

pub(crate) fn run(args: &ReaderArgs) -> Outcome {
    let (trust, declared) = trust::store_of(&args.trust, args.trust_signer.as_deref(), args.dev)?;
    let text = input::read_text(&args.request)?;
    let question = Question::parse(&text, &mut Budget::default()).map_err(|error| {
        Failure::usage(
            error.code(),
            format!("{} is not asked", args.request.display()),
            error,
            "give a DCQL query for mso_mdoc without choices, or {\"docType\": …, \"nameSpaces\": {…: {…: false}}}",
        )
    })?;
    let chain = issue::read_chain(&args.cert)?;
    let identity = ReaderIdentity::new(input::read_key(&args.key)?, &chain).map_err(|error| {
        Failure::usage(
            error.code(),
            "nobody is asked",
            error,
            "give the chain of the key's own certificate, leaf first",
        )
    })?;
    let engagement = match args.engagement.as_str() {
        "-" => first_line()?,
        text => text.to_owned(),
    };
    if !args.json && trust.environment() == Environment::Test {
        errln!(
            "{}",
            Paint::stderr().yellow("test anchors: nothing accepted here counts in production")
        );
    }
    let step = scan(&engagement, &identity, &question, now(), &mut SystemRandom::new()).map_err(|error| {
        Failure::usage(
            error.code(),
            "nobody is asked",
            error,
            "give the text of the wallet's QR code, which begins with mdoc:",
        )
    })?;
    let Step::Connect(connect) = step else {
        return Err(failed(&ReaderError::DeviceKey));
    };
    let mut link = reach(&connect)?;
    let judge = |answered: &Answered| {
        let policy = if args.dev {
            LinkPolicy::LoopbackHttp
        } else {
            LinkPolicy::HttpsOnly
        };
        let at = input::at(args.at.as_deref())?;
        let judge = |evidence: &StatusEvidence| {
            let mut options = AssessOptions::new(&trust, at).with_status(evidence, at);
            if declared == Declared::Yes {
                options = options.for_production();
            }
            answered.judge(&options)
        };
        let mut evidence = StatusEvidence::with_links(policy);
        let reading = judge(&evidence);
        if args.offline {
            return Ok(reading);
        }
        fetch_lists(&reading, &mut evidence, policy, at);
        Ok(judge(&evidence))
    };
    let sent = link.send(connect.message());
    let mut step = match sent {
        Ok(()) => connect.answer(now()),
        Err(_) => connect.cut(),
    };
    let mut reading = None;
    loop {
        step = match step {
            Step::Connect(connect) => connect.cut(),
            Step::Receive(receiving) => match link.receive(receiving.until()) {
                Arrived::Message(message) => receiving.answer(&message, now()),
                Arrived::Nothing => receiving.time_out(),
                Arrived::Cut => receiving.cut(),
            },
            Step::Judge(answered) => {
                reading = Some(judge(&answered)?);
                answered.terminate()
            }
            Step::Send(sending) => match link.send(sending.message()) {
                Ok(()) => sending.answer(now()),
                Err(_) => sending.cut(),
            },
            Step::Done(end) => {
                link.hang_up();
                return conclude(reading, &end, args.json);
            }
        };
    }
}

/// Fetches the status lists that the documents name, each in the form that its document names it in.
pub(crate) fn fetch_lists(reading: &Reading, evidence: &mut StatusEvidence, policy: LinkPolicy, at: Timestamp) {
    let references: Vec<&StatusListReference> = reading.status_references().take(MOST_LISTS).collect();
    if references.is_empty() {
        return;
    }
    let client = Client::new(policy);
    for reference in references {
        if !evidence.is_needed(reference, at) {
            continue;
        }
        match evidence.request(reference).ok().map(|request| client.execute(&request)) {
            Some(Ok(response)) => evidence.add_response(&reference.uri, &response, at),
            _ => evidence.add_failure(&reference.uri, None, at),
        }
    }
}

/// The first line of standard input: the engagement as a scanner types it.
fn first_line() -> Result<String, Failure> {
    let mut line = String::new();
    // Longer than any QR code.
    let read = io::Read::take(io::stdin().lock(), 1 << 14).read_line(&mut line);
    read.map_err(|error| Failure::file("standard input".as_ref(), &error))?;
    Ok(line.trim().to_owned())
}

fn reach(connect: &Connect) -> Result<Link, Failure> {
    let address = address(connect.methods()).ok_or_else(|| {
        Failure::usage(
            "reader.no_way",
            "nobody is asked",
            "the engagement names no socket of this machine, and this program has no radio",
            "show the code with `mappe wallet offer-in-person` on this machine",
        )
    })?;
    Link::connect(address).map_err(|error| {
        Failure::new(
            "reader.cut",
            "nobody is asked",
            error,
            "have the wallet offer again, and ask while it waits",
        )
    })
}

fn conclude(reading: Option<Reading>, end: &End, json: bool) -> Outcome {
    let Some(reading) = reading else {
        return Err(match end {
            End::Failed(error) => failed(error),
            end => Failure::new(
                end.code().unwrap_or("reader.ended"),
                "nothing was read",
                match end {
                    End::TimedOut => "the wallet did not answer in time",
                    End::Cut => "the connection was cut",
                    _ => "the wallet ended the session without an answer",
                },
                "have the wallet offer again",
            ),
        });
    };
    if json {
        outln!("{}", marked(reading.to_json()));
    } else {
        show(&reading);
    }
    Ok(ExitCode::from(match reading.verdict() {
        Verdict::Accepted => 0,
        Verdict::Refused => 1,
        _ => 2,
    }))
}

fn show(reading: &Reading) {
    let paint = Paint::stdout();
    for document in &reading.documents {
        let source = document.doctype.clone().unwrap_or_else(|| "the answer".to_owned());
        out!(
            "{}",
            verify::for_people(&document.assessment.clone().with_source(source))
        );
        for (what, paths) in [("missing", &document.missing), ("not asked", &document.not_requested)] {
            for path in paths {
                outln!("  {what:<10} {}", paint.yellow(safe(&path.to_string())));
            }
        }
    }
    for doctype in &reading.not_returned {
        outln!("{} {}", paint.bold(safe(doctype)), paint.red("not returned"));
    }
}

fn failed(error: &ReaderError) -> Failure {
    let remedy = match error {
        ReaderError::Decryption => "begin again; somebody may be between the two devices",
        ReaderError::Fault { .. } | ReaderError::Message(_) => "begin again with a new offer of the wallet",
        _ => "have the wallet offer again",
    };
    Failure::new(error.code(), "nothing was read", error, remedy)
}
