//! French, Spanish, Italian, Portuguese, Romanian and Catalan.

use super::{Language, NONE};

pub(super) const LANGUAGES: &[Language] = &[
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
        sent: &["envoyé", "envoyé le", "date d'envoi", "message du"],
        to: &["à", "destinataire", "pour"],
        subject: &["objet", "sujet"],
        device: &[
            "envoyé de ",
            "envoyé depuis ",
            "envoyé à partir de ",
            "envoyé avec ",
            "obtenir outlook",
            "obtenez outlook",
            "télécharger outlook",
        ],
        close: &[
            "cordialement",
            "bien cordialement",
            "bien à vous",
            "salutations",
            "sincères salutations",
            "salutations distinguées",
            "meilleures salutations",
            "cdlt",
            "cdt",
            "bien sincèrement",
        ],
        ..NONE
    },
    // Spanish
    Language {
        opens: &["el "],
        wrote: &["escribió", "escribio", "ha escrito"],
        original: &["mensaje original"],
        forwarded: &["mensaje reenviado"],
        begin_forwarded: &["inicio del mensaje reenviado"],
        forward_prefixes: &["rv", "renv"],
        sent: &["enviado", "enviado el", "fecha"],
        to: &["para"],
        subject: &["asunto"],
        device: &[
            "enviado desde ",
            "enviado de ",
            "enviado con ",
            "obtener outlook",
            "obtenga outlook",
        ],
        close: &[
            "saludos",
            "un saludo",
            "saludos cordiales",
            "cordiales saludos",
            "atentamente",
            "atte",
            "un cordial saludo",
            "cordialmente",
            "muchas gracias y saludos",
        ],
        ..NONE
    },
    // Italian
    Language {
        opens: &["il ", "in data "],
        wrote: &["ha scritto", "scrive:", "scriveva"],
        original: &["messaggio originale"],
        forwarded: &["messaggio inoltrato"],
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
        close: &["cordiali saluti", "distinti saluti", "saluti", "un saluto", "cordialmente"],
        ..NONE
    },
    // Portuguese
    Language {
        opens: &["em ", "a ", "no dia ", "na "],
        wrote: &["escreveu", "escrevia"],
        original: &["mensagem original"],
        forwarded: &["mensagem encaminhada", "mensagem reencaminhada"],
        begin_forwarded: &["início da mensagem encaminhada", "início da mensagem reencaminhada"],
        forward_prefixes: &["enc", "res enc"],
        sent: &["enviada em", "enviada", "enviado em"],
        subject: &["assunto"],
        device: &[
            "enviado do ",
            "enviado da ",
            "enviado a partir ",
            "enviado pelo ",
            "obter o outlook",
            "obter outlook",
            "baixe o outlook",
        ],
        close: &[
            "atenciosamente",
            "cumprimentos",
            "com os melhores cumprimentos",
            "melhores cumprimentos",
            "cordialmente",
            "abraço",
            "abraços",
            "att",
            "saudações",
        ],
        ..NONE
    },
    // Romanian
    Language {
        opens: &["în ", "pe ", "la data de "],
        wrote: &["a scris"],
        original: &["mesaj original", "mesajul original"],
        forwarded: &["mesaj redirecționat", "mesaj transmis", "mesaj redirecţionat"],
        begin_forwarded: &["începutul mesajului redirecționat"],
        forward_prefixes: &["redirecționat"],
        from: &["de la"],
        sent: &["trimis"],
        to: &["către"],
        subject: &["subiect"],
        device: &["trimis de pe ", "trimis din ", "obțineți outlook"],
        close: &["cu stimă", "cu respect", "salutări", "toate cele bune", "o zi bună"],
        ..NONE
    },
    // Catalan
    Language {
        opens: &["missatge de ", "el dia "],
        wrote: &["missatge de ", "va escriure"],
        original: &["missatge original"],
        forwarded: &["missatge reenviat"],
        sent: &["enviat", "data"],
        to: &["per a"],
        subject: &["assumpte"],
        device: &["enviat des de "],
        close: &["salutacions", "atentament", "una salutació"],
        ..NONE
    },
];
