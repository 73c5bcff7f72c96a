//! A server that follows a script, over a pipe.

use std::time::Duration;

use outlink_mail::imap::{Error, Limits, Session};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

/// The server's end.
pub(crate) struct Server {
    stream: DuplexStream,
}

impl Server {
    /// A server over its end of a pipe, without a task of its own.
    pub(crate) fn over(stream: DuplexStream) -> Self {
        Self { stream }
    }

    /// Sends bytes; each line of the script ends itself.
    pub(crate) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Reads a line, without its end, and demands that it ends in CRLF.
    pub(crate) async fn hear_bytes(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            line.push(self.stream.read_u8().await.expect("the client says something more"));
        }
        line.strip_suffix(b"\r\n").expect("lines end in CRLF").to_vec()
    }

    /// The same of a line of text.
    pub(crate) async fn hear(&mut self) -> String {
        String::from_utf8(self.hear_bytes().await).unwrap()
    }

    /// Reads a line, and demands that it is this one.
    pub(crate) async fn expect(&mut self, line: &str) {
        assert_eq!(self.hear().await, line);
    }

    /// Demands that the client leaves without another word.
    pub(crate) async fn expect_end(&mut self) {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }
}

/// Limits that tests can meet.
pub(crate) fn limits() -> Limits {
    Limits { line: 4096, literal: 1000, time: Duration::from_secs(10) }
}

/// Starts a script, and returns the client's end and the script's task, to be joined so that its demands count.
pub(crate) fn play<F>(script: impl FnOnce(Server) -> F) -> (DuplexStream, JoinHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (here, there) = tokio::io::duplex(256);
    (here, tokio::spawn(script(Server::over(there))))
}

/// A session with a server that greets and then follows a script.
pub(crate) async fn session<F>(
    greeting: &'static str,
    script: impl FnOnce(Server) -> F + Send + 'static,
) -> (Session<DuplexStream>, JoinHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (stream, server) = play(|mut server: Server| async move {
        server.say(greeting).await;
        script(server).await;
    });
    (Session::start(stream, limits()).await.unwrap(), server)
}

/// What a server's first words lead to.
pub(crate) async fn greeted(greeting: &'static [u8]) -> Result<(), Error> {
    let (stream, server) = play(|mut server: Server| async move { server.say(greeting).await });
    let greeted = Session::start(stream, limits()).await.map(|_| ());
    server.await.unwrap();
    greeted
}
