"""A fleet's score in words: tables for the documentation, lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from laboratory.scoring.outcome import JSON
from monitor.core.time.instant import DAY, HOUR, MINUTE, SECOND
from monitor.words.figures import NONE, exact_span

_DETECTION = (
    *("failure", "n", "detected", "recall (95 %)", "median delay", "95 % within", "first sign, median"),
    *("usual rule: recall", "usual rule: median", "ratio"),
)
_PAGES = ("what was told", "n", "per unit-day", "false", "false per 1,000 unit-days")
_LEFT = frozenset((_DETECTION[0], _PAGES[0]))


def as_markdown(score: JSON) -> str:
    """The tables for the documentation, with what their figures mean; ends without a line break."""
    tables = "\n\n".join(_markdown(head, rows) for head, rows in _tables(score))
    return f"{tables}\n\n{_legend(score)}\n\n{_forecast(score)}"


def as_text(score: JSON) -> str:
    """The same in lines for the terminal; what was missed or false is listed."""
    tables = "\n\n".join("\n".join(_aligned(head, rows)) for head, rows in _tables(score))
    listed = [*_failures("missed", score["missed"]), *_failures("too late", score["late"])]
    listed += [
        f"false page: {page['condition']} of {page['unit']} ({page['level']}, {page['alarm']})"
        for page in score["false_pages"]
    ]
    return "\n\n".join(filter(None, (tables, _legend(score), _forecast(score), "\n".join(listed))))


def seconds_words(value: float | None) -> str:
    """A length in seconds, in words: to the hour from a day on, to the minute from an hour on.

    >>> seconds_words(3_872.0), seconds_words(165.2)
    ('1 h 5 min', '2 min 45 s')
    """
    if value is None:
        return NONE
    length = round(value * SECOND)
    to = next((to for least, to in ((DAY, HOUR), (HOUR, MINUTE), (MINUTE, SECOND)) if length >= least), 1)
    return exact_span((length + to // 2) // to * to)


def percent(value: float | None) -> str:
    """A share in per cent. Neither 0 % nor 100 % is ever the rounding of something else."""
    if value is None:
        return NONE
    if value in (0.0, 1.0):
        return f"{value:.0%}".replace("%", " %")
    return f"{min(max(value, 0.001), 0.999) * 100:.1f} %"


def _tables(score: JSON) -> Iterator[tuple[Sequence[str], list[list[str]]]]:
    kinds = [_detection(kind, figures) for kind, figures in score["kinds"].items()]
    yield _DETECTION, [*kinds, _detection("all", score["all"])]
    pages = score["pages"]
    rows = [_told("our pages", pages["ours"])]
    rows += _false("of these", pages["ours"])
    rows.append(_told("pages of the usual rule", pages["usual"]))
    rows.append(_told("our warnings", pages["warnings"]))
    rows += _false("of these", pages["warnings"])
    yield _PAGES, rows


def _detection(kind: str, figures: JSON) -> list[str]:
    recall = percent(figures["recall"])
    if figures["recall"] is not None:
        recall += f" ({percent(figures['recall_low'])} to {percent(figures['recall_high'])})"
    late = f" (+ {figures['late']} too late)" if figures["late"] else ""
    return [
        kind,
        str(figures["n"]),
        f"{figures['detected']}{late}",
        recall,
        seconds_words(figures["delay_seconds"]["median"]),
        seconds_words(figures["delay_seconds"]["p95"]),
        seconds_words(figures["first_sign_seconds"]["median"]),
        percent(figures["usual"]["recall"]),
        seconds_words(figures["usual"]["delay_seconds"]["median"]),
        _figure(figures["ratio"]),
    ]


def _told(what: str, figures: JSON) -> list[str]:
    per_day, per_thousand = figures["per_unit_day"], figures["false_per_1000_unit_days"]
    return [what, str(figures["n"]), _figure(per_day), str(figures["false"]), _figure(per_thousand)]


def _false(what: str, figures: JSON) -> list[list[str]]:
    return [
        [f"{what}, {condition}", "", "", str(each["n"]), _figure(each["per_1000_unit_days"])]
        for condition, each in figures["false_by_condition"].items()
    ]


def _figure(value: float | None) -> str:
    """A figure in three digits; a small one isn't rounded to nothing."""
    return NONE if value is None else f"{value:.3g}"


def _legend(score: JSON) -> str:
    grace = exact_span(round(score["grace_seconds"] * SECOND))
    return (
        f"Over {score['unit_days']:,.6g} unit-days. Delays count from the beginning of the failure to the first page. "
        f"A page is false if nothing had failed in its unit then or up to {grace} before. "
        "The ratio is of our median delay to that of the usual rule, over the failures that both told. "
        f"{NONE}: there is nothing to count."
    )


def _forecast(score: JSON) -> str:
    figures = score["forecast"]
    if not figures["crossings"]:
        return "Forecasts: no limit was truly crossed."
    causes = [f"{cause}: {_forecast_words(each)}" for cause, each in figures["by_cause"].items()]
    return "\n\n".join(
        [
            f"Forecasts one hour ahead of a true crossing: {_forecast_words(figures)}.",
            *(["; ".join(causes) + "."] if causes else []),
        ]
    )


def _forecast_words(figures: JSON) -> str:
    if not figures["n"]:
        return f"none for any of {figures['crossings']}"
    return (
        f"{figures['n']} for {figures['crossings']} crossings, {percent(figures['within_20_percent'])} within ±20 %, "
        f"median error {figures['median_relative_error'] * 100:.3g} % of the time left, "
        f"{percent(figures['interval_held'])} of the intervals held"
    )


def _failures(what: str, failures: Sequence[JSON]) -> list[str]:
    return [
        f"{what}: {each['kind']} of {each['unit']}" + (f", probe {each['probe']}" if each["probe"] else "")
        for each in failures
    ]


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---" if name in _LEFT else "---:" for name in head]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    for row in (head, *rows):
        first = row[0].ljust(widths[0])
        rest = (text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True))
        yield "  ".join((first, *rest)).rstrip()
