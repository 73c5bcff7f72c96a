//! Addresses as an envelope carries them (RFC 5321 §4.1.2, RFC 6531 §3.3). Pure.

/// Octets of an address (RFC 5321 §4.5.3.1.3, its angle brackets apart).
const ADDRESS: usize = 254;

/// An address that an envelope can carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Carried {
    /// As it is written between angle brackets: the domain in ASCII.
    pub(crate) address: String,
    /// Whether the part before the `@` is not of ASCII, so that the server must offer SMTPUTF8.
    pub(crate) needs_utf8: bool,
}

/// An address as an envelope carries it; `None` for what is none, or would end where it stands: line breaks, angle
/// brackets, spaces, and anything else that only a quoted name could have.
pub(crate) fn carried(address: &str) -> Option<Carried> {
    let (local, domain) = address.rsplit_once('@')?;
    let is_carried = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => true,
        // RFC 5322 §3.2.3, atext; and the dot.
        _ if c.is_ascii() => "!#$%&'*+-/=?^_`{|}~.".contains(c),
        _ => !c.is_control() && !c.is_whitespace() && !is_formatting(c),
    };
    let is_dotted = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    if local.is_empty() || !is_dotted || !local.chars().all(is_carried) {
        return None;
    }
    let address = format!("{local}@{}", host(domain)?);
    (address.len() <= ADDRESS).then(|| Carried { address, needs_utf8: !local.is_ascii() })
}

/// Whether mail can be sent from or to this address by some server. One whose part before the `@` is not of ASCII needs one
/// that offers SMTPUTF8; quoted names, and whatever would end where it stands, are never sent.
pub fn is_carried(address: &str) -> bool {
    carried(address).is_some()
}

/// Marks that are not seen and change how the rest reads.
fn is_formatting(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A domain in ASCII (RFC 5891), or an address in brackets (RFC 5321 §4.1.3).
fn host(domain: &str) -> Option<String> {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let is_literal = literal.bytes().all(|b| b.is_ascii_alphanumeric() || b".:-".contains(&b));
        return (is_literal && !literal.is_empty()).then(|| domain.to_owned());
    }
    let ascii =
        if domain.is_ascii() { domain.to_owned() } else { idna::domain_to_ascii(domain).ok()? };
    let is_label = |label: &str| {
        let edges = label.starts_with('-') || label.ends_with('-');
        let inside = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        (1..=63).contains(&label.len()) && inside && !edges
    };
    ascii.split('.').all(is_label).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(address: &str) -> Option<(String, bool)> {
        carried(address).map(|carried| (carried.address, carried.needs_utf8))
    }

    #[test]
    fn addresses_are_written_as_an_envelope_carries_them() {
        for address in [
            "a@example.org",
            "first.last+tag@sub.example.org",
            "O'Brien_{x}=y@example.org",
            "root@localhost",
            "a@[192.0.2.1]",
            "a@[IPv6:2001:db8::1]",
        ] {
            assert_eq!(written(address), Some((address.to_owned(), false)), "{address}");
            assert!(is_carried(address), "{address}");
        }
        assert_eq!(written("a@Bücher.example"), Some(("a@xn--bcher-kva.example".into(), false)));
        assert_eq!(
            written("jörg@bücher.example"),
            Some(("jörg@xn--bcher-kva.example".into(), true))
        );
    }

    #[test]
    fn what_would_end_where_it_stands_is_no_address() {
        for address in [
            "",
            "a",
            "@",
            "a@",
            "@example.org",
            "a b@example.org",
            "a@example.org\r\nDATA",
            "a\n@example.org",
            "a\r@example.org",
            "a@example.org> SIZE=1",
            "<a@example.org>",
            "a>b@example.org",
            "a\0@example.org",
            "\"a b\"@example.org",
            "a@b@example.org",
            ".a@example.org",
            "a.@example.org",
            "a..b@example.org",
            "a@example..org",
            "a@example.org.",
            "a@-x.org",
            "a@exa mple.org",
            "a@[]",
            "a@[1.2.3.4] x]",
            "a\u{202e}@example.org",
            "a\u{85}@example.org",
            "a,b@example.org",
        ] {
            assert_eq!((carried(address), is_carried(address)), (None, false), "{address:?}");
        }
        assert_eq!(carried(&format!("{}@example.org", "a".repeat(300))), None);
    }
}
