//! Looking at a server from the outside, step by step, for a test report: where it is, whether it answers, and what
//! certificate it shows.

use std::future::Future;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use jiff::fmt::rfc2822::DateTimeParser;
use outlink_model::Timestamp;
use outlink_model::grant::Trouble;
use outlink_model::step::{Step, StepStatus};
use outlink_oauth::Response;
use rustls::ProtocolVersion;

use crate::Engine;
use crate::egress::{self, Policy, Route, Stream};
use crate::tls::{self, Certificate, Trust};

/// What came of one step, and how long it took.
#[derive(Debug)]
pub(crate) struct Timed<T> {
    /// What came of it.
    pub(crate) went: Result<T, Trouble>,
    /// Milliseconds.
    pub(crate) ms: u64,
}

/// What was seen of a handshake, whether it went well or not.
#[derive(Debug)]
pub(crate) struct Handshake {
    /// `TLS 1.3`, once it went well.
    pub(crate) version: Option<&'static str>,
    /// What the server showed.
    pub(crate) certificate: Option<Certificate>,
    /// Whether all of it is trusted.
    pub(crate) trusted: Timed<()>,
}

impl Engine {
    /// The steps `resolve`, `connect` and `tls` on the way to a host.
    pub(crate) async fn inspect(&self, host: &str, port: u16) -> Vec<Step> {
        let settings = &self.0.settings;
        look(&settings.egress, &self.0.tls, (host, port), settings.limits.connect, self.now()).await
    }
}

/// Goes from a host name to a secure connection and tells each step.
pub(crate) async fn look(
    policy: &Policy,
    trust: &Trust,
    (host, port): (&str, u16),
    limit: Duration,
    now: Timestamp,
) -> Vec<Step> {
    let found = resolve(policy, host, port, limit).await;
    let mut steps = vec![found.step("resolve", Route::found)];
    let Ok(route) = found.went else { return rest_skipped(steps) };
    let opened = connect(&route, trust, limit).await;
    steps.push(opened.step("connect", |_| route.answered()));
    let Ok(stream) = opened.went else { return rest_skipped(steps) };
    let handshake = secure(stream, host, trust, limit).await;
    steps.push(handshake.step(now));
    steps
}

/// Finds the way to a host.
pub(crate) async fn resolve(
    policy: &Policy,
    host: &str,
    port: u16,
    limit: Duration,
) -> Timed<Route> {
    timed(egress::route(policy, host, port, limit)).await
}

/// Opens the way.
pub(crate) async fn connect(route: &Route, trust: &Trust, limit: Duration) -> Timed<Stream> {
    timed(egress::open(route, &trust.config(), limit)).await
}

/// Makes it secure and looks at what the server shows. The connection is given up afterwards.
pub(crate) async fn secure(
    stream: Stream,
    host: &str,
    trust: &Trust,
    limit: Duration,
) -> Handshake {
    let (config, watcher) = trust.watched();
    let secured = timed(tls::secure_watched(stream, host, (config, &watcher), limit)).await;
    let version =
        secured.went.as_ref().ok().and_then(|stream| stream.get_ref().1.protocol_version());
    let version = version.map(|version| match version {
        ProtocolVersion::TLSv1_3 => "TLS 1.3",
        ProtocolVersion::TLSv1_2 => "TLS 1.2",
        _ => "TLS",
    });
    let trusted = Timed { went: secured.went.map(drop), ms: secured.ms };
    Handshake { version, certificate: watcher.certificate(), trusted }
}

impl Handshake {
    /// How it went; a certificate that is about to end is told in the hint.
    pub(crate) fn step(&self, now: Timestamp) -> Step {
        let certificate = self.certificate.as_ref();
        let mut step = self.trusted.step("tls", |()| {
            let version = self.version.unwrap_or("TLS");
            let summary = certificate.map(Certificate::summary).unwrap_or_default();
            format!("{version}. {summary}").trim().to_owned()
        });
        if step.status == StepStatus::Ok {
            step.hint = certificate.and_then(|shown| shown.warning(now)).unwrap_or_default();
        }
        step
    }
}

impl<T> Timed<T> {
    /// The line of a report.
    pub(crate) fn step(&self, id: &'static str, message: impl FnOnce(&T) -> String) -> Step {
        let (status, message, hint) = match &self.went {
            Ok(value) => (StepStatus::Ok, message(value), String::new()),
            Err(trouble) => (StepStatus::Failed, trouble.reason.clone(), trouble.hint.clone()),
        };
        Step { id, status, message, hint, ms: self.ms }
    }
}

/// How far the clock of whoever answered is ahead of ours, or behind it. `None` where the answer names no time, or comes
/// out of a cache and names an old one.
pub(crate) fn clock_skew(response: &Response, now: Timestamp) -> Option<SignedDuration> {
    static DATE: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    if response.header("age").is_some_and(|age| age.trim() != "0") {
        return None;
    }
    let theirs = DATE.parse_timestamp(response.header("date")?.trim()).ok()?;
    // The field has whole seconds.
    Some(SignedDuration::from_secs(theirs.as_second() - now.as_second()))
}

fn rest_skipped(mut steps: Vec<Step>) -> Vec<Step> {
    for id in ["connect", "tls"] {
        if !steps.iter().any(|step| step.id == id) {
            let message = "Not tried, since an earlier step failed.".to_owned();
            let status = StepStatus::Skipped;
            steps.push(Step { id, status, message, hint: String::new(), ms: 0 });
        }
    }
    steps
}

async fn timed<T>(work: impl Future<Output = Result<T, Trouble>>) -> Timed<T> {
    let begun = Instant::now();
    let went = work.await;
    Timed { went, ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX) }
}

#[cfg(test)]
mod tests;
