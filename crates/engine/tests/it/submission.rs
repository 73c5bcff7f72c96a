//! A mail server that takes mail by a script, on loopback and in the clear: it says what a test wants it to say.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What becomes of a mail that is handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Play {
    /// It is taken.
    Take,
    /// This is answered to this command: `MAIL`, `RCPT`, `DATA`, or `.` for the end of the text.
    Say(&'static str, &'static str),
    /// It is taken after a while.
    TakeLate,
    /// The whole text is read, and the connection cut without a word.
    CutAfterText,
    /// The whole text is read, and nothing is said for ever.
    HangAfterText,
}

/// A mail whose text came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Handed {
    /// The number of its session, from 1.
    pub(crate) session: usize,
    /// Everybody in its envelope.
    pub(crate) to: Vec<String>,
    /// The text, without stuffed dots.
    pub(crate) text: String,
    /// Whether it was taken.
    pub(crate) taken: bool,
}

#[derive(Default)]
struct World {
    plays: VecDeque<Play>,
    /// Mails to these addresses always go so.
    of: Vec<(&'static str, Play)>,
    handed: Vec<Handed>,
    sessions: usize,
}

/// The server while it runs.
pub(crate) struct Submission {
    pub(crate) port: u16,
    world: Arc<Mutex<World>>,
    /// Rung when a text has come to its end.
    pub(crate) came: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for Submission {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Submission {
    /// On any port.
    pub(crate) async fn start() -> Self {
        Self::at(0).await
    }

    #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    pub(crate) async fn at(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (world, came) = (Arc::new(Mutex::new(World::default())), Arc::new(Notify::new()));
        let (shared, ring) = (world.clone(), came.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(session(stream, shared.clone(), ring.clone()));
            }
        });
        Self { port, world, came, task }
    }

    /// The next mails go so, one after the other; those after them are taken.
    pub(crate) fn next(&self, plays: &[Play]) {
        self.world.lock().unwrap().plays.extend(plays.iter().cloned());
    }

    /// Every mail to this address goes so.
    pub(crate) fn always(&self, to: &'static str, play: Play) {
        self.world.lock().unwrap().of.push((to, play));
    }

    /// The mails whose text came to its end.
    pub(crate) fn handed(&self) -> Vec<Handed> {
        self.world.lock().unwrap().handed.clone()
    }

    /// Those that were taken.
    pub(crate) fn taken(&self) -> Vec<Handed> {
        self.handed().into_iter().filter(|handed| handed.taken).collect()
    }

    pub(crate) fn sessions(&self) -> usize {
        self.world.lock().unwrap().sessions
    }
}

async fn session(stream: TcpStream, world: Arc<Mutex<World>>, came: Arc<Notify>) -> Option<()> {
    let number = {
        let mut world = world.lock().unwrap();
        world.sessions += 1;
        world.sessions
    };
    let mut stream = BufReader::new(stream);
    let mut to: Vec<String> = Vec::new();
    let mut play = Play::Take;
    say(&mut stream, "220 scripted").await?;
    loop {
        let line = line(&mut stream).await?;
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        if verb == "MAIL" {
            to.clear();
            play = world.lock().unwrap().plays.pop_front().unwrap_or(Play::Take);
        }
        if verb == "RCPT" {
            let address = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            let always = world.lock().unwrap().of.clone();
            if let Some((_, always)) = always.iter().find(|(known, _)| *known == address) {
                play = always.clone();
            }
            to.push(address);
        }
        match (verb.as_str(), &play) {
            ("EHLO", _) => {
                let told = "250-scripted\r\n250-SIZE 100000\r\n250-8BITMIME\r\n250 AUTH PLAIN";
                say(&mut stream, told).await?;
            }
            ("AUTH", _) => say(&mut stream, "235 2.7.0 Welcome").await?,
            ("RSET", _) => say(&mut stream, "250 Done").await?,
            ("QUIT", _) => {
                say(&mut stream, "221 Bye").await?;
                return None;
            }
            (verb, Play::Say(at, words)) if verb == *at => {
                say(&mut stream, words).await?;
                if words.starts_with("421") {
                    return None;
                }
            }
            ("MAIL" | "RCPT", _) => say(&mut stream, "250 Fine").await?,
            ("DATA", _) => {
                say(&mut stream, "354 Go on").await?;
                let text = text(&mut stream).await?;
                let taken = matches!(play, Play::Take | Play::TakeLate);
                let handed = Handed { session: number, to: to.clone(), text, taken };
                world.lock().unwrap().handed.push(handed);
                came.notify_one();
                match &play {
                    Play::TakeLate => {
                        tokio::time::sleep(Duration::from_millis(1500)).await;
                        say(&mut stream, "250 2.0.0 Taken").await?;
                    }
                    Play::CutAfterText => return None,
                    Play::HangAfterText => {
                        let mut rest = Vec::new();
                        stream.read_to_end(&mut rest).await.ok()?;
                        return None;
                    }
                    Play::Say(".", words) => say(&mut stream, words).await?,
                    Play::Take | Play::Say(..) => say(&mut stream, "250 2.0.0 Taken").await?,
                }
            }
            _ => say(&mut stream, "500 What?").await?,
        }
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await {
        Ok(1..) => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
        _ => None,
    }
}

async fn text(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = String::new();
    loop {
        let line = line(stream).await?;
        if line == "." {
            return Some(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push_str("\r\n");
    }
}

async fn say(stream: &mut BufReader<TcpStream>, words: &str) -> Option<()> {
    stream.write_all(format!("{words}\r\n").as_bytes()).await.ok()
}
