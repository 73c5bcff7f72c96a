//! What goes wrong in the store, by what the caller can do about it.

/// An error of the store. Its text is for logs and never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another row already has this value in the field of this name. Choose another.
    #[error("the {0} is already in use")]
    Taken(&'static str),
    /// Somebody else wrote it after it was read. Read it again and decide again.
    #[error("it was changed meanwhile")]
    Stale,
    /// It does not exist, or something that it names does not.
    #[error("it does not exist, or names something that does not exist")]
    Missing,
    /// Other things still name it, so it cannot be deleted.
    #[error("other things still use it")]
    InUse,
    /// The database cannot be reached, is full or is busy. It passes: try the same again later.
    #[error("the database is away: {0}")]
    Away(String),
    /// It should never happen: a damaged row, a refused statement.
    #[error("the store is broken: {0}")]
    Broken(String),
    /// The sealing key is missing, wrong or unreadable. The sentences say what to do.
    #[error("{0}")]
    Key(String),
}

impl Error {
    /// Whether the same call may work later without anybody's doing.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Away(_))
    }

    /// Names the field that clashed: the one unique column that a caller of this statement chooses.
    pub(crate) fn taken(error: sqlx::Error, field: &'static str) -> Self {
        match &error {
            sqlx::Error::Database(refusal) if refusal.is_unique_violation() => Self::Taken(field),
            _ => Self::from(error),
        }
    }

    /// A constraint that refuses a deletion says that something still names the row.
    pub(crate) fn in_use(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(refusal) if refusal.is_foreign_key_violation() => Self::InUse,
            _ => Self::from(error),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(refusal) if refusal.is_foreign_key_violation() => Self::Missing,
            sqlx::Error::Database(refusal) => {
                let text = refusal.message().to_owned();
                match refusal.code() {
                    Some(code) if passes(&code) => Self::Away(text),
                    _ => Self::Broken(text),
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Away(error.to_string()),
            _ => Self::Broken(error.to_string()),
        }
    }
}

/// Whether a database's error code means a state that passes. PostgreSQL's codes have five characters, and their first
/// two are the class; SQLite's are numbers, and their low byte is the kind.
fn passes(code: &str) -> bool {
    if code.len() == 5 {
        let class = ["08", "40", "53", "55", "57", "58"];
        // 25006: a standby answers while the cluster fails over.
        return code == "25006" || class.iter().any(|class| code.starts_with(class));
    }
    const BUSY: i64 = 5;
    const LOCKED: i64 = 6;
    const IOERR: i64 = 10;
    const FULL: i64 = 13;
    const CANTOPEN: i64 = 14;
    code.parse::<i64>().is_ok_and(|n| [BUSY, LOCKED, IOERR, FULL, CANTOPEN].contains(&(n & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_is_broken() {
        for code in ["08006", "40001", "40P01", "53100", "57P01", "25006", "5", "13", "261", "3850"]
        {
            assert!(passes(code), "{code} passes");
        }
        for code in ["42601", "22021", "23505", "1", "11", "2067"] {
            assert!(!passes(code), "{code} does not pass by itself");
        }
    }
}
