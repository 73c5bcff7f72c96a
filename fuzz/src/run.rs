//! Sessions without waiting: the clock jumps to the next limit of time as soon as nothing else can happen.

use std::time::Duration;

use outlink_mail::{Error, Limits};

use crate::shown;

/// Limits that a fuzzer can reach.
pub const LIMITS: Limits = Limits { line: 2048, literal: 1024, time: Duration::from_secs(60) };

/// Runs a session to its end, which must come by itself.
pub fn session(work: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    let day = Duration::from_secs(24 * 3600);
    let ended = runtime.block_on(async { tokio::time::timeout(day, work).await });
    assert!(ended.is_ok(), "a session without an end");
}

/// Checks what a call said, and gives its answer where the session can be used on. `None` ends the session.
pub fn checked<T>(answer: Result<T, Error>) -> Option<Result<T, Error>> {
    if let Err(error) = &answer {
        shown::words_of(&error.trouble());
        if error.is_session_over() {
            return None;
        }
    }
    Some(answer)
}

/// The same of a sign-in, in whose error nothing stands of what it was made with.
pub fn checked_sign_in<T>(answer: Result<T, Error>) -> Option<Result<T, Error>> {
    if let Err(error) = &answer {
        shown::no_secret(error);
    }
    checked(answer)
}
