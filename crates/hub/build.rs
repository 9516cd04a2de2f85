//! The console is built into the program: a changed one means building again.

fn main() {
    println!("cargo:rerun-if-changed=../../ui/dist");
}
