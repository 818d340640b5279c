//! The dver program: hands its arguments to the library's cli and returns its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    dver::cli::run(std::env::args_os())
}
