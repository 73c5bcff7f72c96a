//! A load generator: so many connections that are kept, each with one request under way, as fast as the answers come.
//!
//! It speaks just enough HTTP/1.1 for that, so that it takes as little of the processor as it can.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Error;

/// What came of it.
pub(crate) struct Load {
    pub(crate) per_second: f64,
    /// Half of the answers came within this many microseconds.
    pub(crate) p50: u64,
    /// And 99 % within these.
    pub(crate) p99: u64,
}

/// Asks with this request for so long. Every answer must be 200.
pub(crate) async fn run(
    address: SocketAddr,
    request: &str,
    connections: usize,
    time: Duration,
) -> Result<Load, Error> {
    let began = Instant::now();
    let mut askers = JoinSet::new();
    for _ in 0..connections {
        let request = request.to_owned();
        askers.spawn(async move { ask(address, request.as_bytes(), began + time).await });
    }
    let mut all: Vec<u64> = Vec::new();
    while let Some(ended) = askers.join_next().await {
        all.append(&mut ended??);
    }
    let seconds = began.elapsed().as_secs_f64();
    all.sort_unstable();
    let at = |share: f64| all.get((all.len() as f64 * share) as usize).copied().unwrap_or_default();
    Ok(Load { per_second: all.len() as f64 / seconds, p50: at(0.5), p99: at(0.99) })
}

/// The body of one answer.
pub(crate) async fn once(address: SocketAddr, request: &str) -> Result<String, Error> {
    let mut stream = TcpStream::connect(address).await?;
    let mut buffer = Vec::new();
    stream.write_all(request.as_bytes()).await?;
    let head = read(&mut stream, &mut buffer).await?;
    Ok(String::from_utf8_lossy(&buffer[head..]).into_owned())
}

/// The microseconds that each answer took.
async fn ask(address: SocketAddr, request: &[u8], until: Instant) -> Result<Vec<u64>, Error> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut buffer, mut took) = (Vec::with_capacity(8192), Vec::new());
    while Instant::now() < until {
        let sent = Instant::now();
        stream.write_all(request).await?;
        read(&mut stream, &mut buffer).await?;
        took.push(sent.elapsed().as_micros() as u64);
    }
    Ok(took)
}

/// Reads one answer into the buffer; how long its head is.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<usize, Error> {
    buffer.clear();
    let mut whole = None;
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the server has hung up".into());
        }
        if whole.is_none() {
            whole = head(buffer)?;
        }
        match whole {
            Some((head, octets)) if buffer.len() >= head + octets => return Ok(head),
            Some(_) | None => {}
        }
    }
}

/// How long the head is and how long the body is to be, once the head is there.
fn head(buffer: &[u8]) -> Result<Option<(usize, usize)>, Error> {
    let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&buffer[..end])?;
    if !text.starts_with("HTTP/1.1 200") {
        return Err(format!("not 200: {}", String::from_utf8_lossy(buffer)).into());
    }
    let length = text.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim())
    });
    Ok(Some((end + 4, length.ok_or("no length")?.parse()?)))
}
