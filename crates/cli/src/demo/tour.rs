//! The demo for a person: where to click, and what happens meanwhile.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use super::feed::{self, Feed};
use super::stage::Stage;
use crate::print::{cell, line};

/// How often it is looked whether something has happened.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells what to do, then what happens, without an end.
pub(crate) async fn run(stage: &Stage) -> anyhow::Result<()> {
    let sign_in = stage.sign_in_url().await?;
    let offer = stage.ask_for_consent().await?;
    let start = offer["url"].as_str().context("The answer has no start page")?;
    line(&opening(stage, &sign_in, start)?);
    let grant = first_grant(stage).await?;
    line(&format!("{} has consented. Its mail is fetched now:\n", cell(&grant["identity"])));
    if is_untouched(stage).await? {
        stage.attach(&grant).await.context("The mailbox could not be set up")?;
    }
    let mut feed = Feed::default();
    let mut told = 0;
    let all = outlink_practice::samples().len();
    loop {
        for message in feed.news(&stage.client).await? {
            line(&format!("  {}", feed::line(&message)));
            told += 1;
            if told == all {
                line(&closing(stage)?);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn opening(stage: &Stage, sign_in: &str, start: &str) -> anyhow::Result<String> {
    let owner = stage.owner()?;
    let kept = if stage.place.is_temporary() {
        "It is gone when you stop it with Ctrl-C.".to_owned()
    } else {
        format!("Its data is in {}. Stop it with Ctrl-C.", stage.place.path().display())
    };
    Ok(format!(
        "
outlink demo

A practice provider with a mailbox, and outlink beside it, run in this process and on this machine alone.
{kept}

  1. Look around in the console. This address signs you in, once and without a password:

       {sign_in}

     A link to the practice provider and the project DEMO are set up. There is no mail yet: nobody has consented.

  2. Be {name}, whose mailbox it is. This is the page that outlink sends to a mailbox owner:

       {start}

     Its button leads to the provider. Sign in there as {address}
     with the password \"{password}\", and allow it.

  3. Come back here. With that consent the mail is fetched, and each message turns into an issue or a comment.

Waiting for the consent ...
",
        name = owner.name,
        address = owner.address,
        password = owner.password.expose(),
    ))
}

fn closing(stage: &Stage) -> anyhow::Result<String> {
    let practice = &stage.practice;
    Ok(format!(
        "
That was all that lay there. Look at it in the console, under Issues and under Messages: {base_url}

Send more, and see it arrive within seconds:

  printf 'From: you@example.net\\nTo: {to}\\nSubject: Hello\\n\\nIt works.\\n' > hello.eml
  curl --url smtps://localhost:{port} --cacert {ca} \\
    --mail-from you@example.net --mail-rcpt {to} --upload-file hello.eml

Use the command line beside it:

  export OUTLINK_URL={base_url} OUTLINK_TOKEN_FILE={token}
  outlink issue list
  outlink delivery list             # new persons were told; the practice server keeps that mail to itself
  outlink grant refresh {to}
",
        base_url = stage.base_url,
        to = stage.owner()?.address,
        port = practice.smtp.port(),
        ca = practice.ca_pem_path.display(),
        token = stage.place.path().join("token").display(),
    ))
}

/// Waits for the first consent, whichever way it was asked for.
async fn first_grant(stage: &Stage) -> anyhow::Result<Value> {
    loop {
        let grants = stage.client.get(&["grants"], &[]).await?.value;
        if let Some(grant) = grants["items"].as_array().and_then(|items| items.first()) {
            return Ok(grant.clone());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether nobody has set a mail server up in the console meanwhile.
async fn is_untouched(stage: &Stage) -> anyhow::Result<bool> {
    let servers = stage.client.get(&["mail-servers"], &[]).await?.value;
    Ok(servers["items"].as_array().is_some_and(Vec::is_empty))
}
