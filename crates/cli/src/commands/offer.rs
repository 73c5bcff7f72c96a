//! What is handed to whoever shall consent, and waiting for it.

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{Answer, Client};
use crate::commands::Context;
use crate::print::{self, Format};

/// Asking for a consent: for how long, and whether to wait for it.
#[derive(Debug, Default, Args)]
pub(crate) struct Ask {
    /// How long the address works, 1 to 720 hours; 72 where left out
    #[arg(long, value_name = "HOURS")]
    expires_in_hours: Option<u32>,
    /// Wait until the consent is given, then print the grant
    #[arg(long)]
    wait: bool,
    /// How long to wait
    #[arg(long, default_value_t = 600, value_name = "SECONDS", requires = "wait")]
    timeout: u64,
}

impl Ask {
    /// Whether the consent is waited for.
    pub(crate) fn waits(&self) -> bool {
        self.wait
    }

    /// What is sent of it.
    pub(crate) fn body(&self) -> Value {
        self.expires_in_hours
            .map_or_else(|| json!({}), |hours| json!({ "expires_in_hours": hours }))
    }
}

/// How a consent is given.
enum How {
    /// At this address.
    Page(String),
    /// By a code that is typed at the provider.
    Device {
        /// Where it is typed.
        address: String,
        /// The code.
        code: String,
        /// The address with the code in it, as far as the provider makes one.
        complete: String,
    },
}

impl How {
    fn of(offer: &Value) -> anyhow::Result<Self> {
        let text = |value: &Value| value.as_str().map(print::clean);
        let device = &offer["device"];
        match (text(&offer["url"]), text(&device["verification_uri"]), text(&device["user_code"])) {
            (Some(url), _, _) => Ok(Self::Page(url)),
            (None, Some(address), Some(code)) => {
                let complete = text(&device["verification_uri_complete"]);
                let complete = complete.unwrap_or_else(|| address.clone());
                Ok(Self::Device { address, code, complete })
            }
            _ => bail!("The answer says neither where a consent is given nor by which code."),
        }
    }

    /// Alone, so that a script can use it.
    fn bare(&self) -> String {
        match self {
            Self::Page(url) => url.clone(),
            Self::Device { address, code, .. } => format!("address  {address}\ncode     {code}"),
        }
    }

    /// In words.
    fn told(&self) -> String {
        match self {
            Self::Page(url) => format!(
                "Open this address in a browser, or send it to whoever should consent:\n\n  {url}\n"
            ),
            Self::Device { address, code, .. } => format!(
                "Open this address on any device, and type the code there:\n\n  {address}\n  {code}\n"
            ),
        }
    }

    /// What a telephone can read off the screen.
    fn picture(&self) -> Option<String> {
        match self {
            Self::Page(_) => None,
            Self::Device { complete, .. } => print::qr(complete),
        }
    }
}

/// Shows how a consent is given, and waits for it where that was asked for.
pub(crate) async fn offered(
    context: &Context,
    client: &Client,
    offer: &Answer,
    ask: &Ask,
) -> anyhow::Result<()> {
    let how = How::of(&offer.value)?;
    let for_people = context.format() == Format::Text;
    if !ask.wait {
        if !for_people {
            print::line(offer.text.trim_end());
            return Ok(());
        }
        print::line(&how.bare());
        if let Some(picture) = how.picture().filter(|_| std::io::stdout().is_terminal()) {
            print::line(&format!("\n{picture}"));
        }
        return Ok(());
    }
    // Standard output is for the grant alone, so that a script can read it whole.
    eprintln!("{}", how.told());
    if let Some(picture) = how.picture().filter(|_| for_people && std::io::stderr().is_terminal()) {
        eprintln!("{picture}\n");
    }
    let consent =
        offer.value["consent"].as_str().context("The answer names no consent to wait for")?;
    let answer = until_done(client, consent, Duration::from_secs(ask.timeout)).await?;
    let grant = json!({ "grant": answer.value["grant"] });
    match context.format() {
        Format::Json => print::line(&grant.to_string()),
        Format::Text => print::line(&print::fields(&grant["grant"])),
    }
    Ok(())
}

/// Asks about a consent until it is given, refused, or the time is over.
pub(crate) async fn until_done(
    client: &Client,
    consent: &str,
    limit: Duration,
) -> anyhow::Result<Answer> {
    const PAUSE: Duration = Duration::from_secs(1);
    let end = Instant::now() + limit;
    loop {
        let answer = client.get(&["consents", consent], &[]).await?;
        match answer.value["state"].as_str() {
            Some("done") => return Ok(answer),
            Some("failed") => bail!(
                "The consent was not given: {}",
                Some(print::cell(&answer.value["reason"]))
                    .filter(|reason| !reason.is_empty())
                    .unwrap_or_else(|| "no reason is known".into())
            ),
            _ if Instant::now() >= end => bail!(
                "Nobody has consented within {} seconds. The offer stands until it expires; `outlink grant list` shows \
                 the grant once it is there.",
                limit.as_secs()
            ),
            _ => tokio::time::sleep(PAUSE.min(end - Instant::now())).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_an_address_or_a_code() {
        let page = How::of(&json!({ "url": "https://o.example/consent/x" })).expect("a page");
        assert_eq!(page.bare(), "https://o.example/consent/x");
        assert!(page.picture().is_none());

        let device = |complete: Value| {
            How::of(&json!({ "device": {
                "user_code": "WDJB-MJHT\u{1b}[2J",
                "verification_uri": "https://as.example/device",
                "verification_uri_complete": complete,
            }}))
            .expect("a code")
        };
        let with = device(json!("https://as.example/device?user_code=WDJB-MJHT"));
        assert_eq!(with.bare(), "address  https://as.example/device\ncode     WDJB-MJHT [2J");
        assert!(with.told().contains("type the code"), "{}", with.told());
        assert_ne!(with.picture(), device(Value::Null).picture(), "it holds the code, too");

        assert!(How::of(&json!({ "consent": "1", "device": { "user_code": "A" } })).is_err());
    }

    #[test]
    fn what_is_not_said_is_not_sent() {
        let ask = |hours| Ask { expires_in_hours: hours, wait: false, timeout: 1 };
        assert_eq!(ask(None).body(), json!({}));
        assert_eq!(ask(Some(24)).body(), json!({ "expires_in_hours": 24 }));
    }
}
