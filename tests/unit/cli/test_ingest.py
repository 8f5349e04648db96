"""The command that imports the past: what it asks for, what it prints, how it ends. What it does is in integration."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest

from tests.fakes.app import FakeApp, answer, app, run

__all__ = ["app"]  # a fixture


def test_an_import_without_rejections_is_fine_and_says_what_came_of_it(app: FakeApp) -> None:
    done = run("ingest past.csv")
    assert app.called["ingest"] == (["past.csv"], False)
    for words in ("past.csv: 1,200 rows", "1,198 readings, 2 events", "1 (x1)", "1 (a2)"):
        assert words in done.stdout
    assert done.stderr == ""


def test_json_is_the_summary_as_it_is(app: FakeApp) -> None:
    assert answer("ingest past.csv --restart --json") == app.imported
    assert app.called["ingest"] == (["past.csv"], True)


def test_rejected_rows_are_a_finding_with_the_first_few_in_words(app: FakeApp) -> None:
    app.imported |= {
        "rejected": 25,
        "rejected_by_reason": {"bad_time": 5, "unknown_channel": 20},
        "rejected_first": [{"detail": "past.csv:7: time '\x1b[31m' has no offset", "reason": "bad_time"}],
    }
    done = run("ingest past.csv", code=1)
    assert done.stdout.index("unknown channel") < done.stdout.index("bad time")
    assert "past.csv:7: time" in done.stderr
    assert "and 24 more" in done.stderr
    assert "\x1b" not in done.output
    assert json.loads(run("ingest past.csv --json", code=1).stdout) == app.imported


def test_where_it_went_on_and_which_lots_changed_is_said(app: FakeApp) -> None:
    app.imported["files"][0]["resumed_at"] = 1000
    app.imported["lots"] = [{"lot": "EXO-1", "before": "within_profile", "after": "at_risk"}]
    text = run("ingest past.csv").stdout
    assert "resumed at row 1,000" in text
    assert "within profile" in text
    assert "at risk" in text


@pytest.mark.parametrize(
    ("trouble", "code", "words"),
    [
        (ValueError("past.csv: lacks the column celsius"), 2, "past.csv: lacks the column celsius"),
        (RuntimeError("its API can't be reached"), 1, "goes on where this one stopped"),
    ],
)
def test_a_file_that_can_not_be_used_is_usage_and_a_program_that_went_away_a_finding(
    app: FakeApp, trouble: Exception, code: int, words: str
) -> None:
    app.imported = trouble
    assert words in run("ingest past.csv", code=code).stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"interrupted": True}, "broken off"),
        (
            {"files": [{"file": "a.gz", "rows": 1, "resumed_at": 0, "damaged": "a.gz: is damaged"}]},
            "is damaged",
        ),
    ],
)
def test_an_import_that_did_not_come_to_its_end_is_a_finding(app: FakeApp, change: Any, words: str) -> None:
    app.imported |= change
    assert words in run("ingest past.csv", code=1).stderr


def test_a_file_named_twice_and_none_at_all_are_usage_errors(app: FakeApp) -> None:
    assert "named twice" in run("ingest a.csv a.csv", code=2).stderr
    run("ingest", code=2)
    assert "ingest" not in app.called


def test_the_first_ctrl_c_asks_to_stop_and_handlers_are_put_back(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGINT)

    def ingest(*_: Any, stop: Any, **__: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(5)
        assert signal.getsignal(signal.SIGINT) is before  # a second one ends it at once
        return {**app.imported, "interrupted": True}

    monkeypatch.setattr(app, "ingest", ingest)
    run("ingest past.csv", code=1)
    assert signal.getsignal(signal.SIGINT) is before
