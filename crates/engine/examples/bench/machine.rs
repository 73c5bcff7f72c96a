//! What the machine tells of a process, and children that end with us.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::Error;

/// What Linux counts processor time in, on every architecture that it shows to programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system time of a process so far, in seconds.
pub(crate) fn cpu_seconds(process: u32) -> Result<f64, Error> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program may hold anything, so what follows its bracket is counted.
    let (_, fields) = stat.rsplit_once(") ").ok_or("no fields")?;
    let ticks: f64 = fields.split(' ').skip(11).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
    Ok(ticks / TICKS_PER_SECOND)
}

/// Peak memory of a process so far, in MB.
pub(crate) fn peak_mb(process: u32) -> Result<u64, Error> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kb: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kb / 1024)
}

/// A process that ends when its handle does.
pub(crate) struct Beside(Child);

impl Beside {
    /// Starts this program once more, in another part, and reads the line of JSON that it begins with.
    pub(crate) fn start(arguments: &[&str]) -> Result<(Self, Value), Error> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let out = child.stdout.take().ok_or("no output")?;
        let beside = Self(child);
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        Ok((beside, serde_json::from_str(&line)?))
    }

    /// Takes charge of a process.
    pub(crate) fn of(child: Child) -> Self {
        Self(child)
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // It has nothing to finish; one that has ended already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A text in an answer.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Error> {
    value[name].as_str().ok_or_else(|| format!("no {name} in {value}").into())
}
