//! The engine against a real store and a provider on loopback that can be told to misbehave.

mod bed;
mod callbacks;
mod intake;
mod links;
mod refresh;
