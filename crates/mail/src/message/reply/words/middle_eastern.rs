//! Arabic, Hebrew, Persian, and the languages of India.

use super::{Language, NONE};

pub(super) const LANGUAGES: &[Language] = &[
    // Arabic
    Language {
        opens: &["في ", "بتاريخ "],
        wrote: &["كتب", "تمت كتابة", "كتبت"],
        original: &["الرسالة الأصلية", "رسالة أصلية"],
        forwarded: &["رسالة معاد توجيهها", "رسالة محولة"],
        begin_forwarded: &["بداية الرسالة المعاد توجيهها"],
        forward_prefixes: &["إعادة توجيه"],
        from: &["من"],
        sent: &["تم الإرسال", "التاريخ", "أرسلت", "تاريخ الإرسال"],
        to: &["إلى"],
        subject: &["الموضوع"],
        device: &["أرسلت من", "مرسل من", "تم الإرسال من", "أُرسلت من"],
        close: &["مع خالص التحية", "مع أطيب التحيات", "تحياتي", "مع التحية"],
        ..NONE
    },
    // Hebrew
    Language {
        opens: &["בתאריך", "ב-", "ביום "],
        wrote: &["כתב", "מאת"],
        original: &["הודעה מקורית"],
        forwarded: &["הודעה שהועברה", "הודעה מועברת"],
        begin_forwarded: &["תחילת ההודעה שהועברה"],
        forward_prefixes: &["הועבר"],
        from: &["מאת"],
        sent: &["נשלח", "תאריך"],
        to: &["אל"],
        subject: &["נושא"],
        device: &["נשלח מה", "נשלח באמצעות "],
        close: &["בברכה", "בכבוד רב", "תודה וברכה"],
        ..NONE
    },
    // Persian
    Language {
        opens: &["در تاریخ ", "در "],
        wrote: &["نوشت"],
        original: &["پیام اصلی"],
        forwarded: &["پیام هدایت شده", "پیام فوروارد شده"],
        from: &["از"],
        sent: &["ارسال شده", "تاریخ"],
        to: &["به"],
        subject: &["موضوع"],
        device: &["ارسال شده از ", "فرستاده شده از "],
        close: &["با احترام", "با تشکر"],
        ..NONE
    },
    // Hindi, Marathi, Bengali, Gujarati, Tamil, Telugu
    Language {
        wrote: &["ने लिखा", "लिहिले", "লিখেছেন", "લખ્યું", "எழுதியது", "రాశారు", "इन्होंने लिखा"],
        original: &["मूल संदेश"],
        forwarded: &["अग्रेषित संदेश"],
        from: &["प्रेषक", "द्वारा"],
        sent: &["भेजा गया", "दिनांक"],
        to: &["प्रति", "प्राप्तकर्ता"],
        subject: &["विषय"],
        device: &["मेरे "],
        device_ends: &["से भेजा गया", "से भेजा"],
        close: &["सादर", "धन्यवाद", "भवदीय", "শুভেচ্ছান্তে"],
        ..NONE
    },
];
