"""Addresses, texts and errors of the media; delivery by real servers is in tests/integration."""

from __future__ import annotations

import io

import apprise
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerting.media import (
    AppriseMedium,
    ConsoleMedium,
    MailServer,
    Security,
    is_permanent,
    mailto_url,
    medium_for,
    reason_from,
)
from monitor.ports import DeliveryError, Notification

NOTE = Notification(
    "n1", "Anna", "mail", "anna@lab.example", "[CRITICAL] F02", "[CRITICAL] F02\n\n-48.2 °C [/bold] :fire:\n"
)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("anna@lab.example", "mail"),
        ("ntfy://alerts", "apprise"),
        ("mailtos://user:secret@lab.example", "apprise"),
        ("console", "console"),
    ],
)
def test_an_address_names_its_medium(address: str, kind: str) -> None:
    assert medium_for(address) == kind


@pytest.mark.parametrize(
    "address", ["", "anna", "anna@lab.example, ben@lab.example", "mailto:anna@lab.example", "@"]
)
def test_an_address_that_reaches_nobody_for_sure_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="one mail address"):
        medium_for(address)


@settings(deadline=None, database=None, max_examples=60)
@given(
    user=st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=12),
    password=st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=20),
)
def test_whatever_signs_hold_a_user_name_and_a_password_apprise_reads_them_back(
    user: str, password: str
) -> None:
    server = MailServer("mail.lab.example", 2525, "Exosome <monitor@lab.example>", user, password, "starttls")
    service = apprise.Apprise.instantiate(mailto_url(server, "anna@lab.example"))
    assert service is not None
    assert (service.user, service.password) == (user, password)


@pytest.mark.parametrize(
    ("security", "mode"), [("none", "insecure"), ("starttls", "starttls"), ("tls", "ssl")]
)
@pytest.mark.parametrize("host", ["127.0.0.1", "mail.lab.example", "gmail.com"])
def test_a_mail_goes_to_exactly_the_configured_server(host: str, security: Security, mode: str) -> None:
    server = MailServer(host, 2525, "monitor@lab.example", security=security)
    service = apprise.Apprise.instantiate(mailto_url(server, "anna@lab.example"))
    assert service is not None
    assert (service.smtp_host, service.port, service.secure_mode) == (host, 2525, mode)
    assert service.targets == [(False, "anna@lab.example")]
    assert service.from_addr[1] == "monitor@lab.example"
    assert service.user is None


def test_a_mail_server_never_shows_its_password() -> None:
    assert "s3cret" not in repr(MailServer("h", 25, "a@b.example", "u", "s3cret"))


def test_mail_without_a_mail_server_fails_for_good_and_says_where_to_set_it() -> None:
    with pytest.raises(DeliveryError, match=r"no mail server is configured.*\[mail\]") as raised:
        AppriseMedium().deliver(NOTE)
    assert raised.value.permanent


def test_an_address_for_two_people_is_refused_as_one_of_them_could_be_told_twice() -> None:
    medium = AppriseMedium(MailServer("127.0.0.1", 1, "monitor@lab.example"))
    with pytest.raises(DeliveryError, match="not one mail address") as raised:
        medium.deliver(NOTE._replace(address="anna@lab.example,ben@lab.example"))
    assert raised.value.permanent


def test_a_url_that_apprise_does_not_know_fails_for_good_without_showing_its_token() -> None:
    with pytest.raises(DeliveryError, match="does not understand") as raised:
        AppriseMedium().deliver(NOTE._replace(address="nosuch://t0ken-1234/abc"))
    assert raised.value.permanent
    assert "t0ken" not in str(raised.value)


@pytest.mark.parametrize(
    ("reason", "permanent"),
    [
        ("{'anna@lab.example': (550, b'no such user')}", True),
        ('(535, b"5.7.8 bad credentials")', True),
        ("{'anna@lab.example': (451, b'greylisted 550')}", False),
        ("Failed to send JSON POST notification: Page not found., error=404", True),
        ("Failed to send JSON POST notification: Unavailable., error=503", False),
        ("Failed to send JSON POST notification: Too many., error=429", False),
        ("[Errno 111] Connection refused", False),
        ("no reason given", False),
    ],
)
def test_a_failure_is_permanent_only_if_the_other_side_says_so(reason: str, permanent: bool) -> None:
    assert is_permanent(reason) is permanent


def test_a_reason_is_what_apprise_warned_of_and_the_exception_behind_it() -> None:
    log = [
        ("DEBUG", "Email From: monitor@lab.example"),
        ("INFO", "Notifying 1 service(s)."),
        ("WARNING", "Connection error."),
        ("DEBUG", "Socket Exception: [Errno 111]\nConnection refused"),
    ]
    assert reason_from(log) == "Connection error; [Errno 111] Connection refused"
    assert reason_from([]) == "no reason given"


def test_the_console_shows_the_text_as_it_is_in_one_frame() -> None:
    stream = io.StringIO()
    ConsoleMedium(stream, width=60).deliver(NOTE)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("╭─ to Anna ")
    assert lines[-1].startswith("╰")
    assert [line.strip("│ ") for line in lines[1:-1]] == ["[CRITICAL] F02", "", "-48.2 °C [/bold] :fire:"]


def test_a_closed_console_is_a_failed_delivery() -> None:
    stream = io.StringIO()
    medium = ConsoleMedium(stream)
    stream.close()
    with pytest.raises(DeliveryError, match="console: "):
        medium.deliver(NOTE)


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, f"No space left for {len(text)} characters")


def test_a_full_disk_behind_the_console_is_a_failed_delivery() -> None:
    with pytest.raises(DeliveryError, match="No space left"):
        ConsoleMedium(FullDisk()).deliver(NOTE)
