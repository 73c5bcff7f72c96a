//! What comes in besides the command line: secrets from files and from standard input.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use outlink_model::{Secret, Timestamp};

/// No secret is anywhere near as long. Somebody named the wrong file, and it shall not be sent anywhere.
const LONGEST: u64 = 64 * 1024;

/// Reads a secret from a file, or from standard input where the path is `-`. A line's end after it does not count,
/// since every editor leaves one. `what` is how a refusal names it.
pub(crate) fn secret(path: &Path, what: &str) -> anyhow::Result<Secret> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text)
    } else {
        let file = std::fs::File::open(path)
            .with_context(|| format!("The {what} cannot be read from {}", path.display()))?;
        file.take(LONGEST + 1).read_to_string(&mut text)
    };
    read.with_context(|| format!("The {what} cannot be read from {}", path.display()))?;
    if text.len() as u64 > LONGEST {
        bail!("{} is too large to hold a {what}.", path.display());
    }
    let trimmed = text.strip_suffix('\n').unwrap_or(&text);
    let trimmed = trimmed.strip_suffix('\r').unwrap_or(trimmed);
    if trimmed.is_empty() {
        bail!("{} is empty: it should hold the {what}.", path.display());
    }
    Ok(Secret::new(trimmed))
}

/// Reads a moment: RFC 3339, or a date alone, which means the end of that day (UTC), since a thing that ends on a day
/// is good until it is over.
pub(crate) fn moment(text: &str) -> Result<String, String> {
    let is_date = text.len() == "2027-05-01".len() && !text.contains(':');
    let moment = if is_date { format!("{text}T23:59:59Z") } else { text.to_owned() };
    match moment.parse::<Timestamp>() {
        Ok(moment) => Ok(moment.to_string()),
        Err(_) => Err("it should look like 2027-05-01 or 2027-05-01T12:00:00Z".into()),
    }
}

/// Reads `NAME=VALUE`. An empty text stands for no parameter at all.
pub(crate) fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        None if text.is_empty() => Ok((String::new(), String::new())),
        _ => Err("it should look like NAME=VALUE".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_cut_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("secret");
        for (written, read) in
            [("a b", "a b"), ("a\n", "a"), ("a\r\n", "a"), (" a \n", " a "), ("a\n\n", "a\n")]
        {
            std::fs::write(&path, written).expect("written");
            assert_eq!(secret(&path, "password").expect("read").expose(), read);
        }
    }

    #[test]
    fn a_date_means_the_end_of_its_day() {
        for (text, expected) in [
            ("2027-05-01", Some("2027-05-01T23:59:59Z")),
            ("2028-02-29", Some("2028-02-29T23:59:59Z")),
            ("2027-05-01T12:00:00Z", Some("2027-05-01T12:00:00Z")),
            ("2027-05-01T12:00:00+02:00", Some("2027-05-01T10:00:00Z")),
            ("2027-02-29", None),
            ("2027-5-1", None),
            ("01.05.2027", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(moment(text).ok().as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_parameter_has_a_name() {
        let pair = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
        for (text, expected) in [
            ("prompt=consent", pair("prompt", "consent")),
            ("claims={\"a\":\"b=c\"}", pair("claims", "{\"a\":\"b=c\"}")),
            ("prompt=", pair("prompt", "")),
            ("", pair("", "")),
            ("=consent", None),
            ("prompt", None),
        ] {
            assert_eq!(parameter(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn an_empty_or_missing_or_huge_file_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("secret");
        let said = |path: &Path| format!("{:#}", secret(path, "password").expect_err("refused"));
        assert!(said(&path).contains("The password cannot be read from"), "{}", said(&path));
        std::fs::write(&path, "\n").expect("written");
        assert!(said(&path).contains("is empty"), "{}", said(&path));
        std::fs::write(&path, "x".repeat(70_000)).expect("written");
        assert!(said(&path).contains("too large"), "{}", said(&path));
    }
}
