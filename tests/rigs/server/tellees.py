"""Servers that take messages on loopback: mail by SMTP (aiosmtpd), and HTTP. They fail, refuse and dawdle on demand."""

from __future__ import annotations

import email
import email.message
import email.policy
import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.rigs.loopback import free_port


class Mailbox:
    """What an SMTP server does with mail; ``replies`` are given to RCPT before any mail is accepted."""

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies)
        self.received: list[tuple[Envelope, email.message.EmailMessage]] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.password = b"p@ss:w/rd%41 ?#&+"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.replies:
            return self.replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(parsed, email.message.EmailMessage)
        self.received.append((envelope, parsed))
        return "250 taken"

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any
    ) -> AuthResult:
        self.logins.append((login.login, login.password))
        right = login.password == self.password
        return AuthResult(success=right, handled=right)


@contextmanager
def smtp_server(mailbox: Mailbox, **settings: Any) -> Iterator[int]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), **settings)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server that hands each connection to ``serve`` in a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            held.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in held:
            connection.close()


class Reply(NamedTuple):
    """What an HTTP server answers, after ``after`` seconds; status 0: it hangs up."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    after: float = 0.0


class Posted(NamedTuple):
    """What was posted to it."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Hook:
    """An HTTP server's mind: ``replies`` are given first, one a request, and then ``always``."""

    always: Reply = field(default_factory=lambda: Reply(200))
    replies: list[Reply] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def web_server(hook: Hook) -> Iterator[Hook]:
    """An HTTP server that keeps what is posted to it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            hook.posted.append(Posted(self.path, dict(self.headers.items()), content))
            reply = hook.replies.pop(0) if hook.replies else hook.always
            if reply.after:
                hook.ended.wait(reply.after)
            if not reply.status:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body.encode())))
            self.end_headers()
            self.wfile.write(reply.body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", hook.port), Handler)
    server.daemon_threads = True
    hook.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield hook
    finally:
        hook.ended.set()
        server.shutdown()
        server.server_close()
