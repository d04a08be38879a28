"""The HTTPS proxy on the server's own port: it answers for AWS's hosts and passes everything else on untouched.

`CONNECT host:443` to a host of AWS's becomes TLS with a certificate of our authority, and then HTTP like any other
connection's. A connection to any other host is a tunnel of bytes, through the user's own proxy where there is one. The
proxy asks for no password: AWS's hosts check signatures, and the rest is passed on only for a server that listens on
loopback, so that nobody else finds an open relay.
"""

import asyncio
import base64
import logging
import ssl
from collections.abc import Coroutine
from urllib.parse import unquote, urlsplit

from clary.wire.authority import Authority, is_aws
from clary.wire.connection import HttpConnection
from clary.wire.exchange import Refused
from clary.wire.server import Listener

log = logging.getLogger(__name__)

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
CONNECT_TIME = 30.0
PIECE = 64 * 1024


class Proxy:
    """Takes CONNECT requests: pass `tunnel` to the `Listener`.

    `upstream` is the URL (`http://user:password@host:port`) of a proxy that leads to the world, None for the direct
    way. `relay` says whether hosts other than AWS's are passed on at all.
    """

    def __init__(self, authority: Authority, *, upstream: str | None, relay: bool) -> None:
        self._authority = authority
        self._upstream = upstream
        self._relay = relay
        self._tasks: set[asyncio.Task[None]] = set()

    def tunnel(self, listener: Listener, connection: HttpConnection, authority: str, rest: bytes) -> None:
        """Take over `connection`, which asked to CONNECT to `authority`."""
        host, _, port = authority.rpartition(":")
        host = host.strip("[]").lower()
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            connection.refuse(Refused(400, "CONNECT takes HOST:PORT"))
        elif rest:
            connection.refuse(Refused(400, "The client did not wait for the tunnel"))
        elif is_aws(host) and port == "443":
            self._begin(self._answer(listener, connection, host))
        elif self._relay:
            self._begin(self._pass_on(connection, host, int(port)))
        else:
            text = f"This proxy answers for AWS's hosts only, not for {host}: it is open to other machines"
            connection.refuse(Refused(403, text))

    async def stop(self) -> None:
        """Cut off the tunnels."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, listener: Listener, connection: HttpConnection, host: str) -> None:
        """Speak TLS, and HTTP in it, as `host`."""
        loop = asyncio.get_running_loop()
        context = await loop.run_in_executor(None, self._authority.context, host)
        if connection.transport.is_closing():
            return
        transport = connection.detach()
        transport.write(ESTABLISHED)
        secure = HttpConnection(listener, secure=True)
        try:
            stream = await loop.start_tls(
                transport, secure, context, server_side=True, ssl_handshake_timeout=CONNECT_TIME
            )
        except (OSError, ssl.SSLError) as error:
            log.info("A client broke off TLS with %s (%s): does it trust %s?", host, error, self._authority.bundle)
            return
        if stream is not None:
            secure.connection_made(stream)

    async def _pass_on(self, connection: HttpConnection, host: str, port: int) -> None:
        """Copy bytes to and from `host` until both sides have ended."""
        try:
            async with asyncio.timeout(CONNECT_TIME):
                far_reader, far_writer = await self._open(host, port)
        except (OSError, TimeoutError) as error:
            connection.refuse(Refused(502, f"No connection to {host}:{port}: {error}"))
            return
        if connection.transport.is_closing():
            far_writer.transport.abort()
            return
        transport = connection.detach()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        writer = asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
        writer.write(ESTABLISHED)
        try:
            await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
        except OSError:
            pass  # either side has gone: so does the other
        finally:
            transport.abort()
            far_writer.transport.abort()

    async def _open(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to `host`, through the upstream proxy if there is one."""
        if self._upstream is None:
            return await asyncio.open_connection(host, port)
        proxy = urlsplit(self._upstream)
        secure = proxy.scheme == "https"
        reader, writer = await asyncio.open_connection(
            proxy.hostname, proxy.port or (443 if secure else 80), ssl=secure
        )
        head = f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        if proxy.username:
            password = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
            head += f"Proxy-Authorization: Basic {base64.b64encode(password.encode()).decode()}\r\n"
        writer.write(f"{head}\r\n".encode("latin-1"))
        try:
            answer = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise ConnectionError(f"the proxy {proxy.hostname} broke off") from error
        status = answer.split(b"\r\n", 1)[0].decode("latin-1")
        if status.split(" ")[1:2] != ["200"]:
            raise ConnectionError(f"the proxy {proxy.hostname} answered {status}")
        return reader, writer


async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copy bytes until `source` ends, and pass on the end."""
    while data := await source.read(PIECE):
        target.write(data)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
