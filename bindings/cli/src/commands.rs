//! The commands.

mod bulk;
mod input;
mod keys;

use crate::args::Command;
use crate::report::{Failure, Outcome};

pub(crate) fn run(command: Command) -> Outcome {
    match command {
        Command::Keys(command) => keys::run(command),
        _ => Err(Failure::new(
            "unsupported",
            "nothing was done",
            "this command is not built in",
            "use another",
        )),
    }
}
