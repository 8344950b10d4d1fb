//! What the user reads: results, and failures that say what to do.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use wallet_core::codec::{Json, Object};

/// Whether nobody reads standard output any more.
static UNREAD: AtomicBool = AtomicBool::new(false);

/// Writes to standard output. When its reader went away the command goes on without a word: what it has begun, such as
/// receiving a credential, must not be lost for a pipe.
pub(crate) fn print(text: std::fmt::Arguments<'_>) {
    if UNREAD.load(Ordering::Relaxed) {
        return;
    }
    let result = std::io::stdout().lock().write_fmt(text);
    if result.is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
        UNREAD.store(true, Ordering::Relaxed);
    }
}

/// Whether development mode is on: a program runs one command, in one mode.
static DEVELOPMENT: AtomicBool = AtomicBool::new(false);

/// Says on standard error that development mode is on, and has [`marked`] name it in JSON.
pub(crate) fn name_development() {
    DEVELOPMENT.store(true, Ordering::Relaxed);
    eprintln!(
        "{}",
        Paint::stderr().yellow("development mode: plain HTTP to this machine, test anchors")
    );
}

/// A JSON document of ours, with `"mode": "development"` where that is on.
pub(crate) fn marked(document: Object) -> Object {
    if DEVELOPMENT.load(Ordering::Relaxed) {
        document.with("mode", Json::from("development"))
    } else {
        document
    }
}

/// A command's end: the process exit code, or why it stopped.
pub(crate) type Outcome = Result<ExitCode, Failure>;

/// Why a command stopped: what was refused, why, and what the user can do.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) what: String,
    pub(crate) why: String,
    pub(crate) remedy: String,
    exit: u8,
}

/// `EX_USAGE` of sysexits.
const USAGE: u8 = 64;

impl Failure {
    /// Something was refused or failed: exit 1.
    pub(crate) fn new(code: &str, what: impl Display, why: impl Display, remedy: impl Display) -> Self {
        Self {
            code: code.to_owned(),
            what: what.to_string(),
            why: why.to_string(),
            remedy: remedy.to_string(),
            exit: 1,
        }
    }

    /// The command was called wrongly: exit 64.
    pub(crate) fn usage(code: &str, what: impl Display, why: impl Display, remedy: impl Display) -> Self {
        Self {
            exit: USAGE,
            ..Self::new(code, what, why, remedy)
        }
    }

    /// A file cannot be read or written.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        let remedy = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path",
            std::io::ErrorKind::PermissionDenied => "check who may use the file",
            _ => "check the file and the disk",
        };
        Self::usage("file", format!("cannot use {}", path.display()), error, remedy)
    }

    /// Prints the failure, on standard output as JSON or on standard error for people.
    pub(crate) fn print(&self, json: bool) -> ExitCode {
        if json {
            let error = Object::new()
                .with("code", Json::from(self.code.as_str()))
                .with("what", Json::from(self.what.as_str()))
                .with("message", Json::from(self.why.as_str()))
                .with("remedy", Json::from(self.remedy.as_str()));
            outln!("{}", marked(Object::new().with("error", Json::Object(error))));
        } else {
            let paint = Paint::stderr();
            eprintln!("{} {}", paint.red("refused:"), self.what);
            eprintln!("    why: {} ({})", self.why, self.code);
            eprintln!("     do: {}", self.remedy);
        }
        ExitCode::from(self.exit)
    }
}

/// Colours, where the reader is a terminal that did not refuse them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(bool);

impl Paint {
    /// For standard output.
    pub(crate) fn stdout() -> Self {
        Self(std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none())
    }

    /// For standard error.
    pub(crate) fn stderr() -> Self {
        Self(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
    }

    fn wrap(self, code: &str, text: impl Display) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_string()
        }
    }

    pub(crate) fn bold(self, text: impl Display) -> String {
        self.wrap("1", text)
    }

    pub(crate) fn dim(self, text: impl Display) -> String {
        self.wrap("2", text)
    }

    pub(crate) fn red(self, text: impl Display) -> String {
        self.wrap("1;31", text)
    }

    pub(crate) fn green(self, text: impl Display) -> String {
        self.wrap("32", text)
    }

    pub(crate) fn yellow(self, text: impl Display) -> String {
        self.wrap("33", text)
    }
}

/// Text from outside, made safe for a terminal: no control characters, no right-to-left overrides (lessons S4).
pub(crate) fn safe(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

/// A table for people: columns as wide as their cells, the first row in bold.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let paint = Paint::stdout();
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())));
        let line = cells.collect::<Vec<_>>().join("  ");
        let line = line.trim_end();
        out.push_str(&if index == 0 { paint.bold(line) } else { line.to_owned() });
        out.push('\n');
    }
    out
}
