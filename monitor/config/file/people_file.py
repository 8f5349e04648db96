"""The keys of ``people.toml``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from monitor.config.file.fields import (
    ClockTime,
    Day,
    Duration,
    Flag,
    Instant,
    Kept,
    Name,
    PositiveDuration,
    Table,
    Text,
    Written,
    Zone,
)
from monitor.config.model import Address
from monitor.core.alarm.condition import AlarmCondition

Condition = Annotated[AlarmCondition, WithJsonSchema({"enum": list(AlarmCondition), "type": "string"})]


class QuietHoursTable(Table):
    """Times of day between which warnings wait; alarms never do."""

    start: ClockTime = Field(alias="from")
    until: ClockTime


def _written_addresses(addresses: Iterable[Address]) -> list[str]:
    return [address.shown for address in addresses]


class PersonTable(Table):
    """``[[person]]``"""

    name: Name
    title: Text | None = Field(default=None, description="default: the name")
    addresses: Annotated[list[Text], Written(_written_addresses)] = Field(
        min_length=1,
        description="mail addresses, pagerduty:ROUTING_KEY, webhook:https://…, Apprise URLs, env:NAME or file:PATH",
    )
    webhook_key: Annotated[Text | None, Kept("webhook_key_source")] = Field(
        default=None, description="env:NAME or file:PATH: the key that signs what goes to the webhooks here"
    )
    timezone: Zone | None = None
    quiet_hours: QuietHoursTable | None = None
    qa: Flag = Field(default=False, description="gets the weekly summary for QA")


class OverrideTable(Table):
    """Somebody stands in on a rota."""

    person: Name
    start_at: Instant = Field(alias="from")
    until_at: Instant = Field(alias="until")


class RotaTable(Table):
    """``[[rota]]``"""

    name: Name
    timezone: Zone
    people: list[Name] = Field(min_length=1, description="one week each, in this order")
    first_week: Day = Field(description="the day on which the first one starts")
    handover_at: ClockTime = Field(default="08:00", validate_default=True)
    override: Annotated[list[OverrideTable], Kept("overrides")] = Field(default_factory=list)


class StepTable(Table):
    """One step of a ladder."""

    tell: list[Name] = Field(min_length=1, description="persons or rotas")
    wait: Duration = Field(description="until the next step, unless somebody acknowledges")


class LadderTable(Table):
    """``[[ladder]]``"""

    name: Name
    step: Annotated[list[StepTable], Kept("steps")] = Field(min_length=1)
    repeat: PositiveDuration | None = Field(default=None, description="from the top again after this long")


class RouteTable(Table):
    """``[[route]]``: the first that matches is taken; what is left out matches all."""

    ladder: Name
    site: Name | None = None
    unit: Name | None = None
    condition: Condition | None = Field(default=None, title="Condition")
    level: Literal["warning", "alarm", "critical"] | None = None


class PeopleFile(Table):
    """``people.toml``"""

    person: Annotated[list[PersonTable], Kept("people")] = Field(default_factory=list)
    rota: Annotated[list[RotaTable], Kept("rotas")] = Field(default_factory=list)
    ladder: Annotated[list[LadderTable], Kept("ladders")] = Field(default_factory=list)
    route: Annotated[list[RouteTable], Kept("routes")] = Field(default_factory=list)
