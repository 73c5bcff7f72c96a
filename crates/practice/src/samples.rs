//! Messages of our own writing: the shared support inbox of a small maker of bicycle parts.
//!
//! They lie in `samples/` with plain line ends, since that is how people edit them, and get the CRLF of the wire here.

/// A message to practise on.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The file it comes from, without its ending: `01-chain-too-short`.
    pub name: &'static str,
    /// Its bytes as on the wire. Not always valid: one sample lies about its charset.
    pub raw: Vec<u8>,
}

macro_rules! read {
    ($($name:literal),* $(,)?) => {
        vec![$(Sample {
            name: $name,
            raw: wire(include_bytes!(concat!("../samples/", $name, ".eml"))),
        }),*]
    };
}

/// What lies in the inbox at the start, in the order of delivery: what is answered comes before its answers.
pub fn samples() -> Vec<Sample> {
    read![
        "01-chain-too-short",
        "02-sattelstuetze-quietscht",
        "03-brakes-and-geese",
        "04-tandem-times",
        "05-re-chain-too-short",
        "06-aw-sattelstuetze",
        "07-invoice-and-picture",
        "08-out-of-office",
        "09-bounce",
        "10-bell-says-moo",
        "11-porte-bagages",
        "12-broken-charset",
        "13-re-demo-1",
        "14-fwd-saddle-for-a-llama",
        "15-emoji-subject",
        "16-re-brakes-interleaved",
    ]
}

/// What may come in later, while somebody watches: a question, the answer to it, and another question.
pub fn live_samples() -> Vec<Sample> {
    read!["live-1-bottle-holder", "live-2-re-bottle-holder", "live-3-lieferschein"]
}

/// Makes every line end a CRLF, whatever an editor or Git made of it.
fn wire(text: &[u8]) -> Vec<u8> {
    let mut raw = Vec::with_capacity(text.len() + text.len() / 32);
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    for line in text.split(|byte| *byte == b'\n') {
        raw.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        raw.extend_from_slice(b"\r\n");
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
        let prefix = format!("{name}: ");
        let mut lines = text.lines().take_while(|line| !line.is_empty());
        lines.find_map(|line| {
            let start = line.get(..prefix.len())?;
            start.eq_ignore_ascii_case(&prefix).then(|| &line[prefix.len()..])
        })
    }

    #[test]
    fn every_sample_is_a_message_and_parents_come_first() {
        let mut ids = BTreeSet::new();
        let mut replies = 0;
        for sample in samples().into_iter().chain(live_samples()) {
            let name = sample.name;
            let raw = String::from_utf8_lossy(&sample.raw);
            assert!(!raw.replace("\r\n", "").contains(['\r', '\n']), "{name}: a bare line end");
            assert!(raw.lines().all(|line| line.len() <= 998), "{name}: a line too long");
            let id = header(&raw, "Message-ID").expect(name).to_owned();
            for needed in ["Date", "From", "To", "Subject", "Content-Type"] {
                assert!(header(&raw, needed).is_some(), "{name} has no {needed}");
            }
            let automatic = header(&raw, "Auto-Submitted").is_some();
            if let Some(parent) = header(&raw, "In-Reply-To").filter(|_| !automatic) {
                replies += 1;
                assert!(ids.contains(parent), "{name} answers what has not come yet: {parent}");
            }
            assert!(ids.insert(id), "{name} has the Message-ID of another one");
        }
        assert_eq!((ids.len(), replies), (19, 4));
    }

    #[test]
    fn the_broken_one_stays_broken() {
        let all = samples();
        let odd: Vec<_> = all.iter().filter(|one| std::str::from_utf8(&one.raw).is_err()).collect();
        assert_eq!(odd.iter().map(|one| one.name).collect::<Vec<_>>(), ["12-broken-charset"]);
    }
}
