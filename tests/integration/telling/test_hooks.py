"""Webhooks and PagerDuty, through real HTTP servers on loopback that refuse, dawdle, fail and redirect."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable

import pytest

from monitor.core.time.instant import MINUTE, SECOND
from monitor.ports import JSON, DeliveryError, Medium, Notification
from monitor.telling.delivery import Deliverer
from monitor.telling.media.pagerduty import PagerDutyMedium
from monitor.telling.media.webhook import WebhookMedium
from monitor.testing import ManualClock
from tests.rigs.loopback import free_port
from tests.rigs.server.one_owed import OneOwed
from tests.rigs.server.tellees import Hook, Reply, raw_server, web_server

KEY = "s3cret-of-the-webhook"
ROUTING_KEY = "R0123456789abcdefghijklmnopqrstu"
NOW = 1_795_000_000_123
LINK = "https://monitor.lab.example/a/t0ken"
ALARM: JSON = {
    "id": "a7",
    "condition": "temperature_high",
    "subject": "lab1/F02/product",
    "level": "critical",
    "state": "unacknowledged",
    "raised_at": "2026-11-22T02:22:00.000Z",
    "act_by": "2026-11-22T04:40:00.000Z",
    "evidence": {"celsius": -48.2},
    "told": [{"recipient": "ben", "address": "ben@lab.example"}],
    "history": [],
}
NOTE = Notification(
    id="a7:opened:lims:webhook:env:HOOK",
    recipient="lims",
    medium="webhook",
    address="",
    subject="[CRITICAL] F02 too warm: −48.2 °C",
    body="[CRITICAL] F02 too warm: −48.2 °C\n\nAct by 05:40\n",
    about="a7",
    kind="opened",
    alarm=ALARM,
    link=LINK,
)


def hooked(
    hook: Hook, clock: ManualClock | None = None, **settings: float
) -> tuple[WebhookMedium, Notification]:
    medium = WebhookMedium(clock or ManualClock(NOW), {"lims": KEY}.get, **settings)
    return medium, NOTE._replace(address=f"webhook:{hook.url}/alarms/t0ken?site=1")


def paging(hook: Hook, **settings: float) -> tuple[PagerDutyMedium, Notification]:
    medium = PagerDutyMedium(
        ManualClock(NOW),
        installation="1nst",
        external_url="https://monitor.lab.example",
        endpoint=hook.url,
        **settings,
    )
    return medium, NOTE._replace(medium="pagerduty", address=f"pagerduty:{ROUTING_KEY}")


Either = Callable[..., tuple[Medium, Notification]]
BOTH = pytest.mark.parametrize("made", [hooked, paging])


# --- webhook ---


def test_a_webhook_gets_the_alarm_and_the_text_and_nobody_elses_address() -> None:
    with web_server(Hook(Reply(204))) as hook:
        medium, note = hooked(hook)
        medium.deliver(note)
    [posted] = hook.posted
    assert posted.path == "/alarms/t0ken?site=1"
    assert posted.headers["Content-Type"] == "application/json"
    assert posted.headers["Idempotency-Key"] == note.id
    assert posted.json == {
        "id": note.id,
        "kind": "opened",
        "alarm": {name: value for name, value in ALARM.items() if name not in ("told", "history")},
        "recipient": "lims",
        "subject": note.subject,
        "text": note.body,
        "sent_at": "2026-11-18T11:06:40.123Z",
    }


def test_a_receiver_can_check_who_sent_what_and_when_by_the_signature_alone() -> None:
    with web_server(Hook()) as hook:
        medium, note = hooked(hook)
        medium.deliver(note)
    [posted] = hook.posted
    # As docs/operating.md says it:
    parts = dict(part.split("=", 1) for part in posted.headers["X-Exosome-Signature"].split(","))
    expected = hmac.new(KEY.encode(), parts["t"].encode() + b"." + posted.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(expected, parts["v1"])
    assert int(parts["t"]) == NOW // SECOND
    forged = hmac.new(
        KEY.encode(), parts["t"].encode() + b"." + posted.body + b" ", hashlib.sha256
    ).hexdigest()
    assert forged != parts["v1"]


def test_a_message_that_is_sent_again_has_the_same_idempotency_key_and_another_signature() -> None:
    clock = ManualClock(NOW)
    with web_server(Hook(replies=[Reply(503)])) as hook:
        medium, note = hooked(hook, clock)
        with pytest.raises(DeliveryError, match="503"):
            medium.deliver(note)
        clock.at += MINUTE
        medium.deliver(note)
    first, second = hook.posted
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.headers["X-Exosome-Signature"] != second.headers["X-Exosome-Signature"]
    assert first.json["id"] == second.json["id"]


def test_an_id_with_signs_beyond_ascii_or_a_line_break_makes_one_header() -> None:
    with web_server(Hook()) as hook:
        medium, note = hooked(hook)
        medium.deliver(note._replace(id="a7:opened:Zoë\r\nX-Evil: 1"))
    assert hook.posted[0].headers["Idempotency-Key"] == "a7:opened:Zo%C3%AB%0D%0AX-Evil: 1"
    assert "X-Evil" not in hook.posted[0].headers


def test_a_redirection_is_not_followed_and_not_tried_again_soon() -> None:
    with web_server(Hook()) as elsewhere, web_server(Hook()) as hook:
        for status in (301, 302, 307, 308):
            hook.replies.append(Reply(status, (("Location", f"{elsewhere.url}/stolen"),)))
            medium, note = hooked(hook)
            with pytest.raises(DeliveryError, match="redirects elsewhere") as raised:
                medium.deliver(note)
            assert raised.value.permanent
    assert elsewhere.posted == []


def test_a_webhook_without_its_key_sends_nothing_unsigned() -> None:
    with web_server(Hook()) as hook:
        medium, note = hooked(hook)
        with pytest.raises(DeliveryError, match="no webhook_key") as raised:
            medium.deliver(note._replace(recipient="somebody"))
    assert raised.value.permanent
    assert hook.posted == []


# --- PagerDuty ---


def test_an_alarm_is_one_incident_that_is_triggered_acknowledged_and_resolved() -> None:
    with web_server(Hook(Reply(202))) as hook:
        medium, note = paging(hook)
        for kind in ("opened", "again", "reminder", "taken", "closed"):
            medium.deliver(note._replace(kind=kind, id=f"a7:{kind}"))
    assert [posted.json["event_action"] for posted in hook.posted] == [
        *("trigger", "trigger", "trigger", "acknowledge", "resolve")
    ]
    assert {posted.json["dedup_key"] for posted in hook.posted} == {"exosome-monitor/1nst/a7"}
    assert {(posted.path, posted.json["routing_key"]) for posted in hook.posted} == {
        ("/v2/enqueue", ROUTING_KEY)
    }
    event = hook.posted[0].json
    assert event["payload"] == {
        "summary": note.subject,
        "source": "lab1/F02/product",
        "severity": "critical",
        "timestamp": "2026-11-22T02:22:00.000Z",
        "component": "lab1/F02/product",
        "class": "temperature_high",
        "custom_details": {
            "id": "a7",
            "level": "critical",
            "state": "unacknowledged",
            "act_by": "2026-11-22T04:40:00.000Z",
            "text": note.body,
        },
    }
    assert event["links"][0]["href"] == LINK
    assert event["client_url"] == "https://monitor.lab.example"


@pytest.mark.parametrize(
    ("level", "severity"), [("warning", "warning"), ("alarm", "error"), ("critical", "critical")]
)
def test_a_level_is_a_severity(level: str, severity: str) -> None:
    with web_server(Hook(Reply(202))) as hook:
        medium, note = paging(hook)
        medium.deliver(note._replace(alarm={**ALARM, "level": level}))
    assert hook.posted[0].json["payload"]["severity"] == severity


def test_a_digest_pages_nobody_and_a_test_is_an_incident_of_its_own() -> None:
    with web_server(Hook(Reply(202))) as hook:
        medium, note = paging(hook)
        medium.deliver(note._replace(kind="digest", about="digest:lab1:2026-11-22", alarm=None, link=""))
        medium.deliver(note._replace(kind="test", about="", alarm=None, link="", id="test:1:anna"))
    change, test = hook.posted
    assert change.path == "/v2/change/enqueue"
    assert "event_action" not in change.json
    assert (test.path, test.json["event_action"]) == ("/v2/enqueue", "trigger")
    assert test.json["payload"]["severity"] == "info"
    assert test.json["dedup_key"] == "exosome-monitor/1nst/test:1:anna"


def test_a_summary_is_cut_to_what_pagerduty_takes_and_stays_on_one_line() -> None:
    with web_server(Hook(Reply(202))) as hook:
        medium, note = paging(hook)
        medium.deliver(note._replace(subject="x\r\ny" + "z" * 5_000, body="−" * 500_000))
    assert hook.posted[0].json["payload"]["summary"][:4] == "x yz"
    assert len(hook.posted[0].json["payload"]["summary"]) == 1024
    assert len(hook.posted[0].body) < 512_000


@pytest.mark.parametrize("status", [200, 204])
def test_only_202_means_that_pagerduty_took_it(status: int) -> None:
    with web_server(Hook(Reply(status, body="welcome to the hotel's network"))) as hook:
        medium, note = paging(hook)
        with pytest.raises(DeliveryError, match=f"answered {status}") as raised:
            medium.deliver(note)
    assert not raised.value.permanent


# --- both ---


@BOTH
@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (400, True),
        (401, True),
        (404, True),
        (410, True),
        (408, False),
        (429, False),
        (500, False),
        (503, False),
    ],
)
def test_a_refusal_is_for_good_only_if_it_blames_us(made: Either, status: int, permanent: bool) -> None:
    with web_server(Hook(Reply(status, body='{"errors": ["routing_key is invalid"]}'))) as hook:
        medium, note = made(hook)
        with pytest.raises(DeliveryError, match=f"answered {status}: .*is invalid") as raised:
            medium.deliver(note)
    assert raised.value.permanent is permanent


@BOTH
@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("120", 120 * SECOND),
        ("0", 0),
        ("Wed, 18 Nov 2026 11:08:40 GMT", 2 * MINUTE - 123),
        ("Wed, 18 Nov 2020 11:08:40 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("9" * 30, None),
    ],
)
def test_when_to_ask_again_is_heard(made: Either, header: str, asked: int | None) -> None:
    with web_server(Hook(Reply(429, (("Retry-After", header),)))) as hook:
        medium, note = made(hook)
        with pytest.raises(DeliveryError) as raised:
            medium.deliver(note)
    assert raised.value.retry_after == asked


@BOTH
def test_nothing_secret_stands_in_an_error(made: Either) -> None:
    secrets = [ROUTING_KEY if made is paging else KEY, "t0ken"]
    said = f"no such key: {' '.join(secrets)}"
    with web_server(Hook(replies=[Reply(400, body=said), Reply(500, body=said), Reply(0)])) as hook:
        medium, note = made(hook)
        errors = []
        for _ in range(3):
            with pytest.raises(DeliveryError) as raised:
                medium.deliver(note)
            errors.append(str(raised.value))
    hook.port = free_port()
    medium, note = made(hook)
    with pytest.raises(DeliveryError, match="refused") as raised:
        medium.deliver(note)
    text = "".join([*errors, str(raised.value)])
    assert not [secret for secret in secrets if secret in text]


@BOTH
def test_a_server_that_hangs_up_or_never_ends_its_answer_fails_in_bounded_time(made: Either) -> None:
    with web_server(Hook(replies=[Reply(0)])) as hook:
        medium, note = made(hook)
        with pytest.raises(DeliveryError) as raised:
            medium.deliver(note)
        assert not raised.value.permanent

    def dribble(connection: object) -> None:
        try:
            connection.recv(10)  # type: ignore[attr-defined]
            connection.sendall(b"HTTP/1.1 200 OK\r\n")  # type: ignore[attr-defined]
            while True:
                connection.sendall(b"X")  # type: ignore[attr-defined]
                time.sleep(0.1)
        except OSError:
            return

    with raw_server(dribble) as port:
        slow = Hook(port=port)
        medium, note = made(slow, seconds=1.0)
        begun = time.monotonic()
        with pytest.raises(DeliveryError, match="no answer within 1 s"):
            medium.deliver(note)
        with pytest.raises(DeliveryError, match="earlier attempt"):
            medium.deliver(note)
        assert time.monotonic() - begun < 3


@BOTH
def test_an_endless_answer_is_not_read_to_its_end(made: Either) -> None:
    with web_server(Hook(Reply(500, body="x" * 5_000_000))) as hook:
        medium, note = made(hook)
        with pytest.raises(DeliveryError) as raised:
            medium.deliver(note)
    assert len(str(raised.value)) < 1_000


@BOTH
def test_a_message_taken_after_our_patience_is_not_sent_again(made: Either) -> None:
    status = 200 if made is hooked else 202
    with web_server(Hook(Reply(status), [Reply(status, after=1.0)])) as hook:
        medium, note = made(hook, seconds=0.3)
        with pytest.raises(DeliveryError, match="no answer"):
            medium.deliver(note)
        until = time.monotonic() + 5
        while True:
            try:
                medium.deliver(note)
                break
            except DeliveryError:
                assert time.monotonic() < until
                time.sleep(0.05)
    assert len(hook.posted) == 1


@BOTH
def test_whatever_a_server_goes_through_the_message_arrives_once_it_is_well(made: Either) -> None:
    """Down, slow, refusing, overloaded, broken, and then there again; and a server beside it is never held up."""
    status, clock, port = (200 if made is hooked else 202), ManualClock(NOW), free_port()
    sick = [Reply(500), Reply(status, after=2.0), Reply(403), Reply(429, (("Retry-After", "45"),)), Reply(0)]
    hook = Hook(Reply(status), sick, port=port)
    medium, note = made(hook, seconds=0.5)
    row = OneOwed(note)
    telling = Deliverer(row, {note.medium: medium}, clock, 10 * SECOND, 60 * SECOND, patience_seconds=3)
    telling.run_due()
    assert not row.sent, "nothing listens yet"
    with web_server(hook):
        for _ in range(30):
            clock.at += 60 * SECOND
            telling.run_due()
            if row.sent:
                break
            threading.Event().wait(0.3)
    telling.close()
    assert row.sent
    bodies = [posted.json for posted in hook.posted]
    assert len({body.get("id") or body["dedup_key"] for body in bodies}) == 1
