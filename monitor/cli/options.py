"""Options that commands share, and how their values are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from monitor.core.time.instant import parse_instant

CONFIG_VARIABLE = "EXOSOME_MONITOR_CONFIG"
DEFAULT_DIRECTORY = Path("config")
PROGRAM = "exosome-monitor"

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SAMPLE = "2026-11-22T10:00:00Z, 2026-11-22T11:00:00+01:00 or the date 2026-11-22"


@dataclass(frozen=True, slots=True)
class When:
    """An instant as given: ``at`` (ms), or a calendar day whose instants depend on a site's time zone."""

    text: str
    at: int | None = None
    day: date | None = None


def read_when(text: str) -> When:
    """An RFC 3339 time with an offset, or a date; a usage error that says what to write for anything else."""
    try:
        if _DATE.fullmatch(text):
            return When(text, day=read_date(text))
        return When(text, at=parse_instant(text))
    except ValueError as error:
        raise typer.BadParameter(f"{error}. Write {_SAMPLE}.") from None


def read_instant(text: str) -> int:
    """An RFC 3339 time with an offset, as ms."""
    try:
        return parse_instant(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{error}. Write 2028-06-30T22:00:00Z; for a date use --expires-on."
        ) from None


def read_day(text: str) -> str:
    """A date, as it was written."""
    try:
        read_date(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}. Write a date like 2028-06-30.") from None
    return text


def read_date(text: str) -> date:
    """The date ``YYYY-MM-DD``; raises ValueError with a sentence."""
    if not _DATE.fullmatch(text):
        raise ValueError(f"{text!r} is not a date")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} names a day that does not exist") from None


def read_duration(text: str) -> float:
    """A duration such as ``90s`` or ``1h30m``, in seconds."""
    from monitor.config.file.duration import parse_duration

    try:
        return parse_duration(text) / 1000
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not {error}.") from None


def _chosen(ctx: typer.Context, value: Path | None) -> Path:
    """The directory given after the command, else the one before it or in the environment, else the default."""
    before: Path | None = ctx.find_root().params.get("config")
    return value or before or DEFAULT_DIRECTORY


def example(*lines: str) -> str:
    """The text below a command's help; never wrapped, so that it can be copied."""
    return "\b\nExample:\n" + "\n".join(f"  {PROGRAM} {line}" for line in lines)


class ListsByDefault(TyperGroup):
    """A group whose command without a name is ``list``, with its options; ``--config DIR`` may stand before a name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        config: list[str] = []
        if args and args[0].partition("=")[0] == "--config":
            length = 1 if "=" in args[0] else 2
            config, args = args[:length], args[length:]
        if args and not args[0].startswith("-"):
            args = [args[0], *config, *args[1:]]
        elif not args or args[0] not in ctx.help_option_names:
            args = ["list", *config, *args]
        return super().parse_args(ctx, args)


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="DIR",
        callback=_chosen,
        help=f"Configuration directory; also before the command. Default: {DEFAULT_DIRECTORY}, or {CONFIG_VARIABLE}.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsOfOption = Annotated[
    When | None,
    typer.Option(
        "--as-of",
        metavar="WHEN",
        parser=read_when,
        help="Judge as of then: RFC 3339 with an offset, or a date (its end; today: now).",
    ),
]
FromOption = Annotated[
    When | None,
    typer.Option("--from", metavar="WHEN", parser=read_when, help="From then on; of a date its beginning."),
]
ToOption = Annotated[
    When | None,
    typer.Option("--to", metavar="WHEN", parser=read_when, help="Up to then; of a date its end."),
]
AtOption = Annotated[
    When | None,
    typer.Option(
        "--at",
        metavar="WHEN",
        parser=read_when,
        help="When it happened; of a date its beginning. Default: now.",
    ),
]
ByOption = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who did it. Default: your login name.")
]
EventIdOption = Annotated[
    str | None,
    typer.Option(
        "--event-id",
        metavar="ID",
        help="Unique id of the event. Default: a new one. The same again is a no-op.",
    ),
]
SiteOption = Annotated[
    str | None,
    typer.Option(
        "--site",
        metavar="SITE",
        help="The lot's site. Default: the unit's, else the only one, else the lot's.",
    ),
]
LengthOption = Annotated[
    float | None,
    typer.Option(
        "--for", metavar="DURATION", parser=read_duration, help="Stop after this long, such as 90s."
    ),
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="At most so many, newest first.")]
LotArgument = Annotated[str, typer.Argument(metavar="LOT", help="The lot's id.")]
