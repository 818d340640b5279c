//! The dver program: hands its arguments to the library's cli and returns its exit code.

fn main() {}
