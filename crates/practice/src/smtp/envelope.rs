//! Addresses and parameters of MAIL and RCPT (RFC 5321 §4.1.1.2, §4.1.1.3). Pure.

/// The longest path that is taken (RFC 5321 §4.5.3.1.3 has 256).
const PATH_CAP: usize = 256;

/// The arguments of a MAIL or RCPT command: the address (empty for `<>`) and the parameters, names in upper case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) address: String,
    pub(super) parameters: Vec<(String, String)>,
}

/// Reads what follows `MAIL` or `RCPT`; `keyword` is `FROM:` or `TO:`.
pub(super) fn parse(rest: &str, keyword: &str) -> Option<Path> {
    let head = rest.get(..keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    // A space before the bracket is wrong, common and harmless.
    let rest = rest.get(keyword.len()..)?.trim_start_matches(' ').strip_prefix('<')?;
    let (path, rest) = rest.split_once('>')?;
    // A source route is read past (RFC 5321 §4.1.1.3).
    let address = match path.strip_prefix('@') {
        Some(route) => route.split_once(':')?.1,
        None => path,
    };
    let plain = |byte: u8| byte.is_ascii_graphic() || !byte.is_ascii();
    let whole = address.is_empty()
        || address
            .rsplit_once('@')
            .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
    if !whole || path.len() > PATH_CAP || !address.bytes().all(plain) {
        return None;
    }
    let parameter = |word: &str| {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        (name.to_ascii_uppercase(), value.to_owned())
    };
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    let parameters = rest.split(' ').filter(|word| !word.is_empty()).map(parameter).collect();
    Some(Path { address: address.to_owned(), parameters })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let path = parse("from:<a@b.example> SIZE=10 BODY=8BITMIME", "FROM:").unwrap();
        assert_eq!(path.address, "a@b.example");
        let expected = [("SIZE", "10"), ("BODY", "8BITMIME")];
        assert_eq!(
            path.parameters,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(parse("FROM:<>", "FROM:").unwrap().address, "");
        assert_eq!(parse("TO: <@r.example:a@b.example>", "TO:").unwrap().address, "a@b.example");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for rest in [
            "",
            "FROM:a@b",
            "FROM:<a@b",
            "FROM:<a>",
            "FROM:<@b>",
            "FROM:<a b@c>",
            "FROM:<a@b>x",
            "TO:<a@b>",
        ] {
            assert_eq!(parse(rest, "FROM:"), None, "{rest:?}");
        }
    }
}
