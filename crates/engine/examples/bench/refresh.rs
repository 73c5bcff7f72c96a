//! Refreshes a second, beside a client that only asks.
//!
//! The grants came due one after the other within an hour that is over, as after an outage of the server: the hour is
//! compressed into the time that the work takes. The limit on calls to one provider is lifted, since it is what would be
//! measured otherwise; everything else runs as it always does.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use outlink_engine::egress::Policy;
use outlink_engine::links::{LinkDraft, NewLink, NewSecret};
use outlink_engine::{Caller, Clock, Engine, Limits, Page, Settings};
use outlink_model::grant::{Grant, GrantState, Identity, Tokens, later};
use outlink_model::link::Link;
use outlink_model::provider::ProviderKind;
use outlink_model::{GrantId, Secret};
use outlink_oauth::Choice;
use outlink_store::{Store, Vault};
use reqwest::Client;
use serde_json::Value;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::provider::{CLIENT_ID, CLIENT_SECRET, access_token, refresh_token};
use crate::{Error, baseline, machine};

/// As many refreshes as the background has under way at once.
const AT_ONCE: usize = 64;
/// Of one link it has no more than a share of these under way, so there are several.
const LINKS: usize = 8;
/// The hour that everything came due in.
const WINDOW: i64 = 3600;
/// How long nothing may happen before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the provider is.
struct Provider {
    origin: String,
    ca: PathBuf,
    client: Client,
}

/// How one measurement went.
struct Figures {
    seconds: f64,
    cpu: f64,
    calls: u64,
}

/// Measures the baseline, then each database, and prints a table.
pub(crate) async fn run(grants: &str, directory: &str, on: &[&str]) -> Result<(), Error> {
    let grants: usize = grants.parse()?;
    let (_provider, told) = machine::Beside::start(&["provider", directory])?;
    let ca = PathBuf::from(machine::text(&told, "ca")?);
    let certificate = reqwest::Certificate::from_pem(&std::fs::read(&ca)?)?;
    let client = Client::builder().tls_certs_only([certificate]).no_proxy().build()?;
    let provider = Provider { origin: machine::text(&told, "origin")?.into(), ca, client };

    println!(
        "{:<34} {:>8} {:>8} {:>11} {:>11} {:>9} {:>8} {:>8} {:>6} {:>8}",
        "",
        "grants",
        "seconds",
        "refreshes/s",
        "of baseline",
        "CPU ms",
        "calls",
        "refused",
        "lost",
        "peak MB"
    );
    let floor = measure_baseline(&provider, grants).await?;
    print_row("a client that only asks", grants, &floor, &floor, None, &provider).await?;
    for database in on {
        let (name, store) = match *database {
            "sqlite" => {
                let file = Path::new(directory).join("bench.sqlite");
                ("outlink, SQLite", Store::open_sqlite(&file, vault()?).await?)
            }
            url => ("outlink, PostgreSQL", Store::open_postgres(url, vault()?).await?),
        };
        measure_outlink(name, store, &provider, grants, &floor).await?;
    }
    Ok(())
}

fn vault() -> Result<Vault, Error> {
    Ok(Vault::new(&[7; 32])?)
}

async fn measure_baseline(provider: &Provider, grants: usize) -> Result<Figures, Error> {
    provider.reset(grants).await?;
    let (began, cpu) = (Instant::now(), machine::cpu_seconds(std::process::id())?);
    baseline::ask(&provider.client, &provider.origin, grants, AT_ONCE).await?;
    let seconds = began.elapsed().as_secs_f64();
    let cpu = machine::cpu_seconds(std::process::id())? - cpu;
    Ok(Figures { seconds, cpu, calls: provider.calls().await? })
}

async fn measure_outlink(
    name: &str,
    store: Store,
    provider: &Provider,
    grants: usize,
    floor: &Figures,
) -> Result<(), Error> {
    let store = Arc::new(store);
    let engine = engine(&store, provider)?;
    let mut links = Vec::new();
    for number in 1..=LINKS {
        links.push(engine.create_link(new_link(provider, number), &Caller::System).await?.link);
    }
    fill(&store, &links, grants, engine.now()).await?;
    provider.reset(grants).await?;

    let (began, cpu) = (Instant::now(), machine::cpu_seconds(std::process::id())?);
    engine.start();
    let figures = wait(&engine, provider, grants, began, cpu).await?;
    engine.stop().await;
    let lost = grants - fresh(&store, provider, &engine).await?;
    engine.close().await;
    print_row(name, grants, &figures, floor, Some(lost), provider).await
}

fn engine(store: &Arc<Store>, provider: &Provider) -> Result<Engine, Error> {
    let limits = Limits { provider_calls_per_second: 1_000_000, ..Limits::default() };
    let settings = Settings {
        base_url: "http://localhost:8080".into(),
        egress: Policy::parse(&["localhost".to_owned()], None).map_err(|p| p.to_string())?,
        extra_ca: Some(provider.ca.clone()),
        node: "bench".into(),
        clock: Clock::System,
        limits,
        unencrypted_hosts: Vec::new(),
        retention: outlink_engine::Retention::default(),
        failpoint: None,
    };
    Ok(Engine::new(store.clone(), settings)?)
}

fn new_link(provider: &Provider, number: usize) -> NewLink {
    NewLink {
        provider: ProviderKind::Custom,
        choice: Choice::default(),
        draft: LinkDraft {
            name: Some(format!("Bench {number}")),
            client_id: Some(CLIENT_ID.into()),
            secret: Some(NewSecret::new(Secret::new(CLIENT_SECRET))),
            authorization_endpoint: Some(format!("{}/authorize", provider.origin)),
            token_endpoint: Some(format!("{}/token", provider.origin)),
            scope: Some("mail offline_access".into()),
            ..LinkDraft::default()
        },
        discover: None,
        register: None,
        service_account: None,
    }
}

/// Fills the store. The grants come due in another order than they were made in, as they would after a few days.
async fn fill(
    store: &Arc<Store>,
    links: &[Link],
    grants: usize,
    now: Timestamp,
) -> Result<(), Error> {
    let mut fillers = JoinSet::new();
    for filler in 0..16 {
        let (store, links) = (store.clone(), links.to_vec());
        fillers.spawn(async move {
            for number in (filler..grants).step_by(16) {
                let place = (number * 7919) % grants;
                let ago = WINDOW as f64 * (1.0 - place as f64 / grants as f64);
                let due = later(now, SignedDuration::from_millis((ago * -1000.0) as i64));
                let (grant, tokens) = due_grant(number, &links[number % LINKS], due);
                store.create_grant(&grant, &tokens).await?;
            }
            Ok::<_, outlink_store::Error>(())
        });
    }
    while let Some(ended) = fillers.join_next().await {
        ended??;
    }
    Ok(())
}

/// A grant whose tokens were given out for an hour and were due after 70 % of it.
fn due_grant(number: usize, link: &Link, due: Timestamp) -> (Grant, Tokens) {
    let issued_at = later(due, SignedDuration::from_mins(-42));
    let expires_at = later(issued_at, SignedDuration::from_hours(1));
    let email = format!("mailbox-{number}@example.org");
    let grant = Grant {
        id: GrantId(Uuid::from_u128((7 << 76) | number as u128)),
        link_id: link.id,
        identity: Identity { email: Some(email), ..Identity::default() },
        scopes: vec!["mail".into(), "offline_access".into()],
        generation: 1,
        state: GrantState::Active,
        since: issued_at,
        expires_at,
        issued_at,
        renewable: true,
        subject: None,
        refresh_expires_at: None,
        bound_to: Some(outlink_oauth::bound_to(link)),
        has_previous: false,
        next_refresh_at: Some(due),
        intent: None,
        created_at: issued_at,
    };
    let access = Secret::new(access_token(number, 0));
    let refresh = Some(Secret::new(refresh_token(number, 0)));
    (grant, Tokens { generation: 1, access, expires_at, refresh })
}

/// Waits until nothing is due any more. The time counts to the last call, which the last commit follows within
/// milliseconds; the processor's time is read then, too.
async fn wait(
    engine: &Engine,
    provider: &Provider,
    grants: usize,
    began: Instant,
    cpu_before: f64,
) -> Result<Figures, Error> {
    let (mut last, mut moved) = (0, Instant::now());
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let calls = provider.calls().await?;
        if calls >= grants as u64 && provider.all_refreshed().await? {
            let seconds = began.elapsed().as_secs_f64();
            // Whatever would be asked for a second time would be asked for now.
            let cpu = machine::cpu_seconds(std::process::id())? - cpu_before;
            tokio::time::sleep(Duration::from_secs(1)).await;
            engine.ready().await?;
            return Ok(Figures { seconds, cpu, calls: provider.calls().await? });
        }
        if calls != last {
            (last, moved) = (calls, Instant::now());
        }
        if moved.elapsed() > PATIENCE {
            return Err(format!("after {calls} calls nothing happened any more").into());
        }
    }
}

/// How many grants are active, were refreshed once, and have an access token that the provider accepts.
async fn fresh(store: &Store, provider: &Provider, engine: &Engine) -> Result<usize, Error> {
    let mut page = Page { limit: 1000, after: None };
    let mut count = 0;
    loop {
        let listed = store.grants(&page).await?;
        let mut tokens = String::new();
        for grant in &listed.items {
            let well = grant.state == GrantState::Active && grant.generation == 2;
            let lives =
                grant.expires_at > engine.now() && grant.next_refresh_at > Some(engine.now());
            if let Some(held) = store.tokens(grant.id).await?.filter(|_| well && lives) {
                tokens.push_str(held.access.expose());
                tokens.push('\n');
            }
        }
        count += provider.accepts(tokens).await?;
        match listed.next {
            Some(next) => page.after = Some(next),
            None => return Ok(count),
        }
    }
}

async fn print_row(
    name: &str,
    grants: usize,
    figures: &Figures,
    floor: &Figures,
    lost: Option<usize>,
    provider: &Provider,
) -> Result<(), Error> {
    let stats = provider.stats().await?;
    let per_second = grants as f64 / figures.seconds;
    let lost = lost.map_or("-".into(), |lost| lost.to_string());
    println!(
        "{name:<34} {grants:>8} {:>8.2} {per_second:>11.0} {:>11.2} {:>9.3} {:>8} {:>8} {lost:>6} {:>8}",
        figures.seconds,
        floor.seconds / figures.seconds,
        figures.cpu * 1000.0 / grants as f64,
        figures.calls,
        stats["refused"],
        machine::peak_mb(std::process::id())?,
    );
    let once = stats["fewest"] == 1 && stats["most"] == 1 && figures.calls == grants as u64;
    if !once || !matches!(lost.as_str(), "-" | "0") {
        return Err(format!("not exactly one call for each, or grants lost: {stats}").into());
    }
    Ok(())
}

impl Provider {
    async fn ask(&self, path: &str, body: Option<String>) -> Result<String, Error> {
        let url = format!("{}/{path}", self.origin);
        let call = match body {
            Some(body) => self.client.post(url).body(body),
            None => self.client.get(url),
        };
        Ok(call.send().await?.error_for_status()?.text().await?)
    }

    async fn reset(&self, grants: usize) -> Result<(), Error> {
        self.ask("reset", Some(grants.to_string())).await.map(drop)
    }

    async fn calls(&self) -> Result<u64, Error> {
        Ok(self.ask("calls", None).await?.parse()?)
    }

    async fn stats(&self) -> Result<Value, Error> {
        Ok(serde_json::from_str(&self.ask("stats", None).await?)?)
    }

    async fn all_refreshed(&self) -> Result<bool, Error> {
        Ok(self.stats().await?["fewest"] == 1)
    }

    async fn accepts(&self, tokens: String) -> Result<usize, Error> {
        Ok(self.ask("accepts", Some(tokens)).await?.parse()?)
    }
}
