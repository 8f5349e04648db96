"""Every medium either hands a message over or raises DeliveryError, soon and in words; from any number of threads."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from monitor.ports import DeliveryError, Medium, Notification
from monitor.program.clock import SystemClock
from monitor.telling.media.apprise_medium import AppriseMedium
from monitor.telling.media.console import ConsoleMedium
from monitor.telling.media.mail import MailMedium, MailServer
from monitor.telling.media.pagerduty import PagerDutyMedium
from monitor.telling.media.webhook import WebhookMedium
from monitor.testing import FakeMedium
from tests.rigs.loopback import free_port
from tests.rigs.server.tellees import Hook, Mailbox, Reply, smtp_server, web_server

CLOCK = SystemClock()
SECRET = "t0ken-of-the-address"  # it stands in no text for people
ROUTING_KEY = "R0123456789abcdefghijklmnopqrstu"
NOTE = Notification("n1", "Anna", "", "", "[CRITICAL] F02 too warm", "F02 too warm: −48 °C\n", about="a7")
PATIENCE = 20.0


class Line(NamedTuple):
    """A medium, a message by it, and how many messages have got through."""

    medium: Medium
    note: Notification
    arrived: Callable[[], int]


def to_web(medium: Callable[[int], Medium], address: Callable[[int], str], port: int, hook: Hook) -> Line:
    return Line(medium(port), NOTE._replace(address=address(port)), lambda: len(hook.posted))


def paging(port: int) -> Medium:
    return PagerDutyMedium(CLOCK, installation="1", endpoint=f"http://127.0.0.1:{port}/{SECRET}")


def posting(port: int) -> Medium:
    return WebhookMedium(CLOCK, {"Anna": "k" * 32}.get)


OVER_HTTP: dict[str, tuple[Callable[[int], Medium], Callable[[int], str], int]] = {
    "AppriseMedium": (lambda _port: AppriseMedium(), lambda port: f"json://127.0.0.1:{port}/{SECRET}", 200),
    "PagerDutyMedium": (paging, lambda _port: f"pagerduty:{ROUTING_KEY}", 202),
    "WebhookMedium": (posting, lambda port: f"webhook:http://127.0.0.1:{port}/{SECRET}", 200),
}


def mailing(port: int, mailbox: Mailbox) -> Line:
    medium = MailMedium(MailServer("127.0.0.1", port, "Monitor <monitor@lab.example>"), CLOCK)
    return Line(medium, NOTE._replace(address="anna@lab.example"), lambda: len(mailbox.received))


ALL = ["MailMedium", "ConsoleMedium", "FakeMedium", *OVER_HTTP]


@pytest.fixture(params=ALL)
def open_line(request: pytest.FixtureRequest) -> Iterator[Line]:
    """One at whose other end somebody takes messages."""
    with ExitStack() as stack:
        match request.param:
            case "MailMedium":
                mailbox = Mailbox()
                yield mailing(stack.enter_context(smtp_server(mailbox)), mailbox)
            case "ConsoleMedium":
                stream = io.StringIO()
                yield Line(ConsoleMedium(stream), NOTE, lambda: stream.getvalue().count("to Anna"))
            case "FakeMedium":
                fake = FakeMedium()
                yield Line(fake, NOTE, lambda: len(fake.delivered))
            case name:
                medium, address, status = OVER_HTTP[name]
                hook = stack.enter_context(web_server(Hook(Reply(status))))
                yield to_web(medium, address, hook.port, hook)


@pytest.fixture(params=ALL)
def dead_line(request: pytest.FixtureRequest) -> Line:
    """One at whose other end nobody is."""
    match request.param:
        case "MailMedium":
            return mailing(free_port(), Mailbox())
        case "ConsoleMedium":
            stream = io.StringIO()
            stream.close()
            return Line(ConsoleMedium(stream), NOTE, lambda: 0)
        case "FakeMedium":
            return Line(FakeMedium(failures=100), NOTE, lambda: 0)
        case name:
            medium, address, _ = OVER_HTTP[name]
            return to_web(medium, address, free_port(), Hook())


def test_a_message_is_handed_over_when_deliver_returns(open_line: Line) -> None:
    open_line.medium.deliver(open_line.note)
    assert open_line.arrived() == 1


def test_several_threads_may_deliver_at_once(open_line: Line) -> None:
    notes = [open_line.note._replace(id=f"n{number}") for number in range(8)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(open_line.medium.deliver, notes))
    assert open_line.arrived() == 8


def test_a_message_that_cannot_be_handed_over_is_a_delivery_error_soon_and_in_words(dead_line: Line) -> None:
    began = time.monotonic()
    for _ in range(2):  # the second finds it no worse than the first
        with pytest.raises(DeliveryError) as raised:
            dead_line.medium.deliver(dead_line.note)
        assert len(str(raised.value)) > 10
        assert SECRET not in str(raised.value)
        assert ROUTING_KEY not in str(raised.value)
    assert time.monotonic() - began < PATIENCE
