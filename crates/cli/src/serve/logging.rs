//! Log lines: to stderr, for people or for collectors.
//!
//! Keeps **Secrets stay in** against libraries: some of them write whole commands and headers, tokens included, at
//! their lower levels. Whatever is asked for, only our own crates log below `warn`.

use std::io::IsTerminal as _;

use tracing::{Level, Metadata};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::LogFormat;

/// Starts logging for the process. Once it is started, it stays as it is.
pub(crate) fn start(format: LogFormat, level: Level) {
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let lines = match format {
        LogFormat::Text => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    let filter = filter_fn(move |line| is_logged(line, level));
    // A second start fails and changes nothing, which is what is wanted of it.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
}

fn is_logged(line: &Metadata<'_>, level: Level) -> bool {
    let most = if is_ours(line.target()) { level } else { level.min(Level::WARN) };
    *line.level() <= most
}

/// Targets are module paths: `outlink`, `outlink_engine::refresh`. A library's name cannot begin like that.
fn is_ours(target: &str) -> bool {
    target == "outlink" || target.starts_with("outlink::") || target.starts_with("outlink_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_never_log_below_warn() {
        for ours in ["outlink", "outlink::serve", "outlink_engine::refresh"] {
            assert!(is_ours(ours), "{ours}");
        }
        for theirs in ["imap_proto", "sqlx::query", "hyper", "outlinks", "rustls::client"] {
            assert!(!is_ours(theirs), "{theirs}");
        }
        assert_eq!(Level::DEBUG.min(Level::WARN), Level::WARN);
        assert_eq!(Level::ERROR.min(Level::WARN), Level::ERROR);
    }
}
