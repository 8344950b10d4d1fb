//! The command `mappe`: verify, inspect, hold, issue and serve credentials.

/// Prints to standard output. Whoever reads it may stop when it has seen enough: that is no fault to report.
macro_rules! out {
    ($($text:tt)*) => { $crate::report::print(format_args!($($text)*)) };
}

/// [`out!`] with a line end.
macro_rules! outln {
    () => { $crate::report::print(format_args!("\n")) };
    ($($text:tt)*) => {{ $crate::report::print(format_args!($($text)*)); $crate::report::print(format_args!("\n")); }};
}

/// [`out!`] for standard error.
macro_rules! err {
    ($($text:tt)*) => { $crate::report::print_error(format_args!($($text)*)) };
}

/// [`err!`] with a line end.
macro_rules! errln {
    ($($text:tt)*) => { $crate::report::print_error(format_args!("{}\n", format_args!($($text)*))) };
}

mod args;
mod commands;
mod report;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::args::{Cli, Command};
use crate::report::{Failure, Outcome};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            if error.use_stderr() && std::env::args().any(|argument| argument == "--json") {
                let text = error.render().to_string();
                let why: Vec<&str> = text
                    .lines()
                    .take_while(|line| !line.is_empty())
                    .map(str::trim)
                    .collect();
                let why = why.join(" ");
                let why = why.trim_start_matches("error: ");
                return Failure::usage("usage", "the command is not run", why, "see `mappe help`").print(true);
            }
            let _ = error.print();
            // Help and version are not mistakes; all else is one of usage (64).
            return ExitCode::from(if error.use_stderr() { 64 } else { 0 });
        }
    };
    let json = wants_json(&cli.command);
    // The servers and the demo name it in their own first line.
    if let Command::Verify(args::VerifyArgs { dev: true, .. })
    | Command::Reader(args::ReaderArgs { dev: true, .. })
    | Command::Wallet(args::WalletArgs { dev: true, .. }) = &cli.command
    {
        report::name_development();
    }
    run(cli.command).unwrap_or_else(|failure| failure.print(json))
}

fn run(command: Command) -> Outcome {
    match command {
        Command::Completions { shell } => {
            // Into memory first: the generator takes a reader that went away for a fault.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "mappe", &mut script);
            out!("{}", String::from_utf8_lossy(&script));
            Ok(ExitCode::SUCCESS)
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .map_err(|error| Failure::file("standard output".as_ref(), &error))?;
            out!("{}", String::from_utf8_lossy(&page));
            Ok(ExitCode::SUCCESS)
        }
        command => commands::run(command),
    }
}

fn wants_json(command: &Command) -> bool {
    use crate::args::{IssueCommand, KeysCommand, ServeCommand, TrustCommand};
    match command {
        Command::Demo(args) => args.json,
        Command::Verify(args) => args.json,
        Command::Inspect(args) => args.json,
        Command::Dcql(args) => args.json,
        Command::Keys(KeysCommand::New { json, .. }) | Command::Issue(IssueCommand::SchoolReport { json, .. }) => *json,
        Command::Issue(IssueCommand::Pid(args)) => args.json,
        Command::Trust(
            TrustCommand::Add { place, .. }
            | TrustCommand::List { place }
            | TrustCommand::Remove { place, .. }
            | TrustCommand::Show { place, .. },
        ) => place.json,
        Command::Wallet(args) => args.json,
        Command::Reader(args) => args.json,
        Command::Serve(ServeCommand::Authority(serve) | ServeCommand::University { serve, .. }) => serve.json,
        Command::Completions { .. } | Command::Man => false,
    }
}
