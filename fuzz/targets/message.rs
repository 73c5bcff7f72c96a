//! A whole mail.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| outlink_fuzz::mail::check(raw));
