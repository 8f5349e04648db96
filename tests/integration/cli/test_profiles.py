"""Versions of a profile on a real store, at the command line: edits that are refused, new versions, bindings."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from monitor.core.time.instant import HOUR, MINUTE, format_instant
from monitor.program import app
from monitor.program.clock import SystemClock
from tests.integration.cli.test_lots import Installation, here

__all__ = ["here"]  # a fixture


def profile_file(here: Installation, name: str = "ult-80") -> Path:
    return here.folder / "config" / "profiles" / f"{name}.toml"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def new_version(here: Installation, version: int) -> None:
    """Keeps the present file under its version, and writes one that says the same, for a time to come."""
    path = profile_file(here)
    text = path.read_text(encoding="utf-8")
    old = next(line for line in text.splitlines() if line.startswith("version = "))
    profile_file(here, f"ult-80@{old.split('=')[1].strip()}").write_text(text, encoding="utf-8")
    edit(path, old, f"version = {version}")
    edit(path, "effective_from = 2026", f"effective_from = {2090 + version}")


@pytest.fixture
def used(here: Installation) -> Installation:
    """An installation in which a lot has been judged by version 1 of its profile."""
    here.register("EXO-1", SystemClock().now() - 3 * HOUR)
    return here


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("units",),
        ("lots", "show", "EXO-1"),
        ("lots", "move", "EXO-1", "F02"),
        ("lots", "bind", "EXO-1", "ult-80@1", "--reason", "x"),
    ],
)
def test_a_used_version_that_was_edited_is_refused_with_file_version_and_remedy(
    used: Installation, words: tuple[str, ...]
) -> None:
    edit(profile_file(used), 'limit = "24h"', 'limit = "25h"')
    said = used.run(*words, code=2).stderr
    assert "profiles/ult-80.toml: version: found 1, with other content than what has been judging" in said
    assert "for new limits write version 2, and keep the old file as profiles/ult-80@1.toml" in said
    assert "Traceback" not in said


def test_run_ends_with_exit_2_and_no_traceback_when_a_used_version_was_edited(used: Installation) -> None:
    edit(profile_file(used), 'limit = "24h"', 'limit = "25h"')
    done = subprocess.run(used.command("run"), env=used.env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "profiles/ult-80.toml: version: found 1" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_edited_older_version_is_told_with_its_own_file(used: Installation) -> None:
    new_version(used, 2)
    used.run("units")
    edit(profile_file(used, "ult-80@1"), 'limit = "24h"', 'limit = "25h"')
    said = used.run("check", code=2).stderr
    assert "profiles/ult-80@1.toml: version: found 1" in said
    assert "write version 3" in said


def test_before_anything_was_judged_a_profile_may_be_edited_and_check_writes_no_store(
    here: Installation,
) -> None:
    here.run("check")
    assert not (here.folder / "monitor.db").exists()
    with app.open_commands(app.load(here.folder / "config")):
        pass  # the store is made, and has these rules
    here.run("units")
    edit(profile_file(here), 'limit = "24h"', 'limit = "25h"')
    here.run("check")
    here.register("EXO-1", SystemClock().now() - HOUR)
    budgets = here.answer("lots", "show", "EXO-1")["budgets"]
    assert 25 * 3_600.0 in [each["limit_seconds"] for each in budgets]


def test_a_lot_is_bound_while_the_program_is_stopped_and_through_it_while_it_runs(used: Installation) -> None:
    new_version(used, 2)
    before = SystemClock().now() - MINUTE
    used.run("lots", "bind", "EXO-1", "ult-80@2", "--reason", "study S-12", "--by", "QA")
    found = used.answer("lots", "show", "EXO-1")
    assert (found["profile_version"], found["profile_bound"]["by"]) == (2, "QA")
    assert "bound it to profile ult-80 version 2, by QA" in " ".join(
        used.run("lots", "show", "EXO-1").stdout.split()
    )
    earlier = used.answer("lots", "show", "EXO-1", "--as-of", format_instant(before))
    assert (earlier["profile_version"], earlier["profile_bound"]) == (1, None)
    with used.mosquitto(), used.running():
        said = used.run("lots", "bind", "EXO-1", "ult-80@7", "--reason", "x", code=1).stderr
        assert "no profile version 'ult-80@7'" in said
        assert "ult-80@1, ult-80@2" in said
        used.run("lots", "bind", "EXO-1", "ult-80@1", "--reason", "typing error")
        assert "judged by ult-80@1 already" in (
            used.run("lots", "bind", "EXO-1", "ult-80@1", "--reason", "x", code=1).stderr
        )
    found = used.answer("lots", "show", "EXO-1")
    assert (found["profile_version"], found["profile_bound"]["reason"]) == (1, "typing error")
