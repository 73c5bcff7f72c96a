#!/usr/bin/env python3
"""Many mailboxes: adds them to a running outlink by its REST API, sets them going, and waits.

    many.py create URL TOKEN PORT PASSWORD TAKE USER...   one mail server with a handler for each user, paused; a user
                                                         written USER:PORT lies on another port
    many.py due DATABASE                                 has all of them fetched from at the next start
    many.py wait-messages DATABASE COUNT USER...         until the ledger holds so many messages of these users' mailboxes
    many.py wait-connected DATABASE COUNT                until so many have been fetched from without trouble

What waits reads the database beside the server, and prints the time at which it was over.
"""
import http.client
import json
import sqlite3
import sys
import time
import urllib.parse

WAITS = 600


class Api:
    def __init__(self, url, token):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc)
        self.headers = {'Authorization': f'Bearer {token}', 'Content-Type': 'application/json'}

    def ask(self, method, path, body=None):
        self.connection.request(method, f'/api/v1/{path}', json.dumps(body) if body is not None else None, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status < 300, (path, answer.status, text)
        return json.loads(text) if text else None


def create(url, token, port, password, take, *users):
    api = Api(url, token)
    api.ask('POST', 'projects', {'key': 'BENCH', 'name': 'Bench'})
    for entry in users:
        user, _, other = entry.partition(':')
        api.ask('POST', 'mail-servers', {'name': user, 'host': 'localhost', 'port': int(other or port), 'mailbox': user,
                                         'password': password, 'take': take})
        api.ask('POST', f'mail-servers/{user}/pause', {})
        api.ask('POST', 'handlers', {'name': user, 'mail_server': user, 'project': 'BENCH'})


def due(path):
    """While the server is down: all of them are due at its start, and none has been fetched from."""
    database = sqlite3.connect(path)
    database.execute('UPDATE mail_servers SET paused = 0, next_poll_at = 0, lease_holder = NULL, lease_until = NULL, '
                     'ok_at = NULL')
    database.commit()


def wait(path, query, count, arguments=()):
    database = sqlite3.connect(f'file:{path}?mode=ro', uri=True)
    until = time.monotonic() + WAITS
    while (found := database.execute(query, arguments).fetchone()[0]) < count:
        assert time.monotonic() < until, f'{found} of {count} after {WAITS} seconds'
        time.sleep(0.05)
    print(f'{time.time():.3f}')


def wait_messages(path, count, *users):
    names = ', '.join('?' * len(users))
    wait(path, 'SELECT count(*) FROM messages m JOIN mail_servers s ON s.id = m.mail_server_id '
               f'WHERE s.name IN ({names})', int(count), users)


def wait_connected(path, count):
    wait(path, 'SELECT count(*) FROM mail_servers WHERE ok_at IS NOT NULL AND trouble IS NULL', int(count))


{'create': create, 'due': due, 'wait-messages': wait_messages, 'wait-connected': wait_connected}[sys.argv[1]](*sys.argv[2:])
