#!/usr/bin/env python3
"""The wire's floor: fetches a whole INBOX over TLS and throws the bodies away. Prints messages, octets and seconds.

    floor.py PORT CA USER PASSWORD

Commands for 50 messages each, four of them under way at a time: nothing that has to look at the mail is quicker.
"""
import collections
import re
import socket
import ssl
import sys
import time

CHUNK, UNDER_WAY = 50, 4
port, ca, user, password = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
connection = context.wrap_socket(socket.create_connection(('localhost', int(port))), server_hostname='localhost')
replies = connection.makefile('rb', buffering=1 << 18)
literal = re.compile(rb'\{(\d+)\}\r\n$')


def send(tag, command):
    connection.sendall(f'{tag} {command}\r\n'.encode())


def answer(tag):
    """The untagged lines up to the tagged one, which must be OK."""
    lines = []
    while True:
        line = replies.readline()
        if line.startswith(tag.encode() + b' '):
            assert line.split()[1] == b'OK', line
            return lines
        assert line, 'the server hung up'
        lines.append(line)


replies.readline()
send('a', f'LOGIN "{user}" "{password}"')
answer('a')
send('b', 'EXAMINE INBOX')
answer('b')
send('c', 'UID SEARCH ALL')
uids = [uid for line in answer('c') if line.startswith(b'* SEARCH') for uid in line.split()[2:]]

begun = time.monotonic()
jobs = collections.deque(uids[at:at + CHUNK] for at in range(0, len(uids), CHUNK))
scrap = memoryview(bytearray(1 << 20))
under_way = messages = octets = 0
while jobs or under_way:
    while jobs and under_way < UNDER_WAY:
        job = jobs.popleft()
        send('f', f'UID FETCH {job[0].decode()}:{job[-1].decode()} (UID FLAGS INTERNALDATE BODY.PEEK[])')
        under_way += 1
    line = replies.readline()
    assert line, 'the server hung up'
    if found := literal.search(line):
        left = int(found[1])
        messages += 1
        octets += left
        while left:
            left -= replies.readinto(scrap[:min(left, len(scrap))])
    elif line.startswith(b'f '):
        assert b' OK ' in line, line
        under_way -= 1
print(messages, octets, f'{time.monotonic() - begun:.3f}')
