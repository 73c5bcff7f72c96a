//! Compiles the migrations in anew when a file is added to them: the compiler alone notices only changed ones.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
