//! Where the addresses of a name come from.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Tells the addresses of a name. It may answer differently each time, as name servers do.
pub type Tell = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

/// The machine's name service, or a hand that a test holds.
#[derive(Clone, Default)]
pub enum Names {
    /// Whatever the machine is set up to ask.
    #[default]
    System,
    /// A function.
    Manual(Arc<Tell>),
}

impl Names {
    /// All addresses of a name, as they are told now.
    pub(super) async fn look_up(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        match self {
            Self::System => Ok(tokio::net::lookup_host((name, port)).await?.collect()),
            Self::Manual(tell) => {
                Ok(tell(name).into_iter().map(|address| SocketAddr::new(address, port)).collect())
            }
        }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Manual(_) => "Manual",
        })
    }
}
