//! The migrations are built into the program: a changed one means building again.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
