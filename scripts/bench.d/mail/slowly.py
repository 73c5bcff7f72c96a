#!/usr/bin/env python3
"""An IMAP server that takes its time: every answer of the server behind it comes so many seconds after what was asked.

    slowly.py SECONDS PORT CERTIFICATE KEY CA

Speaks TLS on a free port of loopback, which it prints, and hands on to the server on PORT.
"""
import asyncio
import ssl
import sys

seconds, behind, certificate, key, ca = float(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]
as_server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
as_server.load_cert_chain(certificate, key)
as_client = ssl.create_default_context(cafile=ca)


async def hand_on(asked, asking):
    """One session. What is asked goes on at once; what is answered waits until its time has come."""
    answered, answering = await asyncio.open_connection('localhost', behind, ssl=as_client, server_hostname='localhost')
    clock = asyncio.get_running_loop().time
    due = clock() + seconds

    async def there():
        nonlocal due
        while line := await asked.read(1 << 16):
            due = clock() + seconds
            answering.write(line)
            await answering.drain()
        answering.close()

    async def back():
        while line := await answered.read(1 << 16):
            while (left := due - clock()) > 0:
                await asyncio.sleep(left)
            asking.write(line)
            await asking.drain()
        asking.close()

    await asyncio.gather(there(), back(), return_exceptions=True)


async def main():
    server = await asyncio.start_server(hand_on, '127.0.0.1', 0, ssl=as_server)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
