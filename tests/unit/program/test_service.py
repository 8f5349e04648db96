"""A service takes the store for itself, and gives it back however it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import Configuration, load
from monitor.config.starter import write_starter
from monitor.program.service import Service
from monitor.store.engine import StoreLockedError
from monitor.store.store import Store
from monitor.telling.link_key import LinkKeyError

MONITOR_TOML = """
[store]
url = "sqlite:///{path}"

[web]
port = 0

[site.lab1]
timezone = "Europe/Berlin"

[[unit]]
site = "lab1"
name = "F01"
profile = "ult-80"
probe = [{{ name = "product", max_gap = "15m" }}]
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    write_starter(tmp_path / "config")
    text = MONITOR_TOML.format(path=tmp_path / "store.db")
    (tmp_path / "config" / "monitor.toml").write_text(text, encoding="utf-8")
    return load(tmp_path / "config", {})


def can_be_held(configuration: Configuration) -> bool:
    store = Store(configuration.store.url)
    try:
        store.open_for_writing()
    except StoreLockedError:
        return False
    finally:
        store.close()
    return True


def test_a_service_that_cannot_be_put_together_gives_the_store_back(
    configuration: Configuration, tmp_path: Path
) -> None:
    (tmp_path / "store.db.link-key").write_text("no key")
    with pytest.raises(LinkKeyError):
        Service(configuration)
    assert can_be_held(configuration)


def test_a_service_of_which_one_part_fails_to_end_ends_the_others(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("told to fail")

    with monkeypatch.context() as patch:
        patch.setattr("monitor.ingest.mqtt.MqttSource.close", lambda source: fail())
        service = Service(configuration)
        assert not can_be_held(configuration)
        with pytest.raises(RuntimeError, match="told to fail"):
            service.stop()
    assert service.stop_event.is_set()
    assert can_be_held(configuration)


def test_a_service_that_never_started_can_be_stopped_and_twice(configuration: Configuration) -> None:
    service = Service(configuration)
    service.stop()
    service.stop()
    assert can_be_held(configuration)


def test_what_is_set_aside_is_in_the_health_of_the_program_which_is_judged_apart_from_it(
    configuration: Configuration,
) -> None:
    service = Service(configuration)
    assert service.health()["judging"] == {"ok": True, "text": "nothing is set aside", "aside": []}
    parts = service.writer.parts
    with parts.turns.turn() as turn:
        parts.asides.put(turn, "lot", "L1", ValueError("a bug"))
    health = service.health()
    assert not health["judging"]["ok"]
    assert [one["subject"] for one in health["judging"]["aside"]] == ["L1"]
    assert service.jobs.why_not_well() is None or "judging" not in str(service.jobs.why_not_well())
    assert health["store"]["ok"], "all others are judged"
    service.stop()
