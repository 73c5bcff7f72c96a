#!/usr/bin/env python3
"""Writes N mixed messages into a Maildir, the same ones for the same seed.

    genmail.py N MAILDIR [SEED]

What the mix is, stands in KINDS: half of them replies with quotes, some with files; the rest plain text, newsletters in
HTML, attachments up to a megabyte, inline pictures, forwards, invitations, bounces, and one in twenty broken; in eleven
character sets, 49 KB on average, from a few thousand senders of whom some write far more than others. The files' times,
which are the dates of arrival, lie half an hour apart. Nobody has seen any of them. Needs nothing but Python.
"""
import datetime
import email.message
import email.policy
import email.utils
import os
import random
import sys
import textwrap

SENTENCES = {
    'us-ascii': [
        'Please find the minutes of the meeting below.', 'The build is green again after the rollback.',
        'Could you confirm the delivery date of order 48213?', 'I have moved our call to Thursday at ten.',
        'Invoices older than ninety days are in the sheet.', 'Nobody has touched that module since March.',
        'The printer on the second floor prints stripes.', 'We cannot sign in since this morning.',
    ],
    'utf-8': [
        'Größere Änderungen folgen nächste Woche – bitte prüfen.', 'Příliš žluťoučký kůň úpěl ďábelské ódy.',
        '会議は午後三時からです。', 'Отчёт готов, посмотри, пожалуйста.', 'הקובץ מצורף.', 'Thanks 🎉 – see you there!',
    ],
    'iso-8859-1': ["Le rapport a été envoyé à l'équipe hier soir.", 'Todo está listo para mañana, señor Muñoz.'],
    'windows-1252': ['The price is “12 €” – not more…', 'Voilà l’œuvre complète.'],
    'iso-8859-2': ['Zażółć gęślą jaźń.'],
    'koi8-r': ['Встреча переносится на пятницу.', 'Документы во вложении.'],
    'iso-2022-jp': ['ご連絡ありがとうございます。', '資料を添付しました。'],
    'shift_jis': ['明日の打ち合わせの件です。'],
    'euc-kr': ['보고서를 보냅니다.'],
    'gb18030': ['会议改到下周二上午。', '请查收附件。'],
    'big5': ['請確認訂單的內容。'],
}
CHARSETS = {'us-ascii': 40, 'utf-8': 35, 'iso-8859-1': 8, 'windows-1252': 6, 'koi8-r': 3, 'iso-2022-jp': 3,
            'gb18030': 2, 'shift_jis': 1, 'euc-kr': 1, 'iso-8859-2': 1, 'big5': 1}
FIRST = ['Alice', 'Jörg', '太郎', 'José', 'Иван', 'Žofie', 'Ops', 'Zoë', 'Bob', 'Günter', 'Marie', 'Ahmed', 'Σοφία', '민준']
LAST = ['Moore', 'Müller', '山田', 'Núñez', 'Петров', 'Dvořáková', 'Team', "O'Neill", 'Smith, Jr.', 'Grün', 'Curie', 'Said',
        'Παππά', '김']
PEOPLE = [(f'{FIRST[at % len(FIRST)]} {LAST[at * 7 % len(LAST)]}', f'person{at}@customer{at % 311}.example')
          for at in range(4000)]
FILES = [('application', 'pdf', 'pdf'), ('image', 'jpeg', 'jpg'), ('image', 'png', 'png'), ('application', 'zip', 'zip'),
         ('application', 'vnd.openxmlformats-officedocument.wordprocessingml.document', 'docx'), ('text', 'csv', 'csv')]
FILE_NAMES = ['Report', 'Rechnung März', 'счёт', '見積書', "Scan 'final' (2)", 'IMG_20260412']
POLICY = email.policy.SMTP.clone(linesep='\n', max_line_length=78)
EPOCH = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)

rng = random.Random()
earlier = []  # (Message-ID, subject, sender, recipient, text) of messages that a reply can answer


def paragraphs(charset, count):
    known = SENTENCES[charset] + (SENTENCES['us-ascii'] if charset != 'us-ascii' else [])
    def paragraph():
        return textwrap.fill(' '.join(rng.choices(known, k=rng.randint(2, 7))), 76)
    return '\n\n'.join(paragraph() for _ in range(count))


def newsletter(charset, count):
    """HTML as such mail has it: a table for the layout, a heap of styles, a tracking pixel."""
    styles = ''.join(f'.c{i}{{margin:{i}px;padding:{i}px;color:#{i * 3:06x}}}\n' for i in range(rng.randint(20, 400)))
    cell = '<tr><td style="padding:8px;font-family:Arial,sans-serif;font-size:14px">{}</td></tr>\n'
    rows = ''.join(cell.format(text) for text in paragraphs(charset, count).split('\n\n'))
    return (f'<!DOCTYPE html><html><head><meta charset="{charset}"><style>{styles}</style></head><body>'
            f'<table width="600">{rows}</table><img src="https://track.example/o.gif?id={rng.getrandbits(40)}" '
            f'width="1" height="1"><a href="https://shop.example/u?x={rng.getrandbits(40)}">unsubscribe</a></body></html>')


def somebody():
    """A few write much, and most write seldom."""
    return PEOPLE[int(rng.random() ** 2 * len(PEOPLE))]


def envelope(number, charset, when, subject=None, sender=None, recipient=None):
    sender, recipient = sender or somebody(), recipient or somebody()
    message = email.message.EmailMessage(policy=POLICY)
    for hop in range(rng.randint(1, 4)):
        message['Received'] = (f'from mx{hop}.example (mx{hop}.example [192.0.2.{rng.randint(1, 254)}]) by in.example '
                               f'with ESMTPS id {rng.getrandbits(40):010X}; {email.utils.format_datetime(when)}')
    message['DKIM-Signature'] = ('v=1; a=rsa-sha256; c=relaxed/relaxed; d=example; s=k1; h=from:to:subject:date; bh='
                                 + 'A' * 43 + '=; b=' + 'B' * 172)
    message['From'] = email.utils.formataddr(sender)
    message['To'] = email.utils.formataddr(recipient)
    if rng.random() < 0.3:
        message['Cc'] = ', '.join(email.utils.formataddr(person) for person in (somebody() for _ in range(rng.randint(1, 6))))
    message['Date'] = when
    message['Message-ID'] = f'<{number}.{rng.getrandbits(64):x}@bench.example>'
    message['Subject'] = subject or ' '.join(rng.choices(SENTENCES[charset], k=rng.randint(1, 2)))[:140]
    return message


def plain(number, charset, when):
    message = envelope(number, charset, when)
    message.set_content(paragraphs(charset, rng.randint(1, 12)) + '\n', charset=charset)
    return message


def html(number, charset, when):
    message = envelope(number, charset, when)
    count = rng.randint(2, 40)
    message.set_content(paragraphs(charset, count) + '\n', charset=charset)
    message.add_alternative(newsletter(charset, count), subtype='html', charset=charset)
    return message


def reply(number, charset, when):
    """Whoever was written to answers, or whoever wrote writes again."""
    if not earlier:
        return plain(number, charset, when)
    parent, subject, sender, recipient, text = rng.choice(earlier[-2000:])
    one, other = (recipient, sender) if rng.random() < 0.7 else (sender, recipient)
    subject = (subject if subject.startswith('Re:') else f'Re: {subject}')[:180]
    message = envelope(number, charset, when, subject, one, other)
    older = [entry[0] for entry in rng.sample(earlier[-50:], min(len(earlier), rng.randint(0, 6)))]
    message['In-Reply-To'] = parent
    message['References'] = ' '.join(older + [parent])
    quote = '\n'.join(f'> {line}' for line in text.split('\n'))
    fresh = paragraphs('utf-8', rng.randint(1, 4))
    body = f'{fresh}\n\nOn {when:%a, %d %b %Y}, {sender[0]} wrote:\n{quote}\n-- \nKind regards\n'
    message.set_content(body, charset='utf-8')
    if rng.random() < 0.5:
        message.add_alternative('<p>' + body.replace('\n', '<br>\n') + '</p>', subtype='html')
    if rng.random() < 0.09:
        attach(message)
    return message


def attach(message):
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        size = int(min(1_000_000, max(10_000, rng.lognormvariate(11.2, 1.1))))
        maintype, subtype, extension = rng.choice(FILES)
        name = f'{rng.choice(FILE_NAMES)} {rng.randint(1, 999)}.{extension}'
        if maintype == 'text':
            rows = (f'{row};{rng.randint(1, 99999)};{rng.random():.6f};"name {row}"' for row in range(size // 32))
            message.add_attachment('\n'.join(rows), subtype=subtype, filename=name)
        else:
            message.add_attachment(rng.randbytes(size), maintype=maintype, subtype=subtype, filename=name)


def attachments(number, charset, when):
    message = envelope(number, charset, when)
    message.set_content(paragraphs(charset, rng.randint(1, 4)) + '\n', charset=charset)
    attach(message)
    return message


def picture(number, charset, when):
    message = envelope(number, charset, when)
    message.set_content('see the html part\n')
    message.add_alternative('<p>Look:</p><img src="cid:picture@x">' + newsletter('utf-8', 5), subtype='html')
    image = rng.randbytes(rng.randint(10_000, 90_000))
    message.get_payload()[1].add_related(image, 'image', 'png', cid='<picture@x>')
    return message


def forward(number, charset, when):
    message = envelope(number, charset, when)
    message.set_content('see below\n')
    message.add_attachment(plain(number + 10_000_000, charset, when))
    return message


def invitation(number, charset, when):
    message = envelope(number, charset, when)
    message.set_content('Invitation\n')
    event = (f'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:{number}@bench\r\n'
             'DTSTART:20260401T100000Z\r\nSUMMARY:Call\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n')
    message.add_alternative(event, subtype='calendar', params={'method': 'REQUEST'})
    return message


def bounce(number, charset, when):
    message = envelope(number, 'us-ascii', when, 'Undelivered Mail Returned to Sender')
    message.set_content('This is the mail system. Your message could not be delivered.\n')
    report = email.message_from_string(
        'Content-Type: message/delivery-status\n\nReporting-MTA: dns; in.example\n\n'
        'Final-Recipient: rfc822; nobody@example\nAction: failed\nStatus: 5.1.1\n', policy=POLICY)
    message.make_mixed()
    message.attach(report)
    message.set_type('multipart/report')
    message.set_param('report-type', 'delivery-status')
    return message


def broken(number, charset, when):
    """One of the things that mail should not be, and is."""
    whole = rng.random() < 0.5
    message = envelope(number, 'us-ascii', when)
    message.set_content(paragraphs('us-ascii', 2) + '\n')
    if whole:
        message.add_attachment(rng.randbytes(rng.randint(1000, 30_000)), 'application', 'pdf', filename='a.pdf')
    raw = message.as_bytes()
    head, body = raw.split(b'\n\n', 1)
    without = lambda name: b'\n'.join(line for line in raw.split(b'\n') if not line.startswith(name))
    return rng.choice([
        lambda: raw.replace(b'Subject: ', b'Subject: Gr\xfc\xdfe roh ', 1),
        lambda: without(b'Date:'),
        lambda: without(b'Message-ID:'),
        lambda: without(b'From:'),
        lambda: raw + b'x' * 5000 + b'\n',
        lambda: head + b'\n\n',
        lambda: raw.replace(b'us-ascii', b'x-unknown-charset'),
        lambda: raw[:len(head) + len(body) * 2 // 3],
        lambda: raw.replace(b'boundary="', b'boundary="lost'),
        lambda: raw.replace(b'base64', b'base46').replace(b'7bit', b'9bit'),
        lambda: raw.replace(b'Subject: ', b'Subject: =?utf-8?B?4pyT4py?= =?x?Q? ', 1),
        lambda: b'this line is no header\n' + raw,
        lambda: raw.replace(b'Content-Type: ', b'Content-Type: ;;/', 1),
        lambda: head + b'\nSubject: again\nFrom: <another@customer.example>\n\n' + body,
        lambda: head.replace(b'From: ', b'From: <<>,@ ', 1) + b'\n\n' + body,
    ])()


KINDS = {reply: 500, plain: 150, html: 150, attachments: 101, picture: 30, broken: 50, forward: 8, invitation: 8, bounce: 7}


def remember(message):
    body = message.get_body(('plain',)) if message.get_content_type() != 'multipart/report' else None
    if body is not None:
        sender, recipient = (email.utils.parseaddr(str(message[name])) for name in ('From', 'To'))
        earlier.append((message['Message-ID'], str(message['Subject']), sender, recipient, body.get_content()[:1500]))
        del earlier[:-2000]


def main():
    count, maildir = int(sys.argv[1]), sys.argv[2]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    rng.seed(seed)
    random.seed(seed)  # the email package draws its boundaries from here
    for part in ('cur', 'new', 'tmp'):
        os.makedirs(f'{maildir}/{part}', exist_ok=True)
    number = octets = 0
    while number < count:
        when = EPOCH + datetime.timedelta(minutes=number * 30)
        kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
        charset = rng.choices(list(CHARSETS), list(CHARSETS.values()))[0]
        try:
            message = kind(number, charset, when)
            raw = message if isinstance(message, bytes) else message.as_bytes()
        except (UnicodeError, LookupError):
            continue  # a character that the set does not have: another one
        if not isinstance(message, bytes):
            remember(message)
        raw = raw.replace(b'\r\n', b'\n')
        size = len(raw) + raw.count(b'\n')  # as it goes over the wire
        at = int(when.timestamp())
        path = f'{maildir}/cur/{at}.M{number}.bench,S={len(raw)},W={size}:2,'
        with open(path, 'wb') as file:
            file.write(raw)
        os.utime(path, (at, at))
        octets += size
        number += 1
    print(f'{count} messages, {octets / 1e6:.0f} MB on the wire, {octets / count / 1e3:.1f} KB on average')


main()
