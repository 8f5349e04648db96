"""The example of docs/operating.md that checks a webhook's signature, run on what a webhook is sent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from monitor.ports import Notification
from monitor.program.clock import SystemClock
from monitor.telling.media.webhook import SIGNATURE, WebhookMedium
from tests.integration.tellees import Hook, web_server

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
KEY = "a key that only the two of us know"


class Past:
    """Ten minutes ago."""

    def now(self) -> int:
        return SystemClock().now() - 600_000


def test_the_example_takes_what_we_send_and_nothing_else() -> None:
    [example] = re.findall(r"```python\n(import hashlib.*?)```", OPERATING.read_text("utf-8"), re.DOTALL)
    found: dict[str, Any] = {}
    exec(example, found)
    with web_server(Hook()) as hook:
        note = Notification("n1", "lims", "webhook", f"webhook:{hook.url}/", "F02 −48 °C", "F02 −48 °C")
        for clock in (SystemClock(), Past()):
            WebhookMedium(clock, {"lims": KEY}.get).deliver(note)
    fresh, old = hook.posted
    assert found["is_genuine"](fresh.body, fresh.headers[SIGNATURE], KEY)
    assert not found["is_genuine"](fresh.body + b" ", fresh.headers[SIGNATURE], KEY)
    assert not found["is_genuine"](fresh.body, fresh.headers[SIGNATURE], KEY + "x")
    assert not found["is_genuine"](old.body, old.headers[SIGNATURE], KEY)
    later = fresh.headers[SIGNATURE].replace("t=1", "t=2", 1)
    assert not found["is_genuine"](fresh.body, later, KEY)
