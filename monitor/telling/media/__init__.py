"""Ways to reach people, each behind :class:`monitor.ports.Medium`: mail, PagerDuty, webhooks, Apprise, a console.

A medium may be called from several threads at once, for different addresses. Apprise speaks to a hundred services.

An address is what people.toml says: ``anna@lab.example``, ``pagerduty:ROUTING_KEY``, ``webhook:https://…``, an Apprise
URL, or ``env:NAME``/``file:PATH`` for one of these kept elsewhere. It stands in the outbox as it is written there, and
is revealed only when a message is sent.
"""
