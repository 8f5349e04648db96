"""The whole program tells of a freezer that fails: one mail with its chart and link, and one signed webhook."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from monitor.core.time.instant import HOUR, MINUTE, format_instant
from tests.rigs.server.program import Inbox, Monitor, Mosquitto, Stopping, wait_until
from tests.rigs.server.tellees import Hook, Posted, Reply, web_server

pytestmark = pytest.mark.slow

KEY = "a key that only the two of us know"
PEOPLE = """
[[person]]
name = "anna"
addresses = ["anna@lab.example"]

[[person]]
name = "lims"
addresses = ["env:LIMS_WEBHOOK"]
webhook_key = "env:LIMS_WEBHOOK_KEY"
"""


@pytest.fixture
def stopping() -> Iterator[Stopping]:
    everything = Stopping()
    yield everything
    everything.stop()


def warming() -> list[str]:
    """Eleven hours of a healthy freezer, and an hour and a half of one that failed."""
    first_at = time.time_ns() // 1_000_000 // MINUTE * MINUTE - 750 * MINUTE
    celsius = [-78 + 0.8 * math.sin(i / 4) for i in range(660)]
    celsius += [20 - 98 * math.exp(-i / 240) for i in range(91)]
    return [
        json.dumps(
            {"measured_at": format_instant(first_at + i * MINUTE), "celsius": round(value, 2), "seq": i}
        )
        for i, value in enumerate(celsius)
    ]


def is_signed(posted: Posted) -> bool:
    """As docs/operating.md says it."""
    parts = dict(part.split("=", 1) for part in posted.headers["X-Exosome-Signature"].split(","))
    expected = hmac.new(KEY.encode(), parts["t"].encode() + b"." + posted.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"]) and abs(time.time() - int(parts["t"])) < 300


def assert_shows_the_last_hours(mail: EmailMessage, url: str) -> None:
    assert [part.get_content_type() for part in mail.walk()] == [
        *("multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png")
    ]
    image = list(mail.walk())[-1].get_payload(decode=True)
    assert isinstance(image, bytes)
    assert image.startswith(b"\x89PNG")
    assert 10_000 < len(image) < 400_000
    assert f"{url}/a/" in str(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]


def test_a_freezer_that_fails_is_told_by_mail_with_its_chart_and_by_signed_webhook(
    tmp_path: Path, stopping: Stopping
) -> None:
    broker = stopping.add(Mosquitto(tmp_path))
    broker.start()
    inbox = stopping.add(Inbox())
    with web_server(Hook(replies=[Reply(503), Reply(0)])) as hook:
        monitor = stopping.add(Monitor(tmp_path, broker, mail=inbox))
        monitor.environment |= {
            "EXOSOME_MONITOR__WEB__EXTERNAL_URL": monitor.url,
            "EXOSOME_MONITOR__ALERTING__RETRY_FIRST": "1s",
            "LIMS_WEBHOOK": f"webhook:{hook.url}/alarms",
            "LIMS_WEBHOOK_KEY": KEY,
        }
        (monitor.config / "people.toml").write_text(PEOPLE)
        monitor.start()
        stored_at = format_instant(time.time_ns() // 1_000_000 - 20 * HOUR)
        options = ["--product", "EV", "--profile", "ult-80", "--unit", "lab1/F01", "--at", stored_at]
        monitor.command("lots", "register", "L-1", *options, "--expires-on", "2099-01-01")
        for lines in (warming()[:400], warming()[400:]):
            broker.publish("exosome/v1/lab1/F01/product/reading", lines)

        def too_warm() -> list[EmailMessage]:
            return [mail for mail in inbox.mails if "F01 too warm" in str(mail["Subject"])]

        def posted() -> list[Posted]:
            found = (one for one in hook.posted[2:] if one.json["alarm"])
            return [one for one in found if one.json["alarm"]["condition"] == "temperature_high"]

        [mail] = wait_until(too_warm, 60.0, "a mail")
        [post] = wait_until(posted, 60.0, "a webhook that was taken")
        (tmp_path / "mail.eml").write_bytes(mail.as_bytes())
        alarm = post.json["alarm"]["id"]

        assert_shows_the_last_hours(mail, monitor.url)
        assert is_signed(post)
        assert post.json["kind"] == "opened"
        assert post.json["recipient"] == "lims"
        assert post.json["alarm"]["subject"] == "lab1/F01/product"
        assert "told" not in post.json["alarm"]
        assert (
            len({one.headers["Idempotency-Key"] for one in hook.posted if one.json["id"] == post.json["id"]})
            == 1
        )
        assert "LIMS_WEBHOOK" in post.json["id"]
        assert KEY not in (tmp_path / "monitor.log").read_text()
        stored = (tmp_path / "monitor.db").read_bytes() + (tmp_path / "monitor.db-wal").read_bytes()
        assert f"{monitor.url}/a/".encode() not in stored, "no link stands in the store"

        monitor.command("alarms", "ack", alarm, "--by", "ben")
        taken = wait_until(
            lambda: [m for m in inbox.mails if "TAKEN by ben" in str(m["Subject"])], 60.0, "a mail"
        )
        assert taken[0]["In-Reply-To"] == mail["Message-ID"]
