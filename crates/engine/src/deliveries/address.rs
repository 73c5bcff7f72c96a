//! Addresses that mail is sent to: strangers write some of them.

use outlink_mail::smtp::is_carried;

/// Octets of what stands before the `@` of an address (RFC 5321 §4.5.3.1).
const LONGEST_LOCAL: usize = 64;

/// Accounts that no human reads the mail of, or that an answer would reach a whole list by (RFC 3834 §2).
const NOT_ANSWERED: [&str; 7] = [
    "noreply",
    "no-reply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "mailer-daemon",
    "postmaster",
];

/// Whether this is one address that a mail server can be given, and nothing beside it. Address literals are legal and never
/// met where somebody waits for an answer, so they are left out.
pub(crate) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    local.len() <= LONGEST_LOCAL && !domain.starts_with('[') && is_carried(text)
}

/// Whether somebody may be there who reads an answer of a machine.
pub(crate) fn may_be_answered(address: &str) -> bool {
    let Some((local, _)) = address.split_once('@').filter(|_| is_address(address)) else {
        return false;
    };
    let local = local.to_lowercase();
    let bare = local.split('+').next().unwrap_or_default();
    !NOT_ANSWERED.contains(&bare)
        && !local.starts_with("owner-")
        && !local.ends_with("-owner")
        && !local.ends_with("-request")
        && !local.ends_with("-bounces")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_one_and_nothing_can_be_added_to_it() {
        for fine in
            ["a@b.example", "Ann.O'Neil+x=1@sub.example.org", "a@localhost", "jörg@müller.example"]
        {
            assert!(is_address(fine), "{fine}");
        }
        let long = format!("{}@b.example", "x".repeat(65));
        for bad in [
            "",
            "a",
            "@b.example",
            "a@",
            "a@b@c",
            "a@b,c@d",
            "a@b.example\r\nRCPT TO:<x@y>",
            "a@b.example> SIZE=1",
            "a b@c",
            "a@b c",
            "\"a b\"@c",
            "a@[127.0.0.1]",
            "a@b..c",
            "a@-b.example",
            "a@b.example\0",
            "x:a@b.example",
            ".a@b.example",
            "a..b@b.example",
            "a\u{202e}@b.example",
            &long,
        ] {
            assert!(!is_address(bad), "{bad:?}");
        }
    }

    #[test]
    fn machines_and_lists_are_not_answered() {
        assert!(may_be_answered("carla@example.net") && may_be_answered("requests@example.net"));
        for machine in [
            "noreply@example.net",
            "No-Reply+x@example.net",
            "MAILER-DAEMON@example.net",
            "users-request@example.net",
            "owner-users@example.net",
            "carla",
        ] {
            assert!(!may_be_answered(machine), "{machine}");
        }
    }
}
