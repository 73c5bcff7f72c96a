//! What the fuzz targets share: what must hold of every answer, a mail server that says anything, and a link.
//!
//! A target hands octets to one piece of outlink and demands more than that it survives: that what comes out can be
//! shown and stored, that caps hold, and that no secret is in it.

pub mod link;
pub mod mail;
pub mod run;
pub mod server;
pub mod shown;
