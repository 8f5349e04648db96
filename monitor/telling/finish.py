"""What a message gets only as it is sent: the link that acknowledges in this recipient's name, the alarm as it is now,
and a picture of the last hours. None of it stands in the store: a link is a secret, and a picture soon old.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import structlog

from monitor.core.answer.shape import AnyAnswer
from monitor.core.telling.link import VALID_FOR, ticket
from monitor.core.telling.told import KEEP_A_STATE
from monitor.core.time.instant import SECOND
from monitor.ports import Clock, Notification
from monitor.words.figures import HOURS, exact_span

PICTURE_SECONDS = 5.0
PICTURE_GOOD_FOR = 60.0
MOST_PICTURES = 16
PICTURED = frozenset({"mail"})
KNOW_THE_ALARM = PICTURED | KEEP_A_STATE
"""The media that say more of an alarm than the text."""
ASKS = ("opened", "again", "reminder")
"""The kinds of message that want somebody to acknowledge."""

_ACT_BY = "Act by "
_log = structlog.get_logger(__name__)

Draw = Callable[[str], bytes | None]
"""From an alarm's id to a PNG of the last hours of what it is about; None where there is nothing to draw."""


class Finisher:
    """Finishes messages about alarms; everything else, and whatever fails here, goes out as it is.

    ``alarm_of`` gives an alarm's JSON, ``draw`` its picture, for the media that show them. Without ``external_url`` or
    ``key`` there are no links. A message waits for its picture at most ``picture_seconds``. Several threads may call.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        alarm_of: Callable[[str], AnyAnswer | None],
        draw: Draw | None = None,
        key: bytes | None = None,
        external_url: str = "",
        picture_seconds: float = PICTURE_SECONDS,
    ) -> None:
        self._clock = clock
        self._alarm_of = alarm_of
        self._pictures = None if draw is None else Pictures(draw, picture_seconds)
        self._key = key
        self._external_url = external_url.rstrip("/")

    def __call__(self, message: Notification) -> Notification:
        """The message with what it lacks, as far as that can be had; never raises."""
        for add in (self._with_link, self._with_alarm):
            try:
                message = add(message)
            except Exception:  # telling comes first: a message without its link or picture beats none
                _log.exception("not_finished", notification=message.id)
        return message

    def _with_link(self, message: Notification) -> Notification:
        link = self._link(message)
        return message._replace(body=with_link(message.body, link), link=link) if link else message

    def _with_alarm(self, message: Notification) -> Notification:
        if not message.about or message.medium not in KNOW_THE_ALARM:
            return message
        alarm = self._alarm_of(message.about)
        message = message._replace(alarm=alarm)
        if alarm is None or self._pictures is None or message.medium not in PICTURED:
            return message
        return message._replace(picture=self._pictures.of(message.about))

    def _link(self, message: Notification) -> str:
        if self._key is None or not self._external_url or not message.about or message.kind not in ASKS:
            return ""
        end = self._clock.now() + VALID_FOR
        token = ticket(self._key, alarm=message.about, recipient=message.recipient, expires_at=end)
        return f"{self._external_url}/a/{token}"


def with_link(body: str, link: str) -> str:
    """The text with the link where a phone shows it: below *act by*, else below the first block, above all lists."""
    blocks = body.split("\n\n")
    act_by = [place for place, block in enumerate(blocks) if block.startswith(_ACT_BY)]
    place = act_by[0] if act_by else 0
    lasting = exact_span(VALID_FOR, HOURS)
    told = f"Acknowledge: {link}\nYour own link, good for {lasting}: it opens a page with a button."
    return "\n\n".join([*(block.rstrip("\n") for block in blocks[: place + 1]), told, *blocks[place + 1 :]])


class _Picture(NamedTuple):
    drawn_at: float
    png: bytes | None


class Pictures:
    """Pictures of alarms, each drawn once a minute at most, however many people are told.

    One is drawn at a time, in a thread that nothing waits for longer than ``seconds``; while one takes longer, there
    are none. The last ``MOST_PICTURES`` are kept.
    """

    def __init__(self, draw: Draw, seconds: float) -> None:
        self._draw = draw
        self._seconds = seconds
        self._drawing = threading.Lock()
        self._kept: OrderedDict[str, _Picture] = OrderedDict()

    def of(self, alarm: str) -> bytes | None:
        """The picture of an alarm, if it can be had in time."""
        until = time.monotonic() + self._seconds
        if not self._drawing.acquire(timeout=self._seconds):
            return None
        kept = self._kept.get(alarm)
        if kept is not None and time.monotonic() - kept.drawn_at < PICTURE_GOOD_FOR:
            self._drawing.release()
            return kept.png
        done = threading.Event()
        try:
            threading.Thread(target=self._run, args=(alarm, done), name="draw", daemon=True).start()
        except RuntimeError:  # no more threads: the next one may have more luck
            self._drawing.release()
            raise
        if not done.wait(until - time.monotonic()):
            _log.warning(
                "no_picture",
                alarm=alarm,
                error=f"not drawn within {exact_span(round(self._seconds * SECOND))}",
            )
            return None
        drawn = self._kept.get(alarm)
        return None if drawn is None else drawn.png

    def _run(self, alarm: str, done: threading.Event) -> None:
        """Draws and lets the next one draw, however late that is."""
        png = None
        try:
            png = self._draw(alarm)
        except Exception as error:  # a message without its picture is still a message
            _log.warning("no_picture", alarm=alarm, error=f"{type(error).__name__}: {error}")
        finally:
            self._kept[alarm] = _Picture(time.monotonic(), png)
            self._kept.move_to_end(alarm)
            if len(self._kept) > MOST_PICTURES:
                self._kept.popitem(last=False)
            done.set()
            self._drawing.release()
