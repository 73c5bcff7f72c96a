//! What comes in besides the command line: secrets from files and from standard input.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use outlink_model::Secret;

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
