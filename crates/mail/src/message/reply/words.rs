//! What mail programs write around replies and forwards, by language. To teach it a language, add an entry.
//!
//! Everything is in lower case. Order does not matter, and a word that several languages share needs to stand once.

/// The words of one language.
pub(super) struct Language {
    /// How attributions open, where it is neither a date nor a name.
    pub(super) opens: &'static [&'static str],
    /// What says that somebody wrote.
    pub(super) wrote: &'static [&'static str],
    /// Between dashes, above a quoted mail.
    pub(super) original: &'static [&'static str],
    /// Between dashes, above a forwarded mail: how it begins.
    pub(super) forwarded: &'static [&'static str],
    /// The same without dashes; a colon follows.
    pub(super) begin_forwarded: &'static [&'static str],
    /// Before the colon in the subject of a forward.
    pub(super) forward_prefixes: &'static [&'static str],
    /// Labels in the header block of a quoted mail.
    pub(super) from: &'static [&'static str],
    pub(super) sent: &'static [&'static str],
    pub(super) to: &'static [&'static str],
    pub(super) subject: &'static [&'static str],
    /// How the line begins that says which device or program sent the mail.
    pub(super) device: &'static [&'static str],
    /// How it ends, where it does not begin alike.
    pub(super) device_ends: &'static [&'static str],
}

const NONE: Language = Language {
    opens: &[],
    wrote: &[],
    original: &[],
    forwarded: &[],
    begin_forwarded: &[],
    forward_prefixes: &[],
    from: &[],
    sent: &[],
    to: &[],
    subject: &[],
    device: &[],
    device_ends: &[],
};

/// What ticket systems write above what they quote.
pub(super) const ABOVE: &[&str] = &[
    "reply above this line",
    "reply above the line",
    "type your reply above",
    "above this line to reply",
    "über dieser zeile",
    "au-dessus de cette ligne",
    "encima de esta línea",
    "sopra questa riga",
    "boven deze regel",
];

/// What stands in the footers of mailing lists and gateways, below a rule.
pub(super) const FOOTERS: &[&str] = &[
    "mailing list",
    "mailman/listinfo",
    "unsubscribe",
    "confidential",
    "privileged",
    "intended recipient",
    "intended solely",
    "liste de diffusion",
    "mailingliste",
    "vertraulich",
    "confidentiel",
    "confidencial",
    "riservat",
    "vertrouwelijk",
];

/// Headings of what companies append.
pub(super) const DISCLAIMERS: &[&str] = &[
    "disclaimer",
    "disclaimer:",
    "confidentiality notice",
    "confidentiality notice:",
    "legal notice",
];

/// All languages.
pub(super) const LANGUAGES: &[Language] = &[
    // English
    Language {
        opens: &["on ", "quoting ", "at "],
        wrote: &["wrote", "writes:", "quoting "],
        original: &[
            "original message",
            "original e-mail",
            "original email",
            "reply message",
            "original appointment",
        ],
        forwarded: &["forwarded message", "forwarded by ", "forwarded email", "forwarded mail"],
        begin_forwarded: &["begin forwarded message"],
        forward_prefixes: &["fw", "fwd"],
        from: &["from"],
        sent: &["sent", "date", "sent at", "sent on"],
        to: &["to", "cc"],
        subject: &["subject", "re"],
        device: &["sent from ", "sent via ", "sent with ", "sent using ", "get outlook for "],
        ..NONE
    },
    // German
    Language {
        opens: &["am ", "zitat von "],
        wrote: &["schrieb", "geschrieben", "zitat von "],
        original: &[
            "ursprüngliche nachricht",
            "originalnachricht",
            "original-nachricht",
            "original nachricht",
            "originaltermin",
        ],
        forwarded: &["weitergeleitete nachricht", "weitergeleitet von "],
        begin_forwarded: &[
            "anfang der weitergeleiteten nachricht",
            "anfang der weitergeleiteten e-mail",
        ],
        forward_prefixes: &["wg", "wtr", "weitergeleitet"],
        from: &["von"],
        sent: &["gesendet", "datum", "gesendet am"],
        to: &["an"],
        subject: &["betreff"],
        device: &[
            "von meinem ",
            "von meiner ",
            "gesendet von ",
            "gesendet mit ",
            "diese nachricht wurde von meinem ",
            "holen sie sich outlook",
            "outlook für ",
        ],
        ..NONE
    },
    // French
    Language {
        opens: &["le ", "citation de "],
        wrote: &["a écrit", "écrivait", "citation de "],
        original: &[
            "message d'origine",
            "message d’origine",
            "message original",
            "message initial",
            "courriel original",
        ],
        forwarded: &["message transféré", "courriel transféré", "message réexpédié"],
        begin_forwarded: &["début du message transféré", "début du message réexpédié"],
        forward_prefixes: &["tr", "réf"],
        from: &["de", "expéditeur"],
        sent: &["envoyé", "envoyé le", "date d'envoi"],
        to: &["à", "destinataire", "pour"],
        subject: &["objet", "sujet"],
        device: &[
            "envoyé de ",
            "envoyé depuis ",
            "envoyé à partir de ",
            "obtenir outlook",
            "obtenez outlook",
            "télécharger outlook",
        ],
        ..NONE
    },
    // Spanish
    Language {
        opens: &["el "],
        wrote: &["escribió", "escribio", "ha escrito"],
        original: &["mensaje original"],
        forwarded: &["mensaje reenviado", "forwarded message"],
        begin_forwarded: &["inicio del mensaje reenviado"],
        forward_prefixes: &["rv", "renv"],
        sent: &["enviado", "enviado el", "fecha"],
        to: &["para"],
        subject: &["asunto"],
        device: &["enviado desde ", "enviado de ", "obtener outlook", "obtenga outlook"],
        ..NONE
    },
    // Italian
    Language {
        opens: &["il ", "in data "],
        wrote: &["ha scritto", "scrive:", "scriveva"],
        original: &["messaggio originale"],
        forwarded: &["messaggio inoltrato", "forwarded message"],
        begin_forwarded: &["inizio messaggio inoltrato"],
        forward_prefixes: &["i", "inol"],
        from: &["da"],
        sent: &["inviato", "data", "inviato il"],
        to: &["a"],
        subject: &["oggetto"],
        device: &[
            "inviato da ",
            "inviato dal ",
            "inviato con ",
            "ottieni outlook",
            "scarica outlook",
        ],
        ..NONE
    },
    // Dutch
    Language {
        opens: &["op "],
        wrote: &["schreef", "heeft geschreven", "geschreven:"],
        original: &["oorspronkelijk bericht", "origineel bericht"],
        forwarded: &["doorgestuurd bericht", "forwarded message"],
        begin_forwarded: &["begin doorgestuurd bericht"],
        forward_prefixes: &["doorst"],
        from: &["van"],
        sent: &["verzonden", "verstuurd"],
        to: &["aan"],
        subject: &["onderwerp"],
        device: &[
            "verstuurd vanaf ",
            "verzonden vanaf ",
            "verzonden vanuit ",
            "verzonden met ",
            "outlook voor ",
            "download outlook",
        ],
        ..NONE
    },
    // Portuguese
    Language {
        opens: &["em ", "a "],
        wrote: &["escreveu", "escrevia"],
        original: &["mensagem original"],
        forwarded: &["mensagem encaminhada", "mensagem reencaminhada", "forwarded message"],
        begin_forwarded: &["início da mensagem encaminhada", "início da mensagem reencaminhada"],
        forward_prefixes: &["enc", "res enc"],
        sent: &["enviada em", "enviada", "enviado em"],
        subject: &["assunto"],
        device: &[
            "enviado do ",
            "enviado da ",
            "enviado a partir ",
            "obter o outlook",
            "obter outlook",
            "baixe o outlook",
        ],
        ..NONE
    },
    // Polish
    Language {
        opens: &["w dniu ", "dnia ", "dn. "],
        wrote: &["napisał", "pisze:", "wrote", "pisał"],
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
        ..NONE
    },
    // Swedish
    Language {
        opens: &["den "],
        wrote: &["skrev"],
        original: &["ursprungligt meddelande", "originalmeddelande"],
        forwarded: &["vidarebefordrat meddelande", "vidarebefordrat brev"],
        begin_forwarded: &["vidarebefordrat brev", "början på vidarebefordrat meddelande"],
        forward_prefixes: &["vb"],
        from: &["från"],
        sent: &["skickat", "skickat den", "sänt"],
        to: &["till"],
        subject: &["ämne"],
        device: &["skickat från ", "skickades från ", "hämta outlook", "skaffa outlook"],
        ..NONE
    },
    // Danish and Norwegian
    Language {
        opens: &["den ", "på "],
        wrote: &["skrev", "skriver:"],
        original: &[
            "oprindelig meddelelse",
            "oprindelig besked",
            "opprinnelig melding",
            "original meddelelse",
            "original besked",
            "original melding",
        ],
        forwarded: &["videresendt meddelelse", "videresendt besked", "videresendt melding"],
        begin_forwarded: &[
            "start på videresendt besked",
            "videresendt melding",
            "start på videresendt melding",
        ],
        forward_prefixes: &["vs", "videresendt"],
        from: &["fra"],
        sent: &["sendt", "dato"],
        to: &["til"],
        subject: &["emne"],
        device: &["sendt fra ", "hent outlook", "skaff deg outlook", "få outlook"],
        ..NONE
    },
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
        ..NONE
    },
    // Czech and Slovak
    Language {
        opens: &["dne ", "dňa "],
        wrote: &["napsal", "napísal", "píše:"],
        original: &["původní zpráva", "původní e-mail", "pôvodná správa"],
        forwarded: &["přeposlaná zpráva", "předaná zpráva", "preposlaná správa"],
        begin_forwarded: &["začátek přeposílané zprávy"],
        forward_prefixes: &["přep"],
        from: &["od", "odesílatel", "odosielateľ"],
        sent: &["odesláno", "datum", "odoslané", "dátum"],
        to: &["komu", "pro"],
        subject: &["předmět", "predmet"],
        device: &["odesláno z", "odoslané z", "získat outlook", "získať outlook"],
        ..NONE
    },
    // Hungarian
    Language {
        wrote: &["ezt írta", "írta:"],
        original: &["eredeti üzenet"],
        forwarded: &["továbbított üzenet"],
        begin_forwarded: &["továbbított levél kezdete"],
        forward_prefixes: &["továbbítás", "tov"],
        from: &["feladó"],
        sent: &["elküldve", "dátum"],
        to: &["címzett"],
        subject: &["tárgy"],
        device: &["elküldve "],
        device_ends: &["készülékemről küldve"],
        ..NONE
    },
    // Romanian
    Language {
        opens: &["în ", "pe "],
        wrote: &["a scris"],
        original: &["mesaj original", "mesajul original"],
        forwarded: &["mesaj redirecționat", "mesaj transmis"],
        begin_forwarded: &["începutul mesajului redirecționat"],
        forward_prefixes: &["redirecționat"],
        from: &["de la"],
        sent: &["trimis"],
        to: &["către"],
        subject: &["subiect"],
        device: &["trimis de pe ", "trimis din "],
        ..NONE
    },
    // Russian and Ukrainian
    Language {
        opens: &["в ", "от "],
        wrote: &["написал", "писал", "пишет", "написав", "пише:"],
        original: &[
            "исходное сообщение",
            "оригинальное сообщение",
            "оригінальне повідомлення",
            "вихідне повідомлення",
        ],
        forwarded: &[
            "пересылаемое сообщение",
            "пересланное сообщение",
            "переслане повідомлення",
            "перенаправленное сообщение",
        ],
        begin_forwarded: &["начало переадресованного сообщения", "начало пересылаемого сообщения"],
        forward_prefixes: &["пер", "пересл"],
        from: &["от", "от кого", "від"],
        sent: &["отправлено", "дата", "надіслано"],
        to: &["кому"],
        subject: &["тема"],
        device: &["отправлено с ", "отправлено из ", "надіслано з "],
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
        device: &["στάλθηκε από "],
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
        device_ends: &["gönderildi"],
        device: &["outlook for android'i"],
        ..NONE
    },
    // Japanese
    Language {
        wrote: &["さんは書きました", "のメール", "書きました", "さんのメッセージ"],
        original: &["元のメッセージ", "オリジナルメッセージ"],
        forwarded: &["転送されたメッセージ", "転送メッセージ"],
        begin_forwarded: &["転送されたメッセージ"],
        forward_prefixes: &["転送"],
        from: &["差出人", "送信者"],
        sent: &["送信日時", "日時", "日付"],
        to: &["宛先"],
        subject: &["件名"],
        device_ends: &["から送信", "から送信しました", "を入手"],
        ..NONE
    },
    // Chinese
    Language {
        opens: &["在 ", "在2", "于 ", "於 "],
        wrote: &["写道", "寫道", "编写", "写了"],
        original: &["原始邮件", "原始郵件", "原邮件", "原郵件", "邮件原件"],
        forwarded: &["转发的邮件", "转发邮件", "轉寄的郵件", "轉寄郵件", "已转发邮件", "转发信息"],
        begin_forwarded: &["下面是被转发的邮件", "開始轉寄郵件", "以下是轉寄的郵件"],
        forward_prefixes: &["转发", "轉寄", "轉發"],
        from: &["发件人", "寄件者", "寄件人"],
        sent: &["发送时间", "发送日期", "日期", "傳送時間", "寄件日期", "时间"],
        to: &["收件人", "收件者"],
        subject: &["主题", "主旨", "主題"],
        device: &["发自我的", "從我的", "发送自", "来自我的", "获取 outlook", "取得 outlook"],
        ..NONE
    },
    // Korean
    Language {
        wrote: &["작성", "님이 씀", "썼습니다", "쓴 글"],
        original: &["원본 메시지", "원본 메일", "original message"],
        forwarded: &["전달된 메시지", "전달된 메일"],
        begin_forwarded: &["전달된 메시지 시작"],
        forward_prefixes: &["전달"],
        from: &["보낸 사람", "보낸사람"],
        sent: &["보낸 날짜", "날짜", "보낸날짜"],
        to: &["받는 사람", "받는사람"],
        subject: &["제목"],
        device_ends: &["에서 보냄", "에서 보냈습니다"],
        ..NONE
    },
    // Hebrew and Arabic
    Language {
        opens: &["בתאריך", "في ", "ב-"],
        wrote: &["כתב", "מאת", "كتب", "تمت كتابة"],
        original: &["הודעה מקורית", "الرسالة الأصلية", "رسالة أصلية"],
        forwarded: &["הודעה שהועברה", "رسالة معاد توجيهها"],
        forward_prefixes: &["הועבר", "إعادة توجيه"],
        from: &["מאת", "من"],
        sent: &["נשלח", "תאריך", "تم الإرسال", "التاريخ"],
        to: &["אל", "إلى"],
        subject: &["נושא", "الموضوع"],
        device: &["נשלח מה", "أرسلت من", "مرسل من"],
        ..NONE
    },
    // Indonesian, Vietnamese, Thai
    Language {
        opens: &["pada ", "vào ", "เมื่อ"],
        wrote: &["menulis", "đã viết", "เขียนว่า"],
        original: &["pesan asli", "thư gốc", "ข้อความต้นฉบับ"],
        forwarded: &["pesan terusan", "thư được chuyển tiếp", "ข้อความที่ส่งต่อ"],
        from: &["dari", "từ", "จาก"],
        sent: &["dikirim", "đã gửi", "ส่ง"],
        to: &["kepada", "đến", "ถึง"],
        subject: &["subjek", "chủ đề", "เรื่อง"],
        device: &["dikirim dari ", "gửi từ ", "ส่งจาก"],
        ..NONE
    },
];
