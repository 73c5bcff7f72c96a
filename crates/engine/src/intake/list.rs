//! What is to be fetched: the messages that lie in a folder beyond what has been dealt with.

use jiff::SignedDuration;
use outlink_mail::imap::{LISTED, Meta, Selected};
use outlink_model::Timestamp;
use outlink_model::grant::later;
use outlink_model::mail_server::{Cursor, MailServer, Take};

use super::Failed;
use crate::Engine;
use crate::mail_servers::MailSession;

/// By how much a mail server's clock may be behind ours before mail that is new counts as old.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(5);

/// What lies in a folder.
pub(super) struct Listing {
    /// The messages that are wanted, by ascending UID.
    pub(super) wanted: Vec<Meta>,
    /// Up to here, every message is either wanted or passed over for good.
    pub(super) last_uid: u32,
    /// The first UID of those that came after the folder was first seen.
    pub(super) first_uid: u32,
}

impl Engine {
    /// Lists what lies beyond the cursor. Dates decide over what lay there when the folder was first seen, and first seen
    /// after it was rebuilt; whatever came later is wanted, whatever its date: mail is moved from folder to folder, and
    /// clocks differ.
    pub(super) async fn list(
        &self,
        server: &MailServer,
        session: &mut MailSession,
        selected: &Selected,
        cursor: Option<Cursor>,
    ) -> Result<Listing, Failed> {
        let MailSession::Imap(imap) = session else { return Err(super::no_folders().into()) };
        let last_uid = cursor.map_or(0, |cursor| cursor.last_uid);
        let told = cursor.map(|cursor| cursor.first_uid).or(selected.uid_next);
        let mut listing =
            Listing { wanted: Vec::new(), last_uid, first_uid: told.unwrap_or(u32::MAX) };
        while let Some(from) = listing.last_uid.checked_add(1) {
            let page = self.in_time(imap.metadata(from)).await;
            let page = page.map_err(|error| Failed::ended(&error))?;
            let is_last = page.len() < LISTED;
            listing.last_uid = page.last().map_or(listing.last_uid, |meta| meta.uid);
            let first_uid = listing.first_uid;
            let wanted =
                |meta: &Meta| meta.uid >= first_uid || is_wanted(server, meta.internal_date);
            listing.wanted.extend(page.into_iter().filter(wanted));
            // A folder that is full of what nobody wants is listed to its end; one full of mail is taken in by parts.
            if is_last || listing.wanted.len() >= LISTED {
                break;
            }
        }
        if told.is_none() {
            // The server does not tell where new mail begins; it begins behind what lies there now.
            listing.first_uid = listing.last_uid.saturating_add(1);
        }
        Ok(listing)
    }
}

/// Mail that arrived before this is not wanted; `None` if all is.
pub(super) fn cut_off(server: &MailServer) -> Option<Timestamp> {
    match server.take {
        Take::All => None,
        Take::New => Some(later(server.created_at, -CLOCKS_APART)),
        Take::Since(since) => Some(since),
    }
}

/// Whether the administrator wants a message of this date, of those that lay in the folder before it was first seen.
pub(super) fn is_wanted(server: &MailServer, arrived: Timestamp) -> bool {
    // A server that tells no readable date tells 1970: better one message too many than one too few.
    arrived == Timestamp::UNIX_EPOCH || cut_off(server).is_none_or(|from| arrived >= from)
}
