//! What may be dialled. Keeps the invariant **Egress is closed by default**.

mod dial;
mod policy;

pub(crate) use dial::{connect, permitted};
pub use policy::Policy;
