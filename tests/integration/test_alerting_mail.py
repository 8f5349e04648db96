"""Telling people by real servers on loopback: mail by SMTP (aiosmtpd) and a webhook by HTTP."""

from __future__ import annotations

import asyncio
import email
import email.message
import email.policy
import http.server
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from conftest import need

from monitor.alerting.delivery import Deliverer
from monitor.alerting.media import AppriseMedium, MailServer
from monitor.alerting.message import Context, opened
from monitor.ports import DeliveryError, Notification

ALARM = {
    "id": "A-12",
    "condition": "temperature_high",
    "subject": "lab1/F02/product",
    "level": "critical",
    "raised_at": "2026-11-22T02:22:00.000Z",
    "act_by": "2026-11-22T04:40:00.000Z",
    "evidence": {
        "celsius": -48.2,
        "limit_celsius": -60.0,
        "started_at": "2026-11-22T02:12:00.000Z",
        "lots": ["L-7", "L-8"],
        "unit_title": "Ultra-low −80 °C, Zürich",
    },
}
CONTEXT = Context({"lab1": ZoneInfo("Europe/Zurich")}, "https://monitor.lab.example")
SENDER = "Exosome monitor <monitor@lab.example>"


class Mailbox:
    """What an SMTP server does with mail; ``replies`` are given to RCPT before any mail is accepted."""

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies)
        self.received: list[tuple[Envelope, email.message.EmailMessage]] = []
        self.logins: list[tuple[bytes, bytes]] = []

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
        right = login.password == b"p@ss:w/rd%41 ?#&+"
        return AuthResult(success=right, handled=right)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


def mail(address: str = "anna@lab.example", name: str = "n1") -> Notification:
    subject, body = opened(ALARM, CONTEXT)
    return Notification(name, "Anna", "mail", address, subject, body)


def test_a_mail_arrives_with_its_sender_recipient_subject_and_text_intact() -> None:
    mailbox = Mailbox()
    with smtp_server(mailbox) as port:
        AppriseMedium(MailServer("127.0.0.1", port, SENDER)).deliver(mail())
    [(envelope, message)] = mailbox.received
    assert envelope.rcpt_tos == ["anna@lab.example"]
    assert envelope.mail_from == "monitor@lab.example"
    assert message["To"] == "anna@lab.example"
    assert message["From"] == SENDER
    assert (
        message["Subject"]
        == "[CRITICAL] F02 too warm: -48.2 °C (limit -60 °C) since 03:12 +01:00, 2 lots inside"
    )
    assert message.get_content_type() == "text/plain"
    assert message.get_content_charset() == "utf-8"
    text = message.get_content().replace("\r\n", "\n")
    assert text.rstrip("\n") == mail().body.rstrip("\n")
    assert "Ultra-low −80 °C, Zürich" in text


def test_a_mail_server_that_asks_for_a_login_gets_the_password_exactly() -> None:
    mailbox = Mailbox()
    settings = {"authenticator": mailbox.authenticate, "auth_required": True, "auth_require_tls": False}
    server = ("monitor@lab.example", "p@ss:w/rd%41 ?#&+")
    with smtp_server(mailbox, **settings) as port:
        AppriseMedium(MailServer("127.0.0.1", port, SENDER, *server)).deliver(mail())
    assert mailbox.logins == [(b"monitor@lab.example", b"p@ss:w/rd%41 ?#&+")]
    assert len(mailbox.received) == 1


def test_a_wrong_password_is_told_without_the_password() -> None:
    mailbox = Mailbox()
    settings = {"authenticator": mailbox.authenticate, "auth_required": True, "auth_require_tls": False}
    with smtp_server(mailbox, **settings) as port:
        medium = AppriseMedium(MailServer("127.0.0.1", port, SENDER, "monitor", "s3cret-w0rd"))
        with pytest.raises(DeliveryError, match="535") as raised:
            medium.deliver(mail())
    assert "s3cret-w0rd" not in str(raised.value)
    assert raised.value.permanent


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate for 127.0.0.1 signed by nobody else, and its key, as files."""
    folder = tmp_path_factory.mktemp("tls")
    pem, key = str(folder / "cert.pem"), str(folder / "key.pem")
    request = [need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    names = ["-nodes", "-days", "1", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*request, *names, "-keyout", key, "-out", pem], check=True, capture_output=True)
    return pem, key


def tls_settings(certificate: tuple[str, str]) -> dict[str, Any]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return {"tls_context": context, "require_starttls": True}


def test_starttls_is_used_with_a_certificate_that_the_machine_trusts(
    certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    mailbox = Mailbox()
    with smtp_server(mailbox, **tls_settings(certificate)) as port:
        AppriseMedium(MailServer("127.0.0.1", port, SENDER, security="starttls")).deliver(mail())
    assert len(mailbox.received) == 1


def test_a_certificate_that_the_machine_does_not_trust_stops_the_mail(certificate: tuple[str, str]) -> None:
    mailbox = Mailbox()
    with (
        smtp_server(mailbox, **tls_settings(certificate)) as port,
        pytest.raises(DeliveryError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        AppriseMedium(MailServer("127.0.0.1", port, SENDER, security="starttls")).deliver(mail())
    assert mailbox.received == []


def test_a_server_without_starttls_never_gets_the_mail_in_the_clear() -> None:
    mailbox = Mailbox()
    with smtp_server(mailbox) as port, pytest.raises(DeliveryError, match="STARTTLS extension not supported"):
        AppriseMedium(MailServer("127.0.0.1", port, SENDER, security="starttls")).deliver(mail())
    assert mailbox.received == []


def test_a_refused_recipient_is_a_permanent_failure_with_the_servers_words() -> None:
    mailbox = Mailbox("550 5.1.1 no such user here")
    with (
        smtp_server(mailbox) as port,
        pytest.raises(DeliveryError, match=r"no such user here") as raised,
    ):
        AppriseMedium(MailServer("127.0.0.1", port, SENDER)).deliver(mail())
    assert raised.value.permanent
    assert f"mail to anna@lab.example through 127.0.0.1:{port}" in str(raised.value)
    assert mailbox.received == []


def test_a_recipient_refused_for_now_is_no_permanent_failure() -> None:
    mailbox = Mailbox("451 4.7.1 greylisted, try again later")
    with (
        smtp_server(mailbox) as port,
        pytest.raises(DeliveryError, match="greylisted") as raised,
    ):
        AppriseMedium(MailServer("127.0.0.1", port, SENDER)).deliver(mail())
    assert not raised.value.permanent


def test_a_refused_connection_names_the_server_and_is_no_permanent_failure() -> None:
    port = free_port()
    with pytest.raises(DeliveryError, match=rf"127\.0\.0\.1:{port}.*refused") as raised:
        AppriseMedium(MailServer("127.0.0.1", port, SENDER)).deliver(mail())
    assert not raised.value.permanent


def test_a_server_that_accepts_and_never_answers_fails_within_15_seconds() -> None:
    begun = time.monotonic()
    with (
        raw_server(lambda _connection: None) as port,
        pytest.raises(DeliveryError, match="timed out") as raised,
    ):
        AppriseMedium(MailServer("127.0.0.1", port, SENDER)).deliver(mail())
    assert time.monotonic() - begun < 15
    assert not raised.value.permanent


def _dribble(connection: socket.socket) -> None:
    """A byte of a greeting that never ends, more often than any socket timeout."""
    try:
        while True:
            connection.sendall(b"2")
            threading.Event().wait(0.2)
    except OSError:
        return


def test_a_server_that_sends_a_byte_now_and_then_fails_in_bounded_time_and_keeps_one_thread() -> None:
    with raw_server(_dribble) as port:
        medium = AppriseMedium(MailServer("127.0.0.1", port, SENDER), seconds=1.0)
        with pytest.raises(DeliveryError, match="no answer within 1 s"):
            medium.deliver(mail())
        threads = threading.active_count()
        begun = time.monotonic()
        for _ in range(5):
            with pytest.raises(DeliveryError, match="earlier attempt"):
                medium.deliver(mail())
        assert time.monotonic() - begun < 1.0
        assert threading.active_count() == threads


class SlowMailbox(Mailbox):
    """Takes mail, but says so only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        while not self.release.is_set():
            await asyncio.sleep(0.02)
        return await super().handle_DATA(server, session, envelope)


def test_a_mail_taken_after_our_patience_is_not_sent_again() -> None:
    mailbox = SlowMailbox()
    with smtp_server(mailbox) as port:
        medium = AppriseMedium(MailServer("127.0.0.1", port, SENDER), seconds=0.5)
        with pytest.raises(DeliveryError, match="no answer"):
            medium.deliver(mail())
        mailbox.release.set()
        deadline = time.monotonic() + 5
        while True:
            try:
                medium.deliver(mail())
                break
            except DeliveryError:
                assert time.monotonic() < deadline
        medium.deliver(mail(name="n2"))
    assert len(mailbox.received) == 2


class Rows:
    """An outbox of one message."""

    def __init__(self, message: Notification) -> None:
        self.message = message
        self.due_at = 0
        self.sent: list[str] = []
        self.errors: list[str] = []

    def due(self, now: int, limit: int) -> list[Notification]:
        assert limit > 0
        return [] if self.sent or now < self.due_at else [self.message]

    def record_sent(self, notification_id: str, at: int) -> None:
        assert at
        self.sent.append(notification_id)

    def record_failure(self, notification_id: str, at: int, error: str, next_attempt_at: int) -> None:
        assert notification_id == self.message.id
        assert next_attempt_at > at
        self.due_at = next_attempt_at
        self.errors.append(error)
        self.message = self.message._replace(attempts=self.message.attempts + 1)


class RefusesByName(Mailbox):
    """Refuses everybody, in words of their own, and not before all are connected."""

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, _envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        await asyncio.sleep(0.3)
        return f"550 not here: {address}"


def test_reasons_of_mails_sent_at_the_same_time_are_not_mixed_up() -> None:
    names = [f"person{number}" for number in range(6)]
    errors: dict[str, str] = {}
    with smtp_server(RefusesByName()) as port:
        medium = AppriseMedium(MailServer("127.0.0.1", port, SENDER))

        def send(name: str) -> None:
            with pytest.raises(DeliveryError) as raised:
                medium.deliver(mail(f"{name}@lab.example", name))
            errors[name] = str(raised.value)

        threads = [threading.Thread(target=send, args=(name,)) for name in names]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert time.monotonic() - begun < 1.5
    for name in names:
        assert f"not here: {name}@" in errors[name]
        assert not any(other in errors[name] for other in names if other != name)


class HandClock:
    def __init__(self) -> None:
        self.at = 1_000

    def now(self) -> int:
        return self.at


def test_a_mail_that_failed_is_retried_until_the_server_takes_it() -> None:
    mailbox = Mailbox("451 4.3.0 busy", "550 5.7.1 go away", "451 4.3.0 busy")
    rows, clock = Rows(mail()), HandClock()
    with smtp_server(mailbox) as port:
        media = {"mail": AppriseMedium(MailServer("127.0.0.1", port, SENDER))}
        deliverer = Deliverer(rows, media, clock, 10_000, 60_000, patience_seconds=10)
        sent = []
        for _ in range(4):
            sent.append(deliverer.run_due())
            clock.at += 60_000
        deliverer.close()
    assert sent == [0, 0, 0, 1]
    assert ["go away" in error for error in rows.errors] == [False, True, False]
    assert rows.sent == ["n1"]
    assert len(mailbox.received) == 1


@contextmanager
def web_server(status: int = 200) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """An HTTP server that keeps the JSON posted to it."""
    posted: list[dict[str, Any]] = []

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append({"path": self.path, **json.loads(content)})
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], posted
    finally:
        server.shutdown()
        server.server_close()


def webhook(port: int) -> Notification:
    return mail(f"json://127.0.0.1:{port}/hooks/t0ken-in-path")._replace(medium="apprise")


def test_a_webhook_gets_the_message_as_json() -> None:
    with web_server() as (port, posted):
        AppriseMedium().deliver(webhook(port))
    [post] = posted
    assert post["path"] == "/hooks/t0ken-in-path"
    assert post["title"] == mail().subject
    assert post["message"].rstrip() == mail().body.rstrip()


def test_an_address_kept_as_a_reference_is_revealed_only_to_deliver() -> None:
    with web_server() as (port, posted):
        stored = {"env:HOOK": f"json://127.0.0.1:{port}/hooks/t0ken"}
        AppriseMedium(reveal=lambda address: stored[address]).deliver(mail("env:HOOK"))
    assert posted[0]["path"] == "/hooks/t0ken"


@pytest.mark.parametrize(
    "error", [KeyError("HOOK"), FileNotFoundError(2, "No such file"), ValueError("empty")]
)
def test_a_reference_that_cannot_be_read_is_a_failed_delivery(error: Exception) -> None:
    def missing(_address: str) -> str:
        raise error

    with pytest.raises(DeliveryError, match=f"env:HOOK cannot be read.*{type(error).__name__}"):
        AppriseMedium(reveal=missing).deliver(mail("env:HOOK"))


@pytest.mark.parametrize(("status", "permanent"), [(404, True), (503, False), (429, False)])
def test_a_webhook_that_refuses_is_told_by_its_status(status: int, permanent: bool) -> None:
    with web_server(status) as (port, _), pytest.raises(DeliveryError, match=str(status)) as raised:
        AppriseMedium().deliver(webhook(port))
    assert raised.value.permanent is permanent


def test_a_webhook_that_cannot_be_reached_is_told_without_the_token_in_its_address() -> None:
    with pytest.raises(DeliveryError, match="refused") as raised:
        AppriseMedium().deliver(webhook(free_port()))
    assert "t0ken" not in str(raised.value)
    assert "message by json" in str(raised.value)
