//! Rules about senders, beside a slower reading of the same patterns.

#![no_main]

use libfuzzer_sys::fuzz_target;
use outlink_model::handler::{SenderRule, fits};

fuzz_target!(|octets: &[u8]| {
    let text = String::from_utf8_lossy(octets);
    let (rule, address) = text.split_once('\n').unwrap_or((&text, "ann@a.example"));
    if let Ok(rule) = rule.parse::<SenderRule>() {
        let written = rule.to_string();
        assert_eq!(written.parse().as_ref(), Ok(&rule), "{written:?}");
        let _ = rule.matches(address);
    }
    if rule.len() <= 64 && address.len() <= 64 {
        assert_eq!(fits(rule, address), fits_slowly(rule.as_bytes(), address.as_bytes()));
    }
});

/// The same by a table: whether each beginning of the text fits each beginning of the pattern.
fn fits_slowly(pattern: &[u8], text: &[u8]) -> bool {
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for &byte in pattern {
        let mut next = vec![false; text.len() + 1];
        next[0] = byte == b'*' && row[0];
        for at in 1..=text.len() {
            next[at] = match byte {
                b'*' => row[at] || next[at - 1],
                byte => row[at - 1] && byte == text[at - 1],
            };
        }
        row = next;
    }
    row[text.len()]
}
