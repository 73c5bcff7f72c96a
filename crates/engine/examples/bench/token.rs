//! Hand-outs a second of a running `outlink serve`, beside a bare endpoint of the same HTTP stack.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};

use crate::machine::{Beside, cpu_seconds, text};
use crate::provider::{CLIENT_ID, CLIENT_SECRET, refresh_token};
use crate::{Error, load, served};

/// How long each measurement takes, and how often each is made; the median counts. Short and often, since a machine's
/// other work comes in bursts: each is compared with the one beside it.
const TIME: Duration = Duration::from_secs(1);
const RUNS: usize = 15;
/// Connections at once.
const CONNECTIONS: [usize; 2] = [16, 64];

/// A server with a grant, and the request that is handed its token.
struct Server {
    process: Beside,
    address: SocketAddr,
    request: String,
}

/// Measures both in turns, and prints a table.
pub(crate) async fn run(binary: &str, directory: &str) -> Result<(), Error> {
    let (_provider, told) = Beside::start(&["provider", directory])?;
    let server = start(binary, Path::new(directory), &told).await?;
    let answer = load::once(server.address, &server.request).await?;
    let octets = answer.len().to_string();
    let (bare, told) = Beside::start(&["bare", &octets])?;
    let bare_address: SocketAddr = text(&told, "address")?.parse()?;
    let bare_request = "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n".to_owned();

    println!("answers of {octets} octets, {} s each, median of {RUNS}", TIME.as_secs());
    println!(
        "{:<36} {:>12} {:>10} {:>8} {:>9} {:>9} {:>9}",
        "", "connections", "answers/s", "of bare", "p50 ms", "p99 ms", "CPU ms"
    );
    for connections in CONNECTIONS {
        let (mut plain, mut handed, mut shares) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let bare = measure(bare.id(), bare_address, &bare_request, connections).await?;
            let process = server.process.id();
            let ours = measure(process, server.address, &server.request, connections).await?;
            shares.push(ours.0.per_second / bare.0.per_second);
            plain.push(bare);
            handed.push(ours);
        }
        shares.sort_by(f64::total_cmp);
        print_row("a bare endpoint, constant answer", connections, &median(plain)?, 1.0);
        let share = shares[RUNS / 2];
        print_row("GET /api/v1/grants/{id}/token", connections, &median(handed)?, share);
    }
    Ok(())
}

/// One measurement, with the processor's time for each answer in milliseconds.
async fn measure(
    process: u32,
    address: SocketAddr,
    request: &str,
    connections: usize,
) -> Result<(load::Load, f64), Error> {
    // Nobody is measured while the first connections are made.
    load::run(address, request, connections, TIME / 10).await?;
    let cpu = cpu_seconds(process)?;
    let load = load::run(address, request, connections, TIME).await?;
    let answers = load.per_second * TIME.as_secs_f64();
    let cpu = (cpu_seconds(process)? - cpu) * 1000.0 / answers;
    Ok((load, cpu))
}

fn median(mut runs: Vec<(load::Load, f64)>) -> Result<(load::Load, f64), Error> {
    runs.sort_by(|(a, _), (b, _)| a.per_second.total_cmp(&b.per_second));
    let middle = runs.len() / 2;
    runs.into_iter().nth(middle).ok_or_else(|| "no runs".into())
}

fn print_row(name: &str, connections: usize, run: &(load::Load, f64), share: f64) {
    let (load, cpu) = run;
    println!(
        "{name:<36} {connections:>12} {:>10.0} {share:>8.2} {:>9.2} {:>9.2} {cpu:>9.3}",
        load.per_second,
        load.p50 as f64 / 1000.0,
        load.p99 as f64 / 1000.0,
    );
}

/// Starts a server, and makes a link, a grant and a token that is handed its access token.
async fn start(binary: &str, directory: &Path, provider: &Value) -> Result<Server, Error> {
    let (origin, ca) = (text(provider, "origin")?, text(provider, "ca")?);
    // Free a moment ago, and nobody else here takes ports.
    let (listener, address) = served::listen()?;
    drop(listener);
    let base_url = format!("http://localhost:{}", address.port());
    let config = directory.join("outlink.toml");
    std::fs::write(
        &config,
        format!(
            "listen = \"{address}\"\nbase_url = \"{base_url}\"\ndata_dir = \"data\"\nkey_file = \"key\"\n\
             [tls]\nextra_ca = {ca:?}\n[egress]\nallow = [\"localhost\"]\n"
        ),
    )?;
    let admin = Command::new(binary)
        .args(["token", "create", "--local", "--name", "bench", "--scope", "admin", "--config"])
        .arg(&config)
        .stderr(Stdio::inherit())
        .output()?;
    if !admin.status.success() {
        return Err("no token could be made".into());
    }
    let admin = String::from_utf8(admin.stdout)?.trim().to_owned();
    let log = std::fs::File::create(directory.join("log"))?;
    let mut serve = Command::new(binary);
    serve.arg("serve").arg("--config").arg(&config);
    let process =
        Beside::of(serve.stdin(Stdio::null()).stderr(log.try_clone()?).stdout(log).spawn()?);
    wait_for(address).await?;

    let client = Client::builder().no_proxy().build()?;
    let post = async |path: &str, body: Value| -> Result<Value, Error> {
        let url = format!("{base_url}/api/v1/{path}");
        let answer = client.post(url).bearer_auth(&admin).json(&body).send().await?;
        let (status, body) = (answer.status(), answer.text().await?);
        match status.is_success() {
            true => Ok(serde_json::from_str(&body)?),
            false => Err(format!("{path}: {status}: {body}").into()),
        }
    };
    reset_provider(origin, ca).await?;
    let link = json!({
        "name": "Bench",
        "provider": "custom",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "authorization_endpoint": format!("{origin}/authorize"),
        "token_endpoint": format!("{origin}/token"),
        "scope": "mail offline_access",
    });
    post("links", link).await?;
    let imported = json!({ "link": "Bench", "refresh_token": refresh_token(0, 0) });
    let grant = post("grants", imported).await?;
    let grant = text(&grant, "id")?;
    let token = json!({ "name": "program", "scopes": ["grant_token"], "grants": [grant] });
    let token = post("tokens", token).await?;
    let token = text(&token, "token")?;
    let request = format!(
        "GET /api/v1/grants/{grant}/token?min_ttl=300 HTTP/1.1\r\nHost: {address}\r\nAccept: */*\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    );
    Ok(Server { process, address, request })
}

async fn reset_provider(origin: &str, ca: &str) -> Result<(), Error> {
    let certificate = reqwest::Certificate::from_pem(&std::fs::read(ca)?)?;
    let client = Client::builder().tls_certs_only([certificate]).no_proxy().build()?;
    client.post(format!("{origin}/reset")).body("1").send().await?.error_for_status()?;
    Ok(())
}

async fn wait_for(address: SocketAddr) -> Result<(), Error> {
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        if began.elapsed() > Duration::from_secs(20) {
            return Err("the server does not listen; its log is in the directory".into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
