//! What is to be fetched: the messages that lie in a folder beyond what has been dealt with.

use jiff::SignedDuration;
use outlink_mail::imap::{LISTED, Meta};
use outlink_model::Timestamp;
use outlink_model::grant::{Trouble, later};
use outlink_model::mail_server::{Cursor, MailServer, Take};

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
}

impl Engine {
    /// Lists what lies beyond the cursor. Only where there is none, at the first fetch and after the folder was
    /// rebuilt, dates decide what is new; beyond a cursor everything is, whatever its date: mail is moved from folder
    /// to folder, and clocks differ. A first fetch that ends in the middle leaves a cursor, so old mail that lies between
    /// new mail may be taken in by the next: one message too many is better than one too few.
    pub(super) async fn list(
        &self,
        server: &MailServer,
        session: &mut MailSession,
        cursor: Option<Cursor>,
    ) -> Result<Listing, Trouble> {
        let last_uid = cursor.map_or(0, |cursor| cursor.last_uid);
        let mut listing = Listing { wanted: Vec::new(), last_uid };
        while let Some(from) = listing.last_uid.checked_add(1) {
            let page =
                self.in_time(session.imap.metadata(from)).await.map_err(|error| error.trouble())?;
            let is_last = page.len() < LISTED;
            listing.last_uid = page.last().map_or(listing.last_uid, |meta| meta.uid);
            let wanted =
                page.into_iter().filter(|meta| cursor.is_some() || is_wanted(server, meta));
            listing.wanted.extend(wanted);
            // The first listing goes on to its end, since the next one will find a cursor.
            if is_last || cursor.is_some() || listing.wanted.len() >= LISTED {
                break;
            }
        }
        Ok(listing)
    }
}

/// Whether the administrator wants this message of those that lay in the folder before it was first seen.
fn is_wanted(server: &MailServer, meta: &Meta) -> bool {
    let since = later(server.created_at, -CLOCKS_APART);
    match server.take {
        Take::All => true,
        // A server that tells no readable date tells 1970: better one message too many than one too few.
        Take::New => meta.internal_date >= since || meta.internal_date == Timestamp::UNIX_EPOCH,
    }
}
