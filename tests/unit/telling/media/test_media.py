"""Addresses, texts and errors of the media; delivery by real servers is in tests/integration."""

from __future__ import annotations

import io

import pytest

from monitor.ports import DeliveryError, Notification
from monitor.telling.media.apprise_medium import AppriseMedium, is_permanent, reason_from, understands
from monitor.telling.media.console import ConsoleMedium
from monitor.telling.media.mail import MailMedium, MailServer

NOTE = Notification(
    "n1", "Anna", "mail", "anna@lab.example", "[CRITICAL] F02", "[CRITICAL] F02\n\n-48.2 °C [/bold] :fire:\n"
)


class Stopped:
    """A clock that stands."""

    def now(self) -> int:
        return 1_795_000_000_000


def test_a_mail_server_never_shows_its_password() -> None:
    assert "s3cret" not in repr(MailServer("h", 25, "a@b.example", "u", "s3cret"))


def test_mail_without_a_mail_server_fails_for_good_and_says_where_to_set_it() -> None:
    with pytest.raises(DeliveryError, match=r"no mail server is configured.*\[mail\]") as raised:
        MailMedium(None, Stopped()).deliver(NOTE)
    assert raised.value.permanent


def test_an_address_for_two_people_is_refused_as_one_of_them_could_be_told_twice() -> None:
    medium = MailMedium(MailServer("127.0.0.1", 1, "monitor@lab.example"), Stopped())
    with pytest.raises(DeliveryError, match="not one mail address") as raised:
        medium.deliver(NOTE._replace(address="anna@lab.example,ben@lab.example"))
    assert raised.value.permanent


def test_a_url_that_apprise_does_not_know_fails_for_good_without_showing_its_token() -> None:
    with pytest.raises(DeliveryError, match="does not understand") as raised:
        AppriseMedium().deliver(NOTE._replace(address="nosuch://t0ken-1234/abc"))
    assert raised.value.permanent
    assert "t0ken" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("ntfy://alerts", True),
        ("nosuch://alerts", False),
        ("tgram://hunter2/7", False),
        ("json://localhost", True),
    ],
)
def test_it_is_known_beforehand_which_urls_apprise_understands(url: str, known: bool) -> None:
    assert understands(url) is known


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
