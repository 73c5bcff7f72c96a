//! Names that cannot be guessed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A prefix, then 32 random bytes in base64url. The prefix says what a value is when it turns up where it should not.
pub(crate) fn token(prefix: &str) -> String {
    let mut bytes = [0_u8; 32];
    fill(&mut bytes);
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// A random number that serves as UIDVALIDITY: never 0 (RFC 9051 §2.3.1.1), and well inside 31 bits for careless clients.
pub(crate) fn uid_validity() -> u32 {
    let mut bytes = [0_u8; 4];
    fill(&mut bytes);
    (u32::from_be_bytes(bytes) >> 2) | 1
}

fn fill(bytes: &mut [u8]) {
    // The system's generator was tried at the start (the signing key came from it) and does not fail later on the
    // systems this runs on. If it did, going on with a guessable token would be worse than stopping.
    #[expect(clippy::expect_used, reason = "there is no safe way on without random numbers")]
    aws_lc_rs::rand::fill(bytes).expect("the system gives random numbers");
}
