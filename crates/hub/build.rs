//! The console is built into the program: a changed one means building again.
#![expect(clippy::print_stdout, reason = "that is how a build script speaks to cargo")]

fn main() {
    println!("cargo:rerun-if-changed=../../ui/dist");
}
