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

/// Eight letters in two groups, for people to type: none that sounds or looks like another, and no vowels, so that no
/// word comes out (RFC 8628 §6.1).
pub(crate) fn user_code() -> String {
    const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";
    let mut bytes = [0_u8; 8];
    fill(&mut bytes);
    // 256 is no multiple of 20: some letters come a little more often, which costs a fraction of a bit.
    let letter = |byte: &u8| LETTERS.get(usize::from(*byte) % LETTERS.len()).copied();
    let mut code: String = bytes.iter().filter_map(letter).map(char::from).collect();
    code.insert(4, '-');
    code
}

/// Something that looks like a UUID, for the traces of error bodies.
pub(crate) fn trace() -> String {
    let mut bytes = [0_u8; 16];
    fill(&mut bytes);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

fn fill(bytes: &mut [u8]) {
    // The system's generator was tried at the start (the signing key came from it) and does not fail later on the
    // systems this runs on. If it did, going on with a guessable token would be worse than stopping.
    #[expect(clippy::expect_used, reason = "there is no safe way on without random numbers")]
    aws_lc_rs::rand::fill(bytes).expect("the system gives random numbers");
}
