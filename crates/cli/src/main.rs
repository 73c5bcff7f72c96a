//! outlink
fn main(){}
