//! The commands.

mod bulk;
mod dcql;
mod demo;
mod in_person;
mod input;
mod inspect;
mod issue;
mod keys;
mod serve;
mod trust;
mod verify;
mod wallet;

use crate::args::Command;
use crate::report::{Failure, Outcome};

pub(crate) fn run(command: Command) -> Outcome {
    match command {
        Command::Demo(args) => demo::run(&args),
        Command::Dcql(args) => dcql::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Trust(command) => trust::run(command),
        Command::Verify(args) => verify::run(args),
        Command::Wallet(args) => wallet::run(args),
        Command::Reader(args) => in_person::reader::run(&args),
        Command::Issue(command) => issue::run(&command),
        Command::Serve(command) => serve::run(command),
        Command::Keys(command) => keys::run(command),
        _ => Err(Failure::new(
            "unsupported",
            "nothing was done",
            "this command is not built in",
            "use another",
        )),
    }
}
