//! `outlink demo --auto`: the whole job on one machine, with nobody's help.

use std::fs;

use super::rig::outlink::{Ran, command};
use super::rig::scratch;

#[test]
fn the_demo_plays_itself_and_lists_the_issues() {
    let dir = scratch();
    let place = dir.path().join("demo");
    let ran =
        command().args(["demo", "--auto", "--data-dir"]).arg(&place).output().expect("it runs");
    let ran = Ran::of(&ran);
    let told = ran.succeeded();
    for part in ["DEMO-1 ", "DEMO-2 ", "signed in there as", "practice SMTP server", "new tokens"] {
        assert!(told.contains(part), "{part:?} is missing in {told}");
    }
    let has_failed = told.lines().any(|line| line.trim_start().starts_with("failed"));
    assert!(!has_failed, "every step of the test is ok: {told}");
    assert!(place.join(".outlink-demo").exists(), "it is known as the demo's own");

    // It can be played again in its own place, and begins anew there.
    let again =
        command().args(["demo", "--auto", "--data-dir"]).arg(&place).output().expect("it runs");
    assert!(Ran::of(&again).succeeded().contains("DEMO-1 "));
}

#[test]
fn a_directory_that_no_demo_made_is_left_alone() {
    let dir = scratch();
    fs::write(dir.path().join("notes.txt"), "mine").expect("written");
    let ran =
        command().args(["demo", "--auto", "--data-dir"]).arg(dir.path()).output().expect("it runs");
    let ran = Ran::of(&ran);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("no demo has made"), "{ran:?}");
    assert_eq!(fs::read_dir(dir.path()).expect("readable").count(), 1, "nothing was put there");
}
