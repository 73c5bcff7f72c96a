//! The languages of East and South-East Asia.

use super::{Language, NONE};

pub(super) const LANGUAGES: &[Language] = &[
    // Japanese
    Language {
        wrote: &["さんは書きました", "のメール", "書きました", "さんのメッセージ", "は書きました"],
        original: &["元のメッセージ", "オリジナルメッセージ", "元のメール"],
        forwarded: &["転送されたメッセージ", "転送メッセージ"],
        begin_forwarded: &["転送されたメッセージ"],
        forward_prefixes: &["転送"],
        from: &["差出人", "送信者"],
        sent: &["送信日時", "日時", "日付"],
        to: &["宛先"],
        subject: &["件名"],
        device_ends: &["から送信", "から送信しました", "を入手", "から送信されました"],
        close: &["よろしくお願いいたします", "よろしくお願いします", "以上", "敬具"],
        ..NONE
    },
    // Chinese, simplified and traditional
    Language {
        opens: &["在 ", "在2", "于 ", "於 "],
        wrote: &["写道", "寫道", "编写", "写了", "撰寫", "寫了"],
        original: &[
            "原始邮件",
            "原始郵件",
            "原邮件",
            "原郵件",
            "邮件原件",
            "原始訊息",
            "回复的原邮件",
        ],
        forwarded: &[
            "转发的邮件",
            "转发邮件",
            "轉寄的郵件",
            "轉寄郵件",
            "已转发邮件",
            "转发信息",
            "轉寄訊息",
            "转发的消息",
            "轉寄的訊息",
        ],
        begin_forwarded: &[
            "下面是被转发的邮件",
            "開始轉寄郵件",
            "以下是轉寄的郵件",
            "以下是转发的邮件",
        ],
        forward_prefixes: &["转发", "轉寄", "轉發"],
        from: &["发件人", "寄件者", "寄件人", "發件人"],
        sent: &[
            "发送时间",
            "发送日期",
            "日期",
            "傳送時間",
            "寄件日期",
            "时间",
            "發送時間",
            "寄件時間",
            "時間",
        ],
        to: &["收件人", "收件者"],
        subject: &["主题", "主旨", "主題", "標題"],
        device: &[
            "发自",
            "發自",
            "從我的",
            "从我的",
            "发送自",
            "傳送自",
            "来自我的",
            "來自我的",
            "获取 outlook",
            "取得 outlook",
        ],
        close: &["此致", "祝好", "谢谢", "謝謝", "顺颂商祺", "敬上", "敬祝商祺"],
        ..NONE
    },
    // Korean
    Language {
        wrote: &["작성", "님이 씀", "썼습니다", "쓴 글"],
        original: &["원본 메시지", "원본 메일", "원본메일", "원본 이메일"],
        forwarded: &["전달된 메시지", "전달된 메일"],
        begin_forwarded: &["전달된 메시지 시작"],
        forward_prefixes: &["전달"],
        from: &["보낸 사람", "보낸사람"],
        sent: &["보낸 날짜", "날짜", "보낸날짜", "보낸 시간"],
        to: &["받는 사람", "받는사람"],
        subject: &["제목"],
        device_ends: &["에서 보냄", "에서 보냈습니다", "에서 보낸 메일입니다"],
        close: &["감사합니다", "드림", "올림"],
        ..NONE
    },
    // Indonesian and Malay
    Language {
        opens: &["pada "],
        wrote: &["menulis"],
        original: &["pesan asli", "mesej asal"],
        forwarded: &["pesan terusan", "mesej dimajukan"],
        from: &["dari", "daripada"],
        sent: &["dikirim", "dihantar", "tanggal", "tarikh"],
        to: &["kepada", "ke"],
        subject: &["subjek", "perihal"],
        device: &["dikirim dari ", "dihantar daripada "],
        close: &["salam", "hormat kami", "salam hormat", "hormat saya", "yang benar"],
        ..NONE
    },
    // Filipino
    Language { opens: &["noong "], wrote: &["isinulat ni", "sumulat si"], ..NONE },
    // Vietnamese
    Language {
        opens: &["vào ", "ngày "],
        wrote: &["đã viết", "viết:"],
        original: &["thư gốc", "tin nhắn gốc"],
        forwarded: &["thư được chuyển tiếp", "thư đã chuyển tiếp"],
        begin_forwarded: &["bắt đầu thư được chuyển tiếp"],
        from: &["từ", "người gửi"],
        sent: &["đã gửi", "ngày", "gửi"],
        to: &["đến", "tới", "người nhận"],
        subject: &["chủ đề", "tiêu đề"],
        device: &["gửi từ ", "đã gửi từ ", "được gửi từ "],
        close: &["trân trọng", "thân mến", "kính thư", "thân ái"],
        ..NONE
    },
    // Thai
    Language {
        opens: &["เมื่อ", "ในวันที่", "วันที่"],
        wrote: &["เขียนว่า", "เขียน:", "ได้เขียน"],
        original: &["ข้อความต้นฉบับ", "ข้อความเดิม"],
        forwarded: &["ข้อความที่ส่งต่อ"],
        begin_forwarded: &["เริ่มข้อความที่ส่งต่อ"],
        from: &["จาก"],
        sent: &["ส่ง", "วันที่", "ส่งเมื่อ"],
        to: &["ถึง"],
        subject: &["เรื่อง", "หัวเรื่อง"],
        device: &["ส่งจาก"],
        close: &["ขอแสดงความนับถือ", "ด้วยความเคารพ"],
        ..NONE
    },
];
