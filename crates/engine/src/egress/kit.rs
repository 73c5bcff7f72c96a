//! A proxy and name servers for the tests of whatever dials.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Names, Policy};

/// Time for one attempt at whatever is dialled.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What a proxy was asked, each head whole.
pub(crate) type Asked = Arc<Mutex<Vec<String>>>;

/// Serves one client of a proxy that knows where its targets are. What it does not know, it cannot reach.
pub(crate) async fn proxy<S>(
    mut stream: S,
    targets: Arc<HashMap<&'static str, SocketAddr>>,
    asked: Asked,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().unwrap().push(head);
    let Some(address) = targets.get(target.as_str()) else {
        let _ = stream.write_all(b"HTTP/1.1 502 Never heard of it\r\n\r\n").await;
        return;
    };
    let mut there = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut stream, &mut there).await;
}

/// A name server that gives these answers one after the other, the last one for ever; and what it was asked.
pub(crate) fn changing(answers: &[&[&str]]) -> (Names, Asked) {
    let answers: Vec<Vec<IpAddr>> = answers
        .iter()
        .map(|answer| answer.iter().map(|address| address.parse().unwrap()).collect())
        .collect();
    let asked = Asked::default();
    let names = asked.clone();
    let tell = move |name: &str| {
        let mut names = names.lock().unwrap();
        names.push(name.to_owned());
        answers[(names.len() - 1).min(answers.len() - 1)].clone()
    };
    (Names::Manual(Arc::new(tell)), asked)
}

pub(crate) fn policy(allow: &[&str], proxy: Option<&str>) -> Policy {
    let allow: Vec<_> = allow.iter().map(|&entry| entry.to_owned()).collect();
    Policy::parse(&allow, proxy).unwrap()
}
