//! The header block that Outlook and others put above what they quote: From, Sent, To, Subject.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Kind;
use super::words::languages;

/// Lines of a block that are looked at. Long lists of recipients are wrapped.
const MAX_LINES: usize = 16;
/// Lines in a row that carry on a field.
const MAX_WRAPPED: usize = 6;
/// Fields that may stand above the From: web mailers begin with the date, or with the subject.
const MAX_ABOVE_FROM: usize = 4;
/// Bytes of a label, in the longest language.
const MAX_LABEL: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    From,
    Sent,
    To,
    Subject,
}

static LABELS: LazyLock<HashMap<&str, Field>> = LazyLock::new(|| {
    let mut labels = HashMap::new();
    for language in languages() {
        let fields = [
            (language.from, Field::From),
            (language.sent, Field::Sent),
            (language.to, Field::To),
            (language.subject, Field::Subject),
        ];
        for (words, field) in fields {
            words.iter().for_each(|word| {
                labels.entry(*word).or_insert(field);
            });
        }
    }
    labels
});

/// If a header block begins at this line, the one by which that is sure: there is a From and a date, then a recipient
/// or a subject, and something that only mails have.
pub(super) fn ends_at(lines: &[&str], kinds: &[Kind], at: usize) -> Option<usize> {
    let fields = lines[at..].iter().take(MAX_ABOVE_FROM + 1).map_while(|line| field(line));
    let mut fields: Vec<Field> = fields.collect();
    let above = fields.iter().position(|field| *field == Field::From)?;
    fields.truncate(above);
    let begin = at + above;
    let mut sent = fields.contains(&Field::Sent);
    // "From: Berlin, To: Paris, Date: May" is what somebody asks for: a mail has a subject, or somebody's address.
    let address = |line: &str| line.contains('@');
    let titled = fields.contains(&Field::Subject);
    let mut known = titled || lines[at..=begin].iter().any(|line| address(line));
    let mut about = titled || fields.contains(&Field::To);
    if sent && about && known {
        return Some(begin);
    }
    let mut wrapped = 0;
    let below = lines[begin + 1..].iter().zip(&kinds[begin + 1..]).zip(begin + 1..);
    for ((line, kind), index) in below.take(MAX_LINES) {
        if *kind == Kind::Quote {
            break;
        }
        match field(line) {
            Some(Field::From) => break,
            Some(Field::Sent) => sent = true,
            Some(Field::Subject) => (about, known) = (true, true),
            Some(Field::To) => about = true,
            None => {
                wrapped += 1;
                if wrapped > MAX_WRAPPED {
                    break;
                }
                continue;
            }
        }
        wrapped = 0;
        known |= address(line);
        if sent && about && known {
            return Some(index);
        }
    }
    None
}

/// The field that a line begins with: `*From:* Bob`, `Von : Bob`.
fn field(line: &str) -> Option<Field> {
    let line = line.trim_start_matches([' ', '\t', '*', '_', '\u{a0}']);
    let colon = line.find([':', '：'])?;
    if colon == 0 || colon > MAX_LABEL {
        return None;
    }
    let label = line[..colon].trim_end_matches([' ', '*', '_', '\u{a0}']).to_lowercase();
    LABELS.get(label.as_str()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(text: &str) -> bool {
        let lines: Vec<&str> = text.split('\n').collect();
        ends_at(&lines, &vec![Kind::Own; lines.len()], 0).is_some()
    }

    #[test]
    fn blocks_of_many_languages_are_known() {
        for text in [
            "From: Bob\nSent: Monday\nTo: Ann\nSubject: x",
            "*From:* Bob <bob@example.org>\n*Date:* Monday\n*Subject:* x",
            "From: Bob\nSubject: x\nDate: Monday",
            "Von: Bob\nGesendet: Montag\nAn: Ann\nBetreff: x",
            "De : Bob\nEnvoyé : lundi\nÀ : Ann\nObjet : x",
            "De: Bob\nEnviado el: lunes\nPara: Ann\nAsunto: x",
            "Da: Bob\nInviato: lunedì\nA: Ann\nOggetto: x",
            "Van: Bob\nVerzonden: maandag\nAan: Ann\nOnderwerp: x",
            "Od: Bob\nWysłano: poniedziałek\nDo: Ann\nTemat: x",
            "Från: Bob\nSkickat: måndag\nTill: Ann\nÄmne: x",
            "Fra: Bob\nSendt: mandag\nTil: Ann\nEmne: x",
            "Lähettäjä: Bob\nLähetetty: maanantai\nVastaanottaja: Ann\nAihe: x",
            "От: Bob\nОтправлено: понедельник\nКому: Ann\nТема: x",
            "差出人: Bob\n送信日時: 月曜日\n宛先: Ann\n件名: x",
            "发件人: Bob\n发送时间: 星期一\n收件人: Ann\n主题: x",
            "보낸 사람: Bob\n보낸 날짜: 월요일\n받는 사람: Ann\n제목: x",
            "Kimden: Bob\nGönderildi: Pazartesi\nKime: Ann\nKonu: x",
            "From: Bob\nSent: Monday\n\nTo: Ann <\nann@example.org>;\nSubject: x",
            "Gesendet: Montag\nVon: Bob\nAn: Ann\nBetreff: x",
            "Date: Monday\nTo: bob@example.org\nFrom: ann@example.org\nSubject: x",
            "Date: Monday\nSubject: x\nFrom: ann@example.org\nTo: bob@example.org",
            "Message du : 01/01/2024 10:00\nDe : Bob <bob@example.org>\nA : ann@example.org\nSujet : x",
            "De la: Bob\nTrimis: luni\nCătre: Ann\nSubiect: x",
            "Feladó: Bob\nElküldve: hétfő\nCímzett: Ann\nTárgy: x",
            "Від: Bob\nНадіслано: понеділок\nКому: Ann\nТема: x",
            "寄件者: Bob\n寄件日期: 星期一\n收件者: Ann\n主旨: x",
            "Từ: Bob\nĐã gửi: Thứ Hai\nĐến: Ann\nChủ đề: x",
            "จาก: Bob\nส่ง: วันจันทร์\nถึง: Ann\nเรื่อง: x",
            "Dari: Bob\nDikirim: Senin\nKepada: Ann\nSubjek: x",
            "Από: Bob\nΣτάλθηκε: Δευτέρα\nΠρος: Ann\nΘέμα: x",
            "מאת: Bob\nנשלח: יום שני\nאל: Ann\nנושא: x",
            "من: Bob\nتم الإرسال: الاثنين\nإلى: Ann\nالموضوع: x",
            "प्रेषक: Bob\nभेजा गया: सोमवार\nप्रति: Ann\nविषय: x",
        ] {
            assert!(starts(text), "{text}");
        }
    }

    #[test]
    fn lists_are_not_blocks() {
        for text in [
            "From: here\nTo: there",
            "From: Berlin\nTo: Paris\nDate: Monday\nfor two",
            "From: Bob\nI have to tell you\nsomething",
            "Sent: Monday\nTo: Ann\nSubject: x",
            "Subject: x\nFrom: Bob",
            "To: Paris\nFrom: Berlin\nDate: May",
            "Date: Monday\nit rained\nFrom: ann@example.org\nto the bone",
            "From: ann@example.org\nDate: 2024-01-01 10:00\nnever came",
            "from the very beginning: it was bad\nSent: no\nTo: x",
        ] {
            assert!(!starts(text), "{text}");
        }
    }
}
