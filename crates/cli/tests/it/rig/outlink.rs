//! The real binary: `outlink serve`, and the commands that talk to it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::browser::Browser;
use super::process::Process;
use super::{eventually, free_port};

/// A server, and a token to command it.
pub(crate) struct Outlink {
    process: Process,
    dir: PathBuf,
    ca: PathBuf,
    token: String,
    pub(crate) base_url: String,
    pub(crate) browser: Browser,
}

/// A command of the binary, free of whatever the environment of the test says.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outlink"));
    command.env_clear();
    command
}

/// Writes a configuration for a server on loopback, and tells its path. `more` comes before the tables.
pub(crate) fn write_configuration(dir: &Path, ca: &Path, port: u16, more: &str) -> PathBuf {
    let path = dir.join("outlink.toml");
    let text = format!(
        "listen = \"127.0.0.1:{port}\"\n\
         base_url = \"http://localhost:{port}\"\n\
         data_dir = \"data\"\n\
         key_file = \"key\"\n\
         {more}\n\
         [tls]\n\
         extra_ca = {ca:?}\n\
         [egress]\n\
         allow = [\"localhost\", \"127.0.0.0/8\"]\n"
    );
    fs::write(&path, text).expect("written");
    path
}

impl Outlink {
    /// Starts a server in the new directory `dir`.
    pub(crate) fn start(dir: &Path, ca: &Path, environment: &[(&str, &str)]) -> Self {
        fs::create_dir_all(dir.join("data")).expect("a directory");
        let port = free_port();
        let config = write_configuration(dir, ca, port, "");
        let made = command()
            .args(["token", "create", "--local", "--name", "test", "--scope", "admin", "--config"])
            .arg(&config)
            .envs(environment.iter().copied())
            .output()
            .expect("it runs");
        let token = Ran::of(&made).succeeded().trim().to_owned();
        let process = serve(dir, environment);
        let server = Self {
            process,
            dir: dir.to_path_buf(),
            ca: ca.to_path_buf(),
            token,
            base_url: format!("http://localhost:{port}"),
            browser: Browser::new(ca),
        };
        server.ready()
    }

    fn ready(mut self) -> Self {
        self.wait_until_ready();
        self
    }

    fn wait_until_ready(&mut self) {
        let port = self.base_url.rsplit(':').next().expect("a port").to_owned();
        eventually("the server's port", Duration::from_secs(30), || {
            assert!(self.process.ended().is_none(), "serve ended: {}", self.process.log());
            std::net::TcpStream::connect(format!("127.0.0.1:{port}")).ok()
        });
        let ready = format!("{}/readyz", self.base_url);
        eventually("a ready server", Duration::from_secs(30), || {
            (self.browser.get_once(&ready).status == 200).then_some(())
        });
    }

    /// Starts it again after it ended, with the same data.
    pub(crate) fn start_again(&mut self, environment: &[(&str, &str)]) {
        assert!(self.process.ended().is_some(), "it still runs");
        self.process = serve(&self.dir, environment);
        self.wait_until_ready();
    }

    /// Runs a command.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.client(arguments).output().expect("it runs"))
    }

    /// Runs a command with another API token than the administrator's.
    pub(crate) fn run_with(&self, token: &str, arguments: &[&str]) -> Ran {
        let output = self.client(arguments).env("OUTLINK_TOKEN", token).output();
        Ran::of(&output.expect("it runs"))
    }

    /// Starts a command and does not wait for it.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Process {
        Process::start(&mut self.client(arguments), &self.dir.join("command.log"))
    }

    fn client(&self, arguments: &[&str]) -> Command {
        let mut client = command();
        client
            .args(arguments)
            .env("OUTLINK_URL", &self.base_url)
            .env("OUTLINK_TOKEN", &self.token)
            .env("OUTLINK_CA", &self.ca)
            .current_dir(&self.dir);
        client
    }

    /// Starts `link authorize --wait` and tells the start page that it prints at once.
    pub(crate) fn authorize_and_wait(&self, link: &str) -> (Waiting, String) {
        let child = self
            .client(&["link", "authorize", link, "--wait", "--timeout", "30", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut waiting = Waiting::on(child.expect("it runs"));
        loop {
            let line = waiting.line();
            if line.starts_with("http") {
                return (waiting, line);
            }
        }
    }

    /// Signs our browser in as an administrator, by the one-time address that is made on the server's machine.
    pub(crate) fn sign_in(&self) {
        let made = command()
            .args(["user", "create-admin", "--name", "admin", "--json", "--config"])
            .arg(self.dir.join("outlink.toml"))
            .output()
            .expect("it runs");
        let told: Value = serde_json::from_str(Ran::of(&made).succeeded()).expect("JSON");
        let page = self.browser.get(told["sign_in_url"].as_str().expect("an address"));
        let page = if page.form().is_some() { self.browser.submit(&page, &[]) } else { page };
        assert_eq!(page.status, 200, "{page:?}");
    }

    /// Runs a command with `--json` that must succeed, and reads what it printed.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--json"]].concat());
        let printed = ran.succeeded();
        serde_json::from_str(printed)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {printed}"))
    }

    /// Runs a command that must be refused with exit code 1, and tells what it said.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(1), "{arguments:?}: {ran:?}");
        assert!(!ran.stderr.trim().is_empty(), "{arguments:?} must say why on standard error");
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran.stderr
    }

    /// Asks the REST API.
    pub(crate) fn get(&self, path: &str) -> super::browser::Page {
        self.browser.get_with_token(&format!("{}/api/v1/{path}", self.base_url), &self.token)
    }

    /// Sends to the REST API.
    pub(crate) fn post(&self, path: &str, body: &Value) -> super::browser::Page {
        self.browser.post_json(&format!("{}/api/v1/{path}", self.base_url), body, Some(&self.token))
    }

    /// The items of a list.
    pub(crate) fn list(&self, noun: &str) -> Vec<Value> {
        let listed = self.json(&[noun, "list"]);
        listed["items"].as_array().unwrap_or_else(|| panic!("no items in {listed}")).clone()
    }

    /// The directory that holds its configuration, key and data.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// What it has logged since it was last started.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self, limit: Duration) -> ExitStatus {
        self.process.wait(limit)
    }

    /// Asks it to end, and waits until it has: within the time that orchestrators commonly give.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.process.terminate();
        self.process.wait(Duration::from_secs(15))
    }
}

fn serve(dir: &Path, environment: &[(&str, &str)]) -> Process {
    let mut serve = command();
    serve.arg("serve").arg("--config").arg(dir.join("outlink.toml"));
    serve.envs(environment.iter().copied());
    Process::start(&mut serve, &dir.join("log"))
}

/// A command that waits for something.
pub(crate) struct Waiting {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Waiting {
    fn on(mut child: Child) -> Self {
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        Self { child, stderr }
    }

    /// What it says next on standard error.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.stderr.read_line(&mut line).expect("it prints");
        assert!(read > 0, "it says nothing more");
        line.trim().to_owned()
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Ran {
        let mut stderr = String::new();
        self.stderr.read_to_string(&mut stderr).expect("text");
        let output = self.child.wait_with_output().expect("it is our child");
        Ran { stderr, ..Ran::of(&output) }
    }
}

/// How a command went.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// What it printed, if it succeeded.
    pub(crate) fn succeeded(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.stdout
    }
}
