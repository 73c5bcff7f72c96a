//! Moving messages away, and deleting them.
//!
//! Only what was named is ever removed: `EXPUNGE` and `CLOSE` would take along whatever others have marked, so neither is
//! sent. A session is left by `LOGOUT`, which removes nothing (RFC 9051 §6.1.3).

use tokio::io::{AsyncRead, AsyncWrite};

use super::command;
use super::refusal::Asked;
use super::session::Session;
use crate::error::Error;

/// What became of messages that were to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// They are no longer in the folder.
    Gone,
    /// They are marked as `\Deleted` and still there: the server cannot remove single messages, and goes through with it
    /// when somebody tells it to remove all that are marked.
    LeftDeleted,
}

/// UIDs in one command, so that no server finds the line too long.
const AT_ONCE: usize = 200;

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Moves messages of the folder opened by [`Session::select`] to another folder (RFC 6851, or by copying). Those that
    /// are no longer there are passed over. [`Error::FolderMissing`] where there is no such folder;
    /// [`Session::create_folder`] makes it.
    ///
    /// After another error some of them may have been moved, and where the server can only copy, up to 200 may be in both
    /// folders.
    pub async fn move_to(&mut self, uids: &[u32], folder: &str) -> Result<Removal, Error> {
        self.doing = "moving messages";
        let mut removal = Removal::Gone;
        if uids.is_empty() {
            return Ok(removal);
        }
        let can_move = self.capabilities().await?.has("MOVE");
        for some in uids.chunks(AT_ONCE) {
            let set = command::sequence_set(some);
            if can_move {
                self.on_folder("UID MOVE", &format!("UID MOVE {set}"), folder, |_| {}).await?;
            } else {
                self.on_folder("UID COPY", &format!("UID COPY {set}"), folder, |_| {}).await?;
                removal = self.remove(&set).await?;
            }
        }
        Ok(removal)
    }

    /// Deletes messages of the folder opened by [`Session::select`]. Gmail takes them out of the folder and, unless its
    /// settings say otherwise, keeps them under "All Mail".
    pub async fn delete(&mut self, uids: &[u32]) -> Result<Removal, Error> {
        self.doing = "deleting messages";
        let mut removal = Removal::Gone;
        for some in uids.chunks(AT_ONCE) {
            removal = self.remove(&command::sequence_set(some)).await?;
        }
        Ok(removal)
    }

    async fn remove(&mut self, set: &str) -> Result<Removal, Error> {
        let tag = self.send(&format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)")).await?;
        self.finish(&tag, Asked::Change("UID STORE"), |_| {}).await?;
        if !self.capabilities().await?.has("UIDPLUS") {
            return Ok(Removal::LeftDeleted);
        }
        let tag = self.send(&format!("UID EXPUNGE {set}")).await?;
        self.finish(&tag, Asked::Change("UID EXPUNGE"), |_| {}).await?;
        Ok(Removal::Gone)
    }
}
