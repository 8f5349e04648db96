"""The effective configuration, its TOML, the schemas, and the starter that ships."""

from __future__ import annotations

import json
import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import load
from monitor.config.effective import effective_json, effective_toml
from monitor.config.file.schema import schemas
from monitor.config.file.toml import dump, parse
from monitor.config.starter import starter_source, write_starter

STARTER = Path(__file__).parents[3] / "config"

RICH = """
[store]
url = "sqlite:///x.db"
housekeeping_at = "04:00"
backup_dir = "backups"
backup_keep = 3
keep_rejected = "30d"
keep_messages = "100d"
[mqtt]
host = "broker.lan"
username = "monitor"
password_file = "pw"
tls = { ca_file = "ca.pem", cert_file = "us.pem", key_file = "us.key" }
keepalive = "90s"
[influx]
url = "file:lines.lp"
[mail]
host = "mail.lan"
from = "monitor@lab.example"
tls = true
[alerting]
digest_at = ["19:00", "07:00"]
qa_summary = "Fri 16:00"
drill = "Wed 11:30"
dead_man_url = "env:PING"
dead_man_every = "10m"
[site."lab.1"]
timezone = "Europe/Berlin"
[[unit]]
site = "lab.1"
name = "F01"
title = 'Freezer "one" \\ − 1'
profile = "ult-80"
class = "cold"
product_probe = "product"
probe = [
  { name = "product", max_gap = "15m", silent_after = "1h", calibration_due = 2027-03-01, offset = -0.5,
    uncertainty = 0.5, sensor = "pt100", plausible = { low = -200 }, max_rate = 3 },
  { name = "air", profile = "ult-80" },
]
"""
RICH_PEOPLE = """
[[person]]
name = "anna"
addresses = ["anna@lab.example", "env:ANNA", "webhook:https://lims.lab.example/alarms"]
webhook_key = "env:HOOK_KEY"
timezone = "Europe/Berlin"
quiet_hours = { from = "22:00", until = "06:00" }
qa = true
[[rota]]
name = "on-call"
timezone = "Europe/Berlin"
people = ["anna"]
first_week = 2026-01-05
override = [{ person = "anna", from = 2026-12-24T08:00:00.5Z, until = 2026-12-25T08:00:00Z }]
[[ladder]]
name = "urgent"
step = [{ tell = ["on-call"], wait = "10m" }]
repeat = "1h"
[[route]]
ladder = "urgent"
site = "lab.1"
level = "critical"
"""
RICH_PROFILE = """
name = "ult-80"
version = 2
effective_from = 2026-05-01T00:00:00.125Z
title = "Ultra-low"
window = { low = -90, high = -60 }
deadband = 2
delay = { high = "10m", low = "20m" }
clear_delay = "5m"
instant = { high = -40 }
cumulative_delay = { high = "1h" }
warning = { high = -70, delay = "30m" }
ambient = 22
out_of_storage = { free = "2m", limit = "30m" }
band = [{ name = "warm", above = -60, limit = "24h" }, { name = "cold", up_to = -90 }]
unknown = { rule = "as_band", band = "warm", after = "4h", limit = "24h" }
thaw = { above = -20, after = "10m", refrozen_below = -40, hidden_by_gap = "4h", limit = 1 }
expiry = { in_use = "24h", look_ahead = "14d" }
coverage = { minimum = 0.95 }
alternative = [{ class = "other", window = { high = -15 }, shelf_life = "14d",
  band = [{ name = "warm", above = -15 }], thaw = { above = -5, after = "1m", refrozen_below = -10 } }]
mkt = { limit = 8 }
"""
ENVIRON = {
    "ANNA": "ntfy://example/topic",
    "HOOK_KEY": "hunter2hunter2hunter2",
    "PING": "https://ping.example/hunter2",
    "INFLUXDB_TOKEN": "hunter2",
}


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    """A configuration that uses every key."""
    directory = tmp_path / "rich"
    (directory / "profiles").mkdir(parents=True)
    for name in ("pw", "ca.pem", "us.pem", "us.key"):
        (directory / name).write_text("hunter2")
    (directory / "monitor.toml").write_text(RICH)
    (directory / "people.toml").write_text(RICH_PEOPLE)
    (directory / "profiles" / "ult-80.toml").write_text(RICH_PROFILE)
    first = RICH_PROFILE.replace("version = 2", "version = 1").replace("2026-05", "2026-04")
    (directory / "profiles" / "ult-80@1.toml").write_text(first)
    return directory


def write_files(directory: Path, effective: str) -> None:
    """What one effective text says, as the files of a configuration directory."""
    monitor = tomllib.loads(effective)
    profiles = monitor.pop("profile")
    people = {key: monitor.pop(key) for key in ("person", "rota", "ladder", "route") if key in monitor}
    (directory / "profiles").mkdir(parents=True)
    (directory / "monitor.toml").write_text(dump(monitor), "utf-8")
    (directory / "people.toml").write_text(dump(people), "utf-8")
    latest = {profile["name"]: profile["version"] for profile in profiles}
    for profile in profiles:
        name, version = profile["name"], profile["version"]
        file = f"{name}.toml" if latest[name] == version else f"{name}@{version}.toml"
        (directory / "profiles" / file).write_text(dump(profile, sections=False), "utf-8")


def test_the_effective_configuration_loads_again_to_an_equal_one(rich: Path, tmp_path: Path) -> None:
    configuration = load(rich, ENVIRON)
    write_files(tmp_path / "again", effective_toml(configuration))
    again = load(tmp_path / "again", ENVIRON)
    assert again == configuration
    assert effective_toml(again) == effective_toml(configuration)


def test_the_effective_starter_loads_again_to_an_equal_one(tmp_path: Path) -> None:
    configuration = load(STARTER, {})
    write_files(tmp_path / "again", effective_toml(configuration))
    assert load(tmp_path / "again", {}) == configuration


def test_the_toml_says_what_the_json_says(rich: Path) -> None:
    configuration = load(rich, ENVIRON)
    found = tomllib.loads(effective_toml(configuration))
    as_json = json.loads(json.dumps(effective_json(configuration)))
    assert set(as_json) == set(found)
    assert as_json["unit"][0]["probe"][0]["calibration_due"] == "2027-03-01"
    assert as_json["profile"][1]["effective_from"] == "2026-05-01T00:00:00.125Z"
    assert as_json["web"] == found["web"]


def test_a_secret_is_a_comment_in_the_effective_configuration(rich: Path) -> None:
    text = effective_toml(load(rich, ENVIRON))
    assert "hunter2" not in text
    assert "ntfy://" not in text
    assert '# mqtt.password = "<secret>"' in text
    assert '# influx.token = "<secret>"' in text
    assert "mail.password" not in text


def test_a_store_url_with_a_password_is_shown_without_it(rich: Path) -> None:
    environ = ENVIRON | {"EXOSOME_MONITOR__STORE__URL": "postgresql://u:hunter2@db/x"}
    monitor = rich / "monitor.toml"
    monitor.write_text(monitor.read_text().replace('backup_dir = "backups"\n', ""))
    assert effective_json(load(rich, environ))["store"]["url"] == "postgresql://u:<secret>@db/x"


def test_every_key_is_in_the_effective_configuration() -> None:
    found = effective_json(load(STARTER, {}))
    found["site"] = found["site"]["lab1"]
    found["unit"] = found["unit"][0]
    found["probe"] = found["unit"]["probe"][0]
    tables = {
        name.removesuffix("Table").lower(): one for name, one in schemas()["monitor.toml"]["$defs"].items()
    }
    for name in ("store", "mqtt", "influx", "web", "mail", "alerting", "site", "unit", "probe"):
        assert set(found[name]) == set(tables[name]["properties"]), name
    assert set(found["profile"][0]) == set(schemas()["profile"]["properties"])


# --- TOML ---

_KEYS = st.text(min_size=1).filter(lambda key: key.isprintable())
_SCALARS = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.dates(min_value=date(1000, 1, 1))
    | st.times().map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=5), st.booleans())
def test_toml_that_is_written_reads_as_itself(document: dict[str, Any], sections: bool) -> None:
    assert tomllib.loads(dump(document, sections=sections)) == document


def test_toml_refuses_what_it_has_no_word_for() -> None:
    with pytest.raises(TypeError, match="TOML has no set"):
        dump({"key": {1, 2}}, sections=False)


def test_an_inline_table_over_several_lines_reads_like_one_on_one_line() -> None:
    text = """
        # { not a table
        text = "{ \\" # no comment\\n"
        lines = '''{
        '''
        table = { a = 1,   # a comment with }
          b = [ 1,
            2, # kept
          ], c = { d = "},\\t", },
        }
        after = 1
    """
    assert parse(text) == {
        "text": '{ " # no comment\n',
        "lines": "{\n        ",
        "table": {"a": 1, "b": [1, 2], "c": {"d": "},\t"}},
        "after": 1,
    }


@pytest.mark.parametrize("text", ["a = {\n", "a = { b = }\n", "a = { b = 1\n c = 2 }\n", "= 1", "a = 'x\ny'"])
def test_a_mistake_of_syntax_stays_one(text: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        parse(text)


# --- schemas ---


def as_json(value: Any) -> Any:
    """A TOML value as JSON has it, for a schema."""
    match value:
        case dict():
            return {key: as_json(inner) for key, inner in value.items()}
        case list():
            return [as_json(inner) for inner in value]
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return value


def test_the_schemas_are_schemas_and_take_the_starter_and_every_key(rich: Path) -> None:
    found = schemas()
    assert set(found) == {"monitor.toml", "profile", "people.toml"}
    for schema in found.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for directory in (STARTER, rich):
        for path in directory.rglob("*.toml"):
            schema = found["profile" if path.parent.name == "profiles" else path.name]
            jsonschema.validate(as_json(parse(path.read_text("utf-8"))), schema)


@pytest.mark.parametrize(
    ("file", "document"),
    [
        ("monitor.toml", {"mqtt": {"hots": "x"}}),
        ("monitor.toml", {"alerting": {"retry_max": "15 minutes"}}),
        ("monitor.toml", {"mqtt": {"password": "x"}}),
        ("people.toml", {"person": [{"name": "anna"}]}),
        ("profile", {"name": "x", "version": 0, "window": {}, "band": []}),
        ("profile", {"name": "x", "version": 1, "window": {}, "band": [], "delay": 600}),
    ],
)
def test_the_schemas_refuse_a_mistake(file: str, document: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schemas()[file])


# --- the starter ---


def test_the_starter_loads_and_says_that_it_is_an_example_and_tells_nobody() -> None:
    configuration = load(STARTER, {})
    assert [unit.name for unit in configuration.units] == [
        "F01",
        "F02",
        "F03",
        "F11",
        "R01",
        "R02",
        "T01",
        "C01",
    ]
    assert {profile.name for profile in configuration.profiles} == {
        "ult-80",
        "ln2-vapour",
        "frozen-20",
        "fridge-2-8",
        "lyo-crt",
    }
    assert configuration.people == ()
    for profile in configuration.profiles:
        assert "example: replace with your product's data" in profile.title
    others = [text for text in configuration.warnings if "title says that this is an example" not in text]
    assert others == ["people.toml: there is no [[person]]: nobody is told"]


def test_what_the_starter_has_commented_out_loads_too(tmp_path: Path) -> None:
    write_starter(tmp_path / "new")
    people = tmp_path / "new" / "people.toml"
    tables = [part for part in people.read_text("utf-8").split("\n\n") if part.startswith("# [[")]
    people.write_text("\n".join(tables).replace("\n# ", "\n").removeprefix("# "), "utf-8")
    (tmp_path / "new" / "ben-push-url").write_text("ntfy://example/ben")
    profile = tmp_path / "new" / "profiles" / "ult-80.toml"
    before, alternative = profile.read_text("utf-8").split("# alternative", 1)
    profile.write_text(before + "alternative" + alternative.replace("\n# ", "\n"), "utf-8")
    environ = {
        "ANNA_PUSH_URL": "ntfy://example/topic",
        "LIMS_WEBHOOK_KEY": "k" * 32,
        "EXOSOME_MONITOR__MAIL__HOST": "mail.lab.example",
        "EXOSOME_MONITOR__MAIL__FROM": "monitor@lab.example",
    }
    configuration = load(tmp_path / "new", environ)
    assert (len(configuration.people), len(configuration.rotas), len(configuration.routes)) == (3, 1, 2)
    (ult,) = (one for one in configuration.profiles if one.name == "ult-80")
    assert ult.alternatives[0].storage_class == "frozen-20"


def test_the_starter_is_copied_into_a_new_or_an_empty_directory(tmp_path: Path) -> None:
    for target in (tmp_path / "a" / "new", tmp_path / "empty"):
        if target.name == "empty":
            target.mkdir()
        write_starter(target)
        assert load(target, {}) == load(STARTER, {})
    copied = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert copied == {path.relative_to(STARTER).as_posix() for path in STARTER.rglob("*.toml")}


def test_the_starter_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(FileExistsError, match="not an empty directory"):
        write_starter(tmp_path)
    with pytest.raises(FileExistsError, match="not an empty directory"):
        write_starter(tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_starter_is_found() -> None:
    assert starter_source().joinpath("monitor.toml").is_file()
