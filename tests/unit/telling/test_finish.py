"""What is added to a message as it is sent: whoever lacks what, and however slow a picture is, the message goes out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from monitor.core.telling.link import claim
from monitor.core.time.instant import HOUR
from monitor.ports import JSON, Notification
from monitor.telling.finish import MOST_PICTURES, Finisher
from monitor.testing import ManualClock

KEY = b"k" * 32
URL = "https://monitor.lab.example/"
NOW = 1_795_000_000_000
ALARM: JSON = {"id": "a7", "level": "critical"}
NOTE = Notification(
    "a7:opened:anna",
    "anna",
    "mail",
    "anna@lab.example",
    "s",
    "Headline\n\nEvidence\n",
    about="a7",
    kind="opened",
)


def finisher(
    draw: Callable[[str], bytes | None] | None = None,
    *,
    key: bytes | None = KEY,
    url: str = URL,
    alarm_of: Callable[[str], JSON | None] = {"a7": ALARM}.get,
    seconds: float = 5.0,
) -> Finisher:
    return Finisher(
        ManualClock(NOW), alarm_of=alarm_of, draw=draw, key=key, external_url=url, picture_seconds=seconds
    )


def test_a_message_that_asks_carries_a_link_of_this_person_for_this_alarm_and_72_hours() -> None:
    for kind in ("opened", "again", "reminder"):
        finished = finisher()(NOTE._replace(kind=kind))
        base, _, token = finished.link.rpartition("/a/")
        assert base == "https://monitor.lab.example"
        assert claim(KEY, token, now=NOW + 72 * HOUR - 1) == ("a7", "anna", NOW + 72 * HOUR)
        assert finished.link in finished.body
        assert finished.alarm == ALARM


@pytest.mark.parametrize("kind", ["taken", "closed", "notice", "digest", "test"])
def test_a_message_that_asks_nothing_carries_no_link(kind: str) -> None:
    finished = finisher()(NOTE._replace(kind=kind))
    assert (finished.link, finished.body) == ("", NOTE.body)


@pytest.mark.parametrize("without", [{"url": ""}, {"key": None}])
def test_without_an_address_of_ours_or_a_key_there_is_no_link(without: JSON) -> None:
    finished = finisher(**without)(NOTE)
    assert (finished.link, finished.body) == ("", NOTE.body)
    assert finished.alarm == ALARM


def test_only_mail_gets_a_picture_and_only_media_that_show_it_ask_for_the_alarm() -> None:
    drawn: list[str] = []
    asked: list[str] = []

    def draw(alarm: str) -> bytes:
        drawn.append(alarm)
        return b"png"

    def alarm_of(alarm: str) -> JSON:
        asked.append(alarm)
        return ALARM

    finish = finisher(draw, alarm_of=alarm_of)
    found = {
        m: finish(NOTE._replace(medium=m)) for m in ("mail", "webhook", "pagerduty", "apprise", "console")
    }
    assert {medium for medium, message in found.items() if message.picture} == {"mail"}
    assert {medium for medium, message in found.items() if message.alarm} == {"mail", "webhook", "pagerduty"}
    assert all(message.link for message in found.values())
    assert (len(drawn), len(asked)) == (1, 3)


def test_a_message_about_no_alarm_stays_as_it_is() -> None:
    digest = NOTE._replace(about="digest:lab1:2026-11-22", kind="digest")
    assert finisher(lambda alarm: b"png")(digest) == digest
    assert finisher(lambda alarm: b"png")(NOTE._replace(about="")) == NOTE._replace(about="")


def fail(_alarm: str) -> bytes | None:
    raise RuntimeError("no chart today")


@pytest.mark.parametrize("draw", [fail, lambda alarm: None, None])
def test_a_message_whose_picture_fails_goes_without_it(draw: Callable[[str], bytes | None] | None) -> None:
    finished = finisher(draw)(NOTE)
    assert finished.picture is None
    assert finished.link
    assert finished.alarm == ALARM


def test_a_store_that_cannot_be_read_costs_the_picture_and_not_the_link() -> None:
    def locked(_alarm: str) -> JSON | None:
        raise OSError("database is locked")

    finished = finisher(lambda alarm: b"png", alarm_of=locked)(NOTE)
    assert finished.link
    assert (finished.alarm, finished.picture) == (None, None)


def test_a_picture_that_takes_too_long_is_left_out_and_holds_up_nobody_for_longer() -> None:
    release = threading.Event()

    def slow(_alarm: str) -> bytes:
        release.wait(20)
        return b"png"

    finish = finisher(slow, seconds=0.2)
    begun = time.monotonic()
    threads = [threading.Thread(target=finish, args=(NOTE._replace(about=f"a{n}"),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert time.monotonic() - begun < 2
    assert finish(NOTE).picture is None
    drawing = [thread for thread in threading.enumerate() if thread.name == "draw"]
    assert len(drawing) <= 1
    release.set()
    until = time.monotonic() + 5
    while finish(NOTE).picture is None:
        assert time.monotonic() < until


def test_many_people_who_are_told_at_once_get_one_picture() -> None:
    drawn: list[str] = []

    def draw(alarm: str) -> bytes:
        drawn.append(alarm)
        time.sleep(0.1)
        return alarm.encode()

    finish, found = finisher(draw, alarm_of=lambda alarm: {"id": alarm}), []
    threads = [
        threading.Thread(target=lambda n=n: found.append(finish(NOTE._replace(about=f"a{n % 2}"))))
        for n in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert sorted(drawn) == ["a0", "a1"]
    assert all(message.picture == message.about.encode() for message in found)
    assert len(found) == 16


def test_the_pictures_that_are_kept_are_bounded_and_the_oldest_goes_first() -> None:
    drawn: list[str] = []

    def draw(alarm: str) -> bytes:
        drawn.append(alarm)
        return alarm.encode()

    finish = finisher(draw, alarm_of=lambda alarm: {"id": alarm})
    for number in range(MOST_PICTURES + 1):
        finish(NOTE._replace(about=f"a{number}"))
    finish(NOTE._replace(about=f"a{MOST_PICTURES}"))
    assert len(drawn) == MOST_PICTURES + 1
    finish(NOTE._replace(about="a0"))
    assert drawn[-1] == "a0"
