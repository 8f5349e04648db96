"""PagerDuty, by its Events API v2: an alarm is one incident, which people here and there acknowledge and which ends.

The address is ``pagerduty:ROUTING_KEY``, the integration key of a service. *Opened*, *again* and *reminder* trigger;
*taken* acknowledges; *closed* resolves. All of an alarm's messages share one ``dedup_key``, so that whatever is sent
twice, or late, stays one incident. Notices and digests are no incidents: they go as change events, which page nobody.
A test triggers an incident of its own, to be resolved by hand.
"""

from __future__ import annotations

import json
from typing import Any

from monitor.core.answer.shape import AnyAnswer
from monitor.core.time.instant import format_instant
from monitor.ports import JSON, Clock, DeliveryError, Notification
from monitor.telling.media.address import Reveal, revealed
from monitor.telling.media.attempt import DELIVERY_SECONDS, Attempts, NoAnswerError
from monitor.telling.media.post import NotReachedError, post
from monitor.telling.media.shown import one_line, url_secrets, without

ENDPOINT = "https://events.pagerduty.com"
PREFIX = "pagerduty:"
_ACTIONS = {
    "opened": "trigger",
    "again": "trigger",
    "reminder": "trigger",
    "test": "trigger",
    "taken": "acknowledge",
    "closed": "resolve",
}
_SEVERITIES = {"critical": "critical", "alarm": "error", "warning": "warning"}
_TAKEN = 202
_MOST_SUMMARY = 1024
_MOST_TEXT = 100_000
"""Of 512 KB that an event may have, with room for signs of several bytes."""


class PagerDutyMedium:
    """Sends events to ``endpoint``; ``installation`` keeps apart the alarms of several of ours with one routing key."""

    def __init__(
        self,
        clock: Clock,
        *,
        installation: str,
        external_url: str = "",
        endpoint: str = ENDPOINT,
        reveal: Reveal = str,
        seconds: float = DELIVERY_SECONDS,
    ) -> None:
        self._clock = clock
        self._installation = installation
        self._external_url = external_url
        self._endpoint = endpoint.rstrip("/")
        self._reveal = reveal
        self._attempts = Attempts(seconds)

    def deliver(self, notification: Notification) -> None:
        """Sends the event; raises :class:`DeliveryError`, permanent where PagerDuty blames what was sent."""
        key = revealed(self._reveal, notification.address).removeprefix(PREFIX)

        def failure(reason: str, *, permanent: bool = False, retry_after: int | None = None) -> DeliveryError:
            told = without({key, *url_secrets(notification.link)}, reason)
            text = f"event to PagerDuty for {notification.recipient}: {told}"
            text += ". Check the routing key, and that PagerDuty can be reached"
            return DeliveryError(text, permanent=permanent, retry_after=retry_after)

        def send() -> None:
            path, event = self._event(notification, key)
            body = json.dumps(event, ensure_ascii=False, allow_nan=False).encode()
            answer = post(f"{self._endpoint}{path}", body, {}, now=self._clock.now())
            if answer.status != _TAKEN:
                raise failure(answer.reason, permanent=answer.is_permanent, retry_after=answer.retry_after)

        try:
            self._attempts.run(key, notification.id, send)
        except (NoAnswerError, NotReachedError) as error:
            raise failure(str(error)) from error

    def _event(self, message: Notification, key: str) -> tuple[str, JSON]:
        """Path and body."""
        summary = one_line(message.subject, _MOST_SUMMARY)
        links = (
            [{"href": message.link, "text": f"Acknowledge as {message.recipient}"}] if message.link else []
        )
        if self._external_url:
            links.append({"href": self._external_url, "text": "Monitor"})
        details = {"text": message.body[:_MOST_TEXT]}
        action = _ACTIONS.get(message.kind)
        if action is None:
            payload = {
                "summary": summary,
                "source": self._source(None),
                "timestamp": format_instant(self._clock.now()),
                "custom_details": details,
            }
            return "/v2/change/enqueue", {"routing_key": key, "payload": payload, "links": links}
        event: dict[str, Any] = {
            "routing_key": key,
            "event_action": action,
            "dedup_key": f"exosome-monitor/{self._installation}/{message.about or message.id}"[:255],
        }
        if action == "trigger":
            event |= {
                "payload": self._payload(message, summary, details),
                "links": links,
                "client": "exosome-monitor",
                **({"client_url": self._external_url} if self._external_url else {}),
            }
        return "/v2/enqueue", event

    def _payload(self, message: Notification, summary: str, details: JSON) -> JSON:
        alarm = message.alarm
        if alarm is None:
            severity = "info" if message.kind == "test" else "error"
            return {
                "summary": summary,
                "source": self._source(None),
                "severity": severity,
                "custom_details": details,
            }
        kept = {name: alarm[name] for name in ("id", "level", "state", "act_by") if alarm.get(name)}
        return {
            "summary": summary,
            "source": self._source(alarm),
            "severity": _SEVERITIES.get(str(alarm.get("level")), "error"),
            "timestamp": alarm.get("raised_at"),
            "component": str(alarm.get("subject") or "") or None,
            "class": alarm.get("condition"),
            "custom_details": {**kept, **details},
        }

    def _source(self, alarm: AnyAnswer | None) -> str:
        return str((alarm or {}).get("subject") or "") or f"exosome-monitor {self._installation}"
