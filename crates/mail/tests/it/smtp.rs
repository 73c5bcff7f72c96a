//! SMTP sessions against servers whose every byte is written by hand.

mod hostile;
mod meeting;
mod practice;
mod sending;
mod signing_in;
mod upgrading;

use outlink_mail::Error;
use outlink_mail::smtp::Session;
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
        server.say("220 smtp.example.org ESMTP\r\n").await;
        script(server).await;
    });
    (Session::start(stream, limits()).await.unwrap(), server)
}

/// Answers EHLO with these keywords.
async fn tell(server: &mut Server, keywords: &[&str]) {
    server.expect("EHLO [127.0.0.1]").await;
    let lines: String = keywords.iter().map(|keyword| format!("250-{keyword}\r\n")).collect();
    server.say(format!("250-smtp.example.org hello\r\n{lines}250 HELP\r\n")).await;
}

/// Hears a line, and answers it.
async fn answer(server: &mut Server, line: &str, reply: &str) {
    server.expect(line).await;
    server.say(format!("{reply}\r\n")).await;
}

/// What a server's first words lead to.
async fn greeted(greeting: &'static [u8]) -> Result<(), Error> {
    let (stream, server) = play(|mut server: Server| async move { server.say(greeting).await });
    let greeted = Session::start(stream, limits()).await.map(|_| ());
    server.await.unwrap();
    greeted
}
