//! Why the practice servers could not start.

use std::io;
use std::path::PathBuf;

/// What stood in the way of a start. Nothing goes wrong for the caller later: the servers answer for themselves.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A port could not be had.
    #[error("The practice {server} server cannot listen on port {port} of 127.0.0.1: {source}.")]
    Bind {
        /// Which server wanted it.
        server: &'static str,
        /// The port asked for; 0 means any.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The file with the authority's certificate could not be written.
    #[error("The practice authority cannot be written to {}: {source}.", path.display())]
    CaFile {
        /// Where it was to go.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The certificates of the run could not be made.
    #[error("The practice certificates cannot be made: {0}.")]
    Certificates(String),
    /// The system's random numbers or the signing key are not to be had.
    #[error("The practice provider cannot make its keys.")]
    Keys,
}
