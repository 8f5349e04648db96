"""A real mail server and a real webhook receiver that refuse, defer and dawdle for part of the time."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, Literal, NamedTuple

from aiosmtpd.controller import Controller

from tests.rigs.loopback import free_port

Mood = Literal["well", "refusing", "deferring", "slow"]


class Got(NamedTuple):
    """A message that a receiver took: whose, about which alarm, what it says, and its id for ever."""

    recipient: str
    alarm: str
    kind: str
    id: str


class Moods:
    """How a receiver feels now: well for half of the time, else one of the others, by chance from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._lock = threading.Lock()
        self._mood: Mood = "well"
        self._until = 0.0
        self.is_over = False

    def __call__(self) -> Mood:
        with self._lock:
            if self.is_over:
                return "well"
            if time.monotonic() >= self._until:
                self._mood = self._random.choice(("well", "well", "well", "refusing", "deferring", "slow"))
                self._until = time.monotonic() + self._random.uniform(0.2, 1.5)
            return self._mood


class Mails:
    """Takes mail: 550 while refusing, 451 while deferring, and an answer that takes its time while slow."""

    def __init__(self, got: Callable[[Got], None], mood: Callable[[], Mood]) -> None:
        self._got = got
        self._mood = mood
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self._controller.start()
        self.port = self._controller.port

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """aiosmtpd's name."""
        mood = self._mood()
        if mood == "refusing":
            return "550 5.7.1 not now, nor ever"
        if mood == "deferring":
            return "451 4.7.1 try again later"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        text = mail.get_body(("plain",)).get_content()
        about = text.rpartition("Message: ")[2].split() if "Message: " in text else ["", "digest"]
        alarm, kind = about[:2]
        # Taken before it is answered: who dies while waiting doesn't know.
        self._got(Got(envelope.rcpt_tos[0].partition("@")[0], alarm, kind, mail["Message-ID"]))
        if mood == "slow":
            await asyncio.sleep(0.3)
        return "250 OK"

    def stop(self) -> None:
        """Ends it."""
        self._controller.stop()


class Webhooks:
    """Takes webhooks: 403 while refusing, 503 while deferring, late while slow."""

    def __init__(self, got: Callable[[Got], None], mood: Callable[[], Mood]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"]))
                if not text.endswith(b"}"):
                    return  # whoever sent it was killed meanwhile
                body = json.loads(text)
                feels = mood()
                status = {"refusing": 403, "deferring": 503}.get(feels, 204)
                if status == 204:
                    got(Got(body["recipient"], body["id"].partition(":")[0], body["kind"], body["id"]))
                if feels == "slow":
                    time.sleep(0.3)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/alarms"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()
