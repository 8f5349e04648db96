"""Telling people by mail, through a real server on loopback (aiosmtpd)."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from monitor.ports import DeliveryError, Notification
from monitor.telling.delivery import Deliverer
from monitor.telling.media.mail import MailMedium, MailServer
from monitor.testing import ManualClock
from monitor.words.message import Context, opened
from tests.conftest import need
from tests.rigs.loopback import free_port
from tests.rigs.server.one_owed import OneOwed
from tests.rigs.server.tellees import Mailbox, raw_server, smtp_server

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


NOW = 1_795_000_000_000
CLOCK = ManualClock(NOW)


def mail(address: str = "anna@lab.example", name: str = "n1") -> Notification:
    subject, body = opened(ALARM, CONTEXT)
    return Notification(name, "Anna", "mail", address, subject, body)


def test_a_mail_arrives_with_its_sender_recipient_subject_and_text_intact() -> None:
    mailbox = Mailbox()
    with smtp_server(mailbox) as port:
        MailMedium(MailServer("127.0.0.1", port, SENDER), CLOCK).deliver(mail())
    [(envelope, message)] = mailbox.received
    assert envelope.rcpt_tos == ["anna@lab.example"]
    assert envelope.mail_from == "monitor@lab.example"
    assert message["To"] == "anna@lab.example"
    assert message["From"] == SENDER
    assert (
        message["Subject"]
        == "[CRITICAL] F02 too warm: -48.2 °C (limit -60 °C) since 03:12 +01:00, 2 lots inside"
    )
    assert message.get_content_type() == "multipart/alternative"
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_content_charset() == "utf-8"
    assert plain.get_content().replace("\r\n", "\n") == mail().body
    assert "Ultra-low −80 °C, Zürich" in plain.get_content()


def test_a_mail_server_that_asks_for_a_login_gets_the_password_exactly() -> None:
    mailbox = Mailbox()
    settings = {"authenticator": mailbox.authenticate, "auth_required": True, "auth_require_tls": False}
    server = ("monitor@lab.example", "p@ss:w/rd%41 ?#&+")
    with smtp_server(mailbox, **settings) as port:
        MailMedium(MailServer("127.0.0.1", port, SENDER, *server), CLOCK).deliver(mail())
    assert mailbox.logins == [(b"monitor@lab.example", b"p@ss:w/rd%41 ?#&+")]
    assert len(mailbox.received) == 1


def test_a_password_beyond_ascii_signs_in_as_utf_8_and_is_hidden_where_it_is_wrong() -> None:
    mailbox = Mailbox()
    mailbox.password = "pässwörd".encode()
    settings = {"authenticator": mailbox.authenticate, "auth_required": True, "auth_require_tls": False}
    with smtp_server(mailbox, **settings) as port:
        MailMedium(MailServer("127.0.0.1", port, SENDER, "jörg", "pässwörd"), CLOCK).deliver(mail())
        with pytest.raises(DeliveryError, match="535") as raised:
            MailMedium(MailServer("127.0.0.1", port, SENDER, "jörg", "wröng"), CLOCK).deliver(mail())
    assert mailbox.logins == [("jörg".encode(), "pässwörd".encode()), ("jörg".encode(), "wröng".encode())]
    assert len(mailbox.received) == 1
    assert raised.value.permanent
    assert "wröng" not in str(raised.value)


def test_a_wrong_password_is_told_without_the_password() -> None:
    mailbox = Mailbox()
    settings = {"authenticator": mailbox.authenticate, "auth_required": True, "auth_require_tls": False}
    with smtp_server(mailbox, **settings) as port:
        medium = MailMedium(MailServer("127.0.0.1", port, SENDER, "monitor", "s3cret-w0rd"), CLOCK)
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
        MailMedium(MailServer("127.0.0.1", port, SENDER, security="starttls"), CLOCK).deliver(mail())
    assert len(mailbox.received) == 1


def test_a_certificate_that_the_machine_does_not_trust_stops_the_mail(certificate: tuple[str, str]) -> None:
    mailbox = Mailbox()
    with (
        smtp_server(mailbox, **tls_settings(certificate)) as port,
        pytest.raises(DeliveryError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        MailMedium(MailServer("127.0.0.1", port, SENDER, security="starttls"), CLOCK).deliver(mail())
    assert mailbox.received == []


def test_a_server_without_starttls_never_gets_the_mail_in_the_clear() -> None:
    mailbox = Mailbox()
    with smtp_server(mailbox) as port, pytest.raises(DeliveryError, match="STARTTLS extension not supported"):
        MailMedium(MailServer("127.0.0.1", port, SENDER, security="starttls"), CLOCK).deliver(mail())
    assert mailbox.received == []


def test_a_refused_recipient_is_a_permanent_failure_with_the_servers_words() -> None:
    mailbox = Mailbox("550 5.1.1 no such user here")
    with (
        smtp_server(mailbox) as port,
        pytest.raises(DeliveryError, match=r"no such user here") as raised,
    ):
        MailMedium(MailServer("127.0.0.1", port, SENDER), CLOCK).deliver(mail())
    assert raised.value.permanent
    assert f"mail to anna@lab.example through 127.0.0.1:{port}" in str(raised.value)
    assert mailbox.received == []


def test_a_recipient_refused_for_now_is_no_permanent_failure() -> None:
    mailbox = Mailbox("451 4.7.1 greylisted, try again later")
    with (
        smtp_server(mailbox) as port,
        pytest.raises(DeliveryError, match="greylisted") as raised,
    ):
        MailMedium(MailServer("127.0.0.1", port, SENDER), CLOCK).deliver(mail())
    assert not raised.value.permanent


def speaking(*replies: bytes, then: bytes = b"") -> Callable[[socket.socket], None]:
    """A server that gives these replies, one for each thing it hears, and ends with ``then``."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"220 here\r\n" if replies else then)
        for reply in replies:
            heard = connection.recv(4096)
            while reply == AT_THE_END and not heard.endswith(b"\r\n.\r\n"):
                heard += connection.recv(4096)
            connection.sendall(b"250 taken\r\n" if reply == AT_THE_END else reply)
        if replies and then:
            connection.recv(4096)
            connection.sendall(then)
        connection.close()

    return serve


OK, AT_THE_END = b"250 ok\r\n", b""


def test_what_a_server_took_is_delivered_though_it_hangs_up_before_we_part() -> None:
    with raw_server(speaking(OK, OK, OK, b"354 go on\r\n", AT_THE_END)) as port:
        MailMedium(MailServer("127.0.0.1", port, SENDER), CLOCK).deliver(mail())


@pytest.mark.parametrize(
    ("serve", "said", "permanent"),
    [
        (speaking(then=b"554 we take no mail\r\n"), "554 we take no mail", True),
        (speaking(then=b"421 too many connections\r\n"), "421 too many connections", False),
        (speaking(OK, then=b"550 5.7.1 not from you\r\n"), "refuses the sender: 550", True),
        (speaking(OK, OK, OK, then=b"552 message too big\r\n"), "552 message too big", True),
        (speaking(OK, OK, OK, then=b"452 disk full\r\n"), "452 disk full", False),
        (speaking(OK, OK, OK, b"354 go on\r\n"), "Connection unexpectedly closed|reset", False),
        (speaking(then=b"HTTP/1.1 400 Bad Request\r\n\r\n"), "mail to anna", False),
    ],
)
def test_each_way_to_say_no_is_told_in_the_servers_words(
    serve: Callable[[socket.socket], None], said: str, permanent: bool
) -> None:
    with raw_server(serve) as port, pytest.raises(DeliveryError, match=said) as raised:
        MailMedium(MailServer("127.0.0.1", port, SENDER), CLOCK).deliver(mail())
    assert raised.value.permanent is permanent


def test_a_refused_connection_names_the_server_and_is_no_permanent_failure() -> None:
    port = free_port()
    with pytest.raises(DeliveryError, match=rf"127\.0\.0\.1:{port}.*refused") as raised:
        MailMedium(MailServer("127.0.0.1", port, SENDER), CLOCK).deliver(mail())
    assert not raised.value.permanent


def test_a_server_that_accepts_and_never_answers_fails_within_15_seconds() -> None:
    begun = time.monotonic()
    with (
        raw_server(lambda _connection: None) as port,
        pytest.raises(DeliveryError, match="timed out") as raised,
    ):
        MailMedium(MailServer("127.0.0.1", port, SENDER), CLOCK).deliver(mail())
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
        medium = MailMedium(MailServer("127.0.0.1", port, SENDER), CLOCK, seconds=1.0)
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
        medium = MailMedium(MailServer("127.0.0.1", port, SENDER), CLOCK, seconds=0.5)
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
        medium = MailMedium(MailServer("127.0.0.1", port, SENDER), CLOCK)

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


def test_a_mail_that_failed_is_retried_until_the_server_takes_it() -> None:
    mailbox = Mailbox("451 4.3.0 busy", "550 5.7.1 go away", "451 4.3.0 busy")
    rows, clock = OneOwed(mail()), ManualClock(NOW)
    with smtp_server(mailbox) as port:
        media = {"mail": MailMedium(MailServer("127.0.0.1", port, SENDER), CLOCK)}
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
