#!/usr/bin/env python3
"""Fills a new store (SQLite) with issues that came by mail long ago and whose raw bytes were let go of.

    fill.py DATABASE PROJECT ISSUES

Each issue has 2 KB of text, a line in the ledger, the emptied row of its raw bytes, and two addresses that have a part in
it; a fifth of them have a comment. The senders are the ones of genmail.py and as many again.
"""
import json
import random
import sqlite3
import sys

BATCH = 10_000
path, project_key, issues = sys.argv[1], sys.argv[2], int(sys.argv[3])
rng = random.Random(11)
START = 1_500_000_000_000  # milliseconds; long before the mail that is fetched
WORDS = 'delivery invoice printer meeting module sheet rollback order contract sign-in backup paper'.split()


def uuid(at, tail=None):
    """Version 7, as the product makes them: their order is the order of time."""
    tail = rng.getrandbits(74) if tail is None else tail
    number = at << 80 | 7 << 76 | (tail >> 62) << 64 | 2 << 62 | tail & (1 << 62) - 1
    text = f'{number:032x}'
    return f'{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}'


database = sqlite3.connect(path)
database.execute('PRAGMA synchronous = OFF')
database.execute('PRAGMA cache_size = -500000')
project, server = uuid(START), uuid(START)
database.execute('INSERT INTO projects (id, key, name, next_number, created_at) VALUES (?, ?, ?, ?, ?)',
                 (project, project_key, 'Bench', issues + 1, START * 1000))
database.execute('''INSERT INTO mail_servers (id, name, direction, protocol, security, host, port, mailbox, folders, take,
    poll_seconds, paused, failures, next_poll_at, created_at)
    VALUES (?, 'Long ago', 'incoming', 'imap', 'tls', 'localhost', 993, 'old', 'INBOX', 'all', 60, 1, 0, 0, ?)''',
                 (server, START * 1000))
people = [(uuid(START), f'person{at}@customer{at % 311}.example', f'Person {at}') for at in range(8000)]
database.executemany('INSERT INTO people (id, address, name) VALUES (?, ?, ?)', people)
database.commit()

heap = ' '.join(rng.choices(WORDS, k=20_000))
for first in range(0, issues, BATCH):
    made = {name: [] for name in ('issues', 'raws', 'messages', 'involved', 'comments')}
    for number in range(first, min(first + BATCH, issues)):
        at = START + number * 60_000
        issue, message = uuid(at), uuid(at)
        author, other = rng.choice(people), rng.choice(people)
        begin = rng.randrange(len(heap) - 2100)
        text, sha256 = f'{number} {heap[begin:begin + 2040]}', rng.randbytes(32)
        summary = f'{rng.choice(WORDS)} {rng.choice(WORDS)} {number}'
        commented = rng.random() < 0.2
        made['issues'].append((issue, project, f'{project_key}-{number + 1}', summary, text, 'Task', None,
                               json.dumps([]), rng.choice(['open', 'resolved']), author[0], None, int(commented),
                               at * 1000, at * 1000))
        made['raws'].append((sha256, 49_000, b''))
        made['messages'].append((message, server, 'INBOX', 1, number + 1, f'<{number}.{rng.getrandbits(64):x}@old.example>',
                                 sha256, at * 1000, f'{author[2]} <{author[1]}>', author[1], summary, 49_000, 'created',
                                 issue, at * 1000, 1))
        made['involved'] += sorted({(issue, author[1]), (issue, other[1])})
        if commented:
            made['comments'].append((uuid(at), issue, other[0], text[:500], None, at * 1000))
    columns = {
        'issues': 'id, project_id, key, summary, description, issue_type, priority, labels, status, reporter_id, assignee_id, '
                  'comment_count, created_at, updated_at',
        'raws': 'sha256, size, packed',
        'messages': 'id, mail_server_id, folder, uid_validity, uid, message_id, sha256, internal_date, sender, address, '
                    'subject, size, outcome, issue_id, received_at, flagged',
        'involved': 'issue_id, address',
        'comments': 'id, issue_id, author_id, body, message_id, created_at',
    }
    for table, names in columns.items():
        places = ', '.join('?' * len(names.split(',')))
        database.executemany(f'INSERT INTO {table} ({names}) VALUES ({places})', made[table])
    database.commit()
database.execute('PRAGMA wal_checkpoint(TRUNCATE)')
database.close()
