//! POP3 sessions against servers whose every byte is written by hand.

mod practice;
mod reading;
mod signing_in;
mod upgrading;

use outlink_mail::Error;
use outlink_mail::pop3::Session;
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;

use crate::script::{Server, limits, play};

/// A session with a server that greets and then follows a script.
async fn session<F>(
    script: impl FnOnce(Server) -> F + Send + 'static,
) -> (Session<DuplexStream>, JoinHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (stream, server) = play(|mut server: Server| async move {
        server.say("+OK hi\r\n").await;
        script(server).await;
    });
    (Session::start(stream, limits()).await.unwrap(), server)
}

/// Answers CAPA with these lines.
async fn tell(server: &mut Server, capabilities: &str) {
    server.expect("CAPA").await;
    server.say(format!("+OK here they are\r\n{capabilities}.\r\n")).await;
}

/// What a server's first words lead to.
async fn greeted(greeting: &'static [u8]) -> Result<(), Error> {
    let (stream, server) = play(|mut server: Server| async move { server.say(greeting).await });
    let greeted = Session::start(stream, limits()).await.map(|_| ());
    server.await.unwrap();
    greeted
}
