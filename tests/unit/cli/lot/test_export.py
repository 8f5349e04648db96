"""``export lot``: what it says, and its exit codes. What is in the folder: tests/unit/report."""

from __future__ import annotations

from pathlib import Path

from monitor.core.time.instant import HOUR
from tests.fakes.app import FakeApp, answer, app, run
from tests.unit.report.test_lot import READINGS, T0, History, crlf, view

__all__ = ["app", "view"]  # fixtures


def test_the_command_writes_the_folder_and_says_what_is_in_it(
    app: FakeApp, view: History, tmp_path: Path
) -> None:
    app.view = view  # type: ignore[assignment]
    assert run("export lot EXO-1 --out out").stdout == "out/EXO-1: 9 readings, 0 excursions, 3 custody\n"
    assert (tmp_path / "out" / "EXO-1" / "readings.csv").read_bytes() == crlf(READINGS)
    assert "overwrites nothing" in run("export lot EXO-1 --out out", 2).stderr
    assert answer("export lot EXO-1 --out more --json")["folder"] == "more/EXO-1"


def test_the_command_says_what_is_missing_with_exit_1(app: FakeApp, view: History) -> None:
    app.view = view  # type: ignore[assignment]
    view.stay("lab1/F09", T0 - HOUR, T0)
    assert "missing: lab1/F09 from 2025-12-31T23:00:00.000Z" in run("export lot EXO-1 --out out", 1).stderr


def test_the_command_takes_as_of_and_refuses_an_unknown_lot(app: FakeApp, view: History) -> None:
    app.view = view  # type: ignore[assignment]
    run("export lot EXO-1 --out out --as-of 2026-01-01T02:00:00+00:00")
    assert view.as_of[-1] == T0 + 2 * HOUR
    assert "there is no lot 'EXO-2'" in run("export lot EXO-2 --out out", 1).stderr
    assert "'--as-of'" in run("export lot EXO-1 --out out --as-of monday", 2).stderr
