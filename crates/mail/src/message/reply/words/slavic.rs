//! The Slavic and the Baltic languages.

use super::{Language, NONE};

pub(super) const LANGUAGES: &[Language] = &[
    // Polish
    Language {
        opens: &["w dniu ", "dnia ", "dn. ", "wiadomość napisana przez "],
        wrote: &["napisał", "pisze:", "pisał", "wiadomość napisana przez "],
        original: &["oryginalna wiadomość", "wiadomość oryginalna", "wiadomość pierwotna"],
        forwarded: &[
            "przekazana wiadomość",
            "wiadomość przekazana",
            "wiadomość przekazywana dalej",
        ],
        begin_forwarded: &["początek przekazywanej wiadomości", "początek przekazanej wiadomości"],
        forward_prefixes: &["pd", "odp pd"],
        from: &["od", "nadawca"],
        sent: &["wysłano", "wysłane", "data wysłania"],
        to: &["do", "adresat"],
        subject: &["temat"],
        device: &["wysłano z ", "wysłane z ", "pobierz program outlook", "uzyskaj outlook"],
        close: &[
            "pozdrawiam",
            "z poważaniem",
            "z powazaniem",
            "pozdrowienia",
            "serdecznie pozdrawiam",
            "z wyrazami szacunku",
            "łączę pozdrowienia",
        ],
        ..NONE
    },
    // Czech and Slovak
    Language {
        opens: &["dne ", "dňa "],
        wrote: &["napsal", "napísal", "píše:", "odesílatel "],
        original: &["původní zpráva", "původní e-mail", "pôvodná správa"],
        forwarded: &["přeposlaná zpráva", "předaná zpráva", "preposlaná správa"],
        begin_forwarded: &["začátek přeposílané zprávy", "začiatok preposlanej správy"],
        forward_prefixes: &["přep"],
        from: &["odesílatel", "odosielateľ"],
        sent: &["odesláno", "odoslané", "dátum"],
        to: &["komu", "pro"],
        subject: &["předmět", "predmet"],
        device: &["odesláno z", "odoslané z", "získat outlook", "získať outlook"],
        close: &["s pozdravem", "s pozdravom", "s přátelským pozdravem", "hezký den", "s úctou"],
        ..NONE
    },
    // Russian
    Language {
        opens: &["в ", "от "],
        wrote: &["написал", "писал", "пишет"],
        original: &["исходное сообщение", "оригинальное сообщение"],
        forwarded: &[
            "пересылаемое сообщение",
            "пересланное сообщение",
            "перенаправленное сообщение",
        ],
        begin_forwarded: &["начало переадресованного сообщения", "начало пересылаемого сообщения"],
        forward_prefixes: &["пер", "пересл"],
        from: &["от", "от кого"],
        sent: &["отправлено", "дата"],
        to: &["кому"],
        subject: &["тема"],
        device: &["отправлено с ", "отправлено из ", "скачать outlook", "получить outlook"],
        close: &["с уважением", "с наилучшими пожеланиями", "всего доброго", "всего хорошего"],
        ..NONE
    },
    // Ukrainian and Belarusian
    Language {
        opens: &["у ", "о "],
        wrote: &["написав", "написала", "пише:", "напісаў"],
        original: &["оригінальне повідомлення", "вихідне повідомлення", "початкове повідомлення"],
        forwarded: &["переслане повідомлення", "перенаправлене повідомлення"],
        begin_forwarded: &["початок переадресованого повідомлення"],
        from: &["від", "від кого"],
        sent: &["надіслано", "відправлено"],
        device: &["надіслано з ", "надіслано за допомогою ", "відправлено з "],
        close: &["з повагою", "з найкращими побажаннями", "з павагай"],
        ..NONE
    },
    // Bulgarian
    Language {
        opens: &["на "],
        wrote: &["написа:", "написа"],
        original: &["оригинално съобщение"],
        forwarded: &["препратено съобщение"],
        sent: &["изпратено"],
        to: &["до"],
        subject: &["относно"],
        device: &["изпратено от "],
        close: &["с уважение", "поздрави", "с поздрави"],
        ..NONE
    },
    // Croatian, Serbian, Bosnian
    Language {
        opens: &["dana ", "дана "],
        wrote: &["napisao", "napisala", "је написао", "piše:", "пише:"],
        original: &["izvorna poruka", "originalna poruka", "изворна порука"],
        forwarded: &["proslijeđena poruka", "prosleđena poruka"],
        from: &["šalje", "од"],
        sent: &["poslano", "poslato", "послато"],
        to: &["prima", "za", "за"],
        device: &["poslano s ", "poslano sa ", "poslato sa "],
        close: &["srdačan pozdrav", "lijep pozdrav", "pozdrav", "s poštovanjem", "lp"],
        ..NONE
    },
    // Slovenian
    Language {
        opens: &["v ", "dne "],
        wrote: &["je oseba ", "je napisal"],
        original: &["izvirno sporočilo"],
        forwarded: &["posredovano sporočilo"],
        sent: &["poslano"],
        to: &["za"],
        subject: &["zadeva"],
        device: &["poslano iz "],
        close: &["lep pozdrav", "s spoštovanjem"],
        ..NONE
    },
    // Lithuanian and Latvian
    Language {
        wrote: &["rašė", "parašė", "rakstīja"],
        original: &["pradinis pranešimas", "sākotnējais ziņojums", "oriģinālais ziņojums"],
        forwarded: &["persiųstas laiškas", "pārsūtīts ziņojums"],
        from: &["nuo", "no"],
        sent: &["išsiųsta", "nosūtīts"],
        to: &["kam"],
        subject: &["tema", "temats"],
        device: &["išsiųsta iš ", "nosūtīts no "],
        close: &["pagarbiai", "su pagarba", "ar cieņu"],
        ..NONE
    },
];
