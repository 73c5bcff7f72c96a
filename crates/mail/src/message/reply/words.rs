//! What mail programs write around replies and forwards, by language.
//!
//! To teach it a language, add an entry to one of the tables in the folder of this file. Everything is in lower case.
//! Order does not matter, and a word that several languages share needs to stand once.

mod asian;
mod germanic;
mod middle_eastern;
mod other;
mod romance;
mod slavic;

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
    /// How the line begins that says which device or program sent the mail; one of [`DEVICES`] is named in it.
    pub(super) device: &'static [&'static str],
    /// How it ends, where it does not begin alike.
    pub(super) device_ends: &'static [&'static str],
    /// What people close with, without the comma: what stands below is the signature.
    pub(super) close: &'static [&'static str],
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
    close: &[],
};

/// All languages.
pub(super) fn languages() -> impl Iterator<Item = &'static Language> {
    [
        germanic::LANGUAGES,
        romance::LANGUAGES,
        slavic::LANGUAGES,
        other::LANGUAGES,
        middle_eastern::LANGUAGES,
        asian::LANGUAGES,
    ]
    .into_iter()
    .flatten()
}

/// What ticket systems write above what they quote.
pub(super) const ABOVE: &[&str] = &[
    "reply above this line",
    "reply above the line",
    "type your reply above",
    "write above this line",
    "above this line to reply",
    "über dieser zeile",
    "au-dessus de cette ligne",
    "encima de esta línea",
    "sopra questa riga",
    "boven deze regel",
    "acima desta linha",
    "ovanför denna rad",
    "powyżej tej linii",
    "выше этой строки",
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
    "poufn",
    "konfidentiell",
    "fortrolig",
    "luottamuksellinen",
    "конфиденциальн",
    "gizli",
    "保密",
    "機密",
];

/// Headings of what companies append.
pub(super) const DISCLAIMERS: &[&str] = &[
    "disclaimer",
    "disclaimer:",
    "confidentiality notice",
    "confidentiality notice:",
    "legal notice",
    "haftungsausschluss",
    "haftungsausschluss:",
    "aviso legal",
    "aviso de confidencialidad",
    "avis de confidentialité",
];

/// How warnings begin that gateways write above a mail from outside, and Outlook above one from a stranger.
pub(super) const BANNERS: &[&str] = &[
    "caution: this email originated",
    "caution: this message originated",
    "caution: this e-mail originated",
    "caution: external e",
    "warning: this email originated",
    "warning: this message originated",
    "[external] this email originated",
    "this email originated from outside",
    "this message originated from outside",
    "you don't often get email from",
    "you don’t often get email from",
    "some people who received this message don't often get email from",
    "some people who received this message don’t often get email from",
    "sie erhalten nicht oft eine e-mail von",
    "sie erhalten nicht häufig e-mails von",
    "achtung: diese e-mail kommt von außerhalb",
    "vous n'obtenez pas souvent d'e-mail",
    "vous n’obtenez pas souvent d’e-mail",
    "no suele recibir correo electrónico de",
    "non si ricevono spesso messaggi di posta elettronica da",
    "u ontvangt niet vaak e-mail van",
    "você não costuma receber emails de",
];

/// How the names of devices and programs begin that stand below a mail, in all languages.
pub(super) const DEVICES: &[&str] = &[
    "iphon",
    "ipad",
    "ipod",
    "ios",
    "icloud",
    "macbook",
    "apple",
    "android",
    "blackberry",
    "samsung",
    "galaxy",
    "huawei",
    "xiaomi",
    "redmi",
    "oppo",
    "oneplus",
    "google pixel",
    "nokia",
    "sony",
    "xperia",
    "htc",
    "motorola",
    "lenovo",
    "windows",
    "outlook",
    "yahoo",
    "gmail",
    "aol",
    "proton",
    "tuta",
    "thunderbird",
    "spark",
    "airmail",
    "mailbox",
    "typeapp",
    "sparrow",
    "mailbird",
    "bluemail",
    "blue mail",
    "k-9",
    "k9",
    "fairemail",
    "zoho",
    "fastmail",
    "gmx",
    "web.de",
    "telekom",
    "mail.ru",
    "yandex",
    "яндекс",
    "foxmail",
    "qq",
    "网易",
    "新浪",
    "邮箱",
    "naver",
    "daum",
    "mail app",
    "mail-app",
    "mobile",
    "mobil",
    "smartphone",
    "cell phone",
    "cellphone",
    "cellular",
    "tablet",
    "handy",
    "telefon",
    "telefoon",
    "téléphone",
    "teléfono",
    "móvil",
    "celular",
    "telefono",
    "cellulare",
    "telemóvel",
    "phone",
    "puhelin",
    "телефон",
    "мобильн",
    "мобільн",
    "κινητό",
    "手机",
    "手機",
    "携帯",
    "スマートフォン",
    "휴대폰",
    "휴대전화",
    "스마트폰",
    "הנייד",
    "الهاتف",
    "هاتف",
    "device",
    "gerät",
    "appareil",
];

/// What some ask below such a line.
pub(super) const EXCUSES: &[&str] =
    &["excuse", "pardon", "forgive", "typos", "brevity", "autocorrect", "tippfehler", "kürze"];
