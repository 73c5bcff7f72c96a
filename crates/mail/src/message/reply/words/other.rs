//! Languages of Europe that stand alone: Finnish and Estonian, Hungarian, Greek, Turkish.

use super::{Language, NONE};

pub(super) const LANGUAGES: &[Language] = &[
    // Finnish
    Language {
        wrote: &["kirjoitti"],
        original: &["alkuperäinen viesti"],
        forwarded: &["välitetty viesti", "edelleenlähetetty viesti"],
        begin_forwarded: &["välitetty viesti alkaa"],
        forward_prefixes: &["vl"],
        from: &["lähettäjä"],
        sent: &["lähetetty", "päivämäärä"],
        to: &["vastaanottaja"],
        subject: &["aihe"],
        device: &["lähetetty ", "hanki outlook"],
        close: &["ystävällisin terveisin", "terveisin", "parhain terveisin", "yst. terv"],
        ..NONE
    },
    // Estonian
    Language {
        opens: &["kuupäev "],
        wrote: &["kirjutas"],
        original: &["algne sõnum"],
        forwarded: &["edastatud sõnum"],
        from: &["saatja"],
        sent: &["saadetud", "kuupäev"],
        to: &["adressaat"],
        subject: &["teema"],
        device: &["saadetud minu "],
        close: &["lugupidamisega", "parimate soovidega", "tervitades"],
        ..NONE
    },
    // Hungarian
    Language {
        wrote: &["ezt írta", "írta:", "írta ("],
        original: &["eredeti üzenet"],
        forwarded: &["továbbított üzenet"],
        begin_forwarded: &["továbbított levél kezdete"],
        forward_prefixes: &["továbbítás", "tov"],
        from: &["feladó"],
        sent: &["elküldve", "dátum"],
        to: &["címzett"],
        subject: &["tárgy"],
        device: &["elküldve "],
        device_ends: &["készülékemről küldve", "ról küldve", "ről küldve"],
        close: &["üdvözlettel", "üdv", "tisztelettel", "köszönettel"],
        ..NONE
    },
    // Greek
    Language {
        opens: &["στις ", "την "],
        wrote: &["έγραψε"],
        original: &["αρχικό μήνυμα"],
        forwarded: &["προωθημένο μήνυμα"],
        forward_prefixes: &["πρθ"],
        from: &["από"],
        sent: &["στάλθηκε", "ημερομηνία"],
        to: &["προς"],
        subject: &["θέμα"],
        device: &["στάλθηκε από ", "εστάλη από ", "αποστολή από "],
        close: &["με εκτίμηση", "φιλικά", "με φιλικούς χαιρετισμούς", "χαιρετισμούς"],
        ..NONE
    },
    // Turkish
    Language {
        wrote: &["şunu yazdı", "yazdı:", "şunları yazdı"],
        original: &["orijinal mesaj", "özgün ileti", "orijinal ileti"],
        forwarded: &["iletilen ileti", "yönlendirilmiş ileti", "iletilen mesaj"],
        begin_forwarded: &["iletilen ileti başlangıcı"],
        forward_prefixes: &["ilt", "i̇lt"],
        from: &["kimden", "gönderen"],
        sent: &["gönderildi", "gönderme tarihi", "tarih"],
        to: &["kime", "alıcı"],
        subject: &["konu"],
        device: &["outlook for android'i", "outlook for ios'"],
        device_ends: &["gönderildi"],
        close: &["saygılarımla", "saygılar", "iyi çalışmalar", "teşekkürler ve iyi çalışmalar"],
        ..NONE
    },
];
