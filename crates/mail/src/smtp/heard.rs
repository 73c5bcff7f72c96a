//! What a server itself says of a mail: its words without what strangers wrote in them. Pure.
//!
//! Servers repeat the recipient's address, and whoever chose that may have chosen it for the words in it: nothing that
//! stands in an address may be taken for what the server says.

use super::reply::Reply;

/// A server's words on a mail, in lower case.
pub(super) struct Heard {
    /// Without addresses and the recipient's domain: what is said of the mail is looked for here.
    pub(super) of_mail: String,
    /// Without the recipient's name as well, wherever it stands by itself: what is said of the account is looked for here.
    pub(super) of_account: String,
}

/// What a reply says, about a mail to this address.
pub(super) fn heard(reply: &Reply, to: &str) -> Heard {
    let words = reply.words().to_lowercase();
    // Behind it stands what another server said, which the recipient may own.
    let own = words.split_once(" said: ").map_or(&*words, |(own, _)| own);
    let to = to.to_lowercase();
    let (name, domain) = to.rsplit_once('@').unwrap_or((&to, ""));
    let own = match name.is_empty() {
        true => own.to_owned(),
        false => own.replace(&format!("<{name}>"), "<>"),
    };
    let is_of_domain = |word: &str| domain.contains('.') && word.contains(domain);
    let of_mail = without(&own, |word| word.contains('@') || is_of_domain(word));
    let is_name = |word: &str| {
        let is_around = |c: char| matches!(c, '.' | '\'' | '`');
        !name.is_empty() && (word == name || word.trim_matches(is_around) == name)
    };
    let of_account = without(&of_mail, is_name);
    Heard { of_mail, of_account }
}

/// A text without some of its words. None of what stands between them can stand in an address that we send to.
fn without(text: &str, is_cut: impl Fn(&str) -> bool) -> String {
    let is_between = |c: char| c.is_whitespace() || "<>()[],;:\"".contains(c);
    let mut left = String::with_capacity(text.len());
    for piece in text.split_inclusive(is_between) {
        let word = piece.trim_end_matches(is_between);
        left.push_str(if is_cut(word) { &piece[word.len()..] } else { piece });
    }
    left
}

#[cfg(test)]
mod tests {
    use super::super::reply::Reader;
    use super::*;

    fn left(text: &str, to: &str) -> (String, String) {
        let reply = Reader::new(4000).push(&mut text.as_bytes()).unwrap().unwrap();
        let heard = heard(&reply, to);
        (heard.of_mail, heard.of_account)
    }

    #[test]
    fn what_strangers_wrote_is_not_heard_in_whatever_form_it_is_repeated() {
        let to = "Throttled/Relay@Relay.example";
        for said in [
            "550 5.1.1 <throttled/relay@relay.example>: no",
            "550 5.1.1 <THROTTLED/Relay>: no",
            "550 5.1.1 \"Throttled/Relay@RELAY.example\": no",
            "550 5.1.1 rcpt=throttled/relay@relay.example, no",
            "550 5.1.1 <throttled/relay%relay.example@here>: no",
            "550 5.1.1 no relay.example. mx2.relay.example",
            "550-5.1.1 no\r\n550 5.1.1 <throttled/relay@relay.example>",
            "550 5.1.1 no: mx.example[192.0.2.1] said: 550 5.7.1 throttled relay",
        ] {
            let (of_mail, of_account) = left(&format!("{said}\r\n"), to);
            assert!(of_mail.contains("no"), "{of_mail}");
            for words in [of_mail, of_account] {
                assert!(!words.contains("throttled") && !words.contains("relay"), "{words}");
            }
        }
        let long = format!("550 5.1.1 {} <throttled/relay@relay.example>\r\n", "no ".repeat(160));
        assert!(!left(&long, to).0.contains("throttled"), "where people are shown no more");
    }

    #[test]
    fn the_servers_own_words_are_heard_though_the_recipient_is_called_the_same() {
        let said = "554 5.7.1 <relay@nx.example>: Relay access denied\r\n";
        let (of_mail, of_account) = left(said, "relay@nx.example");
        assert_eq!(of_mail, "554 5.7.1 <>: relay access denied");
        assert_eq!(of_account, "554 5.7.1 <>:  access denied");
        let said = "550 5.1.1 'relay'... User unknown\r\n";
        assert_eq!(left(said, "relay@nx.example").1, "550 5.1.1  user unknown");
    }
}
