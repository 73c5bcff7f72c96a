//! Answers of a provider's endpoints: tokens, device codes, registrations, and every way of saying no.
//!
//! Two octets say who answers with which status, the first line is a header, and the rest is the body.

#![no_main]

use jiff::SignedDuration;
use libfuzzer_sys::fuzz_target;
use outlink_fuzz::link::{now, provider};
use outlink_fuzz::shown::{self, SECRET, with_secret};
use outlink_model::Secret;
use outlink_model::grant::Failure;
use outlink_oauth::{
    DevicePoll, Response, TokenAnswer, is_client_refused, parse_code_response,
    parse_device_authorization, parse_device_response, parse_registration,
    parse_revocation_response, parse_token_response, without_secrets,
};

const STATUS: [u16; 16] =
    [200, 200, 200, 201, 204, 302, 400, 400, 400, 401, 403, 404, 408, 429, 500, 503];

fuzz_target!(|octets: &[u8]| {
    let [kind, status, rest @ ..] = octets else { return };
    let end = rest.iter().position(|&octet| octet == b'\n').unwrap_or(rest.len());
    let (header, body) = rest.split_at(end);
    let name = if status & 16 == 0 { "Retry-After" } else { "WWW-Authenticate" };
    let response = Response {
        status: STATUS[usize::from(status & 15)],
        headers: vec![(name.to_owned(), String::from_utf8_lossy(header).into_owned())],
        body: with_secret(body),
    };
    let provider = provider(*kind);
    tokens(parse_token_response(provider, &response, now()));
    tokens(parse_code_response(provider, &response, now()));
    match parse_device_response(provider, &response, now()) {
        Ok(answer) => tokens(Ok(answer)),
        Err(DevicePoll::Failed(failure)) => refused(failure),
        Err(DevicePoll::Over(trouble)) => assert!(!trouble.reason.is_empty()),
        Err(DevicePoll::Pending | DevicePoll::SlowDown) => {}
    }
    match parse_device_authorization(provider, &response, now()) {
        Ok(device) => {
            shown::line(&device.user_code);
            let complete = device.verification_uri_complete.as_ref();
            for uri in [&device.verification_uri].into_iter().chain(complete) {
                shown::line(uri);
                let uri = uri.to_ascii_lowercase();
                assert!(uri.starts_with("https://") || uri.starts_with("http://"), "{uri:?}");
            }
            assert!(device.interval.is_positive() && device.expires_in.is_positive());
        }
        Err(failure) => refused(failure),
    }
    if let Err(failure) = parse_revocation_response(provider, &response, now()) {
        refused(failure);
    }
    match parse_registration(&response, &[&Secret::new(SECRET)]) {
        Ok(registered) => {
            shown::line(&registered.client_id);
            registered.unknown_auth.iter().for_each(|name| shown::line(name));
        }
        Err(problem) => {
            shown::problem(&problem);
            if !(200..300).contains(&response.status) {
                shown::no_secret(&problem);
            }
        }
    }
    let _ = is_client_refused(provider, &response);
});

fn tokens(answer: Result<TokenAnswer, Failure>) {
    match answer {
        Ok(answer) => {
            let access = answer.access.expose();
            assert!(!access.is_empty() && access.bytes().all(|byte| byte.is_ascii_graphic()));
            let year = SignedDuration::from_hours(366 * 24);
            assert!(answer.expires_in.is_positive() && answer.expires_in <= year);
            assert!(answer.refresh.is_none_or(|refresh| !refresh.is_empty()));
        }
        Err(failure) => refused(failure),
    }
}

/// A refusal as it is kept, once what we sent is cut out.
fn refused(failure: Failure) {
    shown::failure(&without_secrets(failure, &[&Secret::new(SECRET)]));
}
