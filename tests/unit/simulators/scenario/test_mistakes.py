"""Every mistake in a scenario file is told in words: in which file, where in it, and what was expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulators.scenario.file import ScenarioError, load, parse

HEAD = """
title = "A test"
start = 2026-11-18T10:00:00Z
length = "90m"
"""
UNIT = """
[[unit]]
name = "F01"
kind = "ult-upright"
"""

BASE = HEAD + UNIT


def happening(text: str, base: str = BASE) -> str:
    """A file with one happening."""
    return f"{base}\n[[happening]]\n{text}\n"


MISTAKES = {
    "no TOML": ("title =", "Invalid value"),
    "no title": (BASE.replace("title", "# title"), "it needs 'title'"),
    "no unit": (HEAD, "it needs 'unit'"),
    "an empty list of units": (HEAD + "unit = []\n", "unit: there is none"),
    "an unknown key": (
        "lenght = 1\n" + BASE,
        "there is no key 'lenght' (did you mean length?); there are title, ",
    ),
    "an unknown key of a unit": (
        BASE + "colour = 1\n",
        "unit F01: there is no key 'colour'; there are name, kind",
    ),
    "an unknown key of a probe": (
        BASE + 'probe = [{ name = "p", liek = "bare" }]\n',
        "unit F01, probe p: there is no key 'liek' (did you mean like?)",
    ),
    "a probe like nothing": (
        BASE + 'probe = [{ name = "p", like = "bear" }]\n',
        "unit F01, probe p, like: 'bear' is none of buffered, bare",
    ),
    "a number for a table": (
        BASE + "[[room]]\nname = 5\n",
        "room 1, name: found 5; expected `str`, got `int`",
    ),
    "tables that are none": (
        BASE + 'probe = "product"\n',
        "unit F01, probe: found 'product'; expected tables",
    ),
    "a table that is none": (BASE + 'probe = ["p"]\n', "unit F01, probe 1: found 'p'; expected a table"),
    "an unknown kind of unit": (
        BASE.replace("ult-upright", "ult-uprihgt"),
        "unit F01: there is no kind 'ult-uprihgt' (did you mean ult-upright?); there are ult-upright, ult-chest",
    ),
    "a start without an offset": (BASE.replace("00Z", "00"), "start has no offset from UTC: add Z"),
    "a start that is a day": (
        BASE.replace("T10:00:00Z", ""),
        "start: found datetime.date(2026, 11, 18); expected",
    ),
    "a bad length": (
        BASE.replace("90m", "1.5h"),
        "length: '1.5h' is no duration: write 90s, 15m, 2h30m or 14d",
    ),
    "no length": (BASE.replace("90m", "0s"), "length 0s is not above 0"),
    "no step": ('step = "0s"\n' + BASE, "step 0s is not above 0"),
    "never read": ('read_every = "0s"\n' + BASE, "read_every 0s is not above 0"),
    "no speed": ("speed = 0\n" + BASE, "speed 0 is not above 0"),
    "a bad site": (
        'site = "my lab"\n' + BASE,
        "'my lab' is not a name (A-Z a-z 0-9 . _ -, 1 to 64 characters)",
    ),
    "units of one name": (BASE + UNIT, "two units have one name"),
    "probes of one name": (
        BASE + 'probe = [{ name = "p" }, { name = "p" }]\n',
        "unit F01: two probes have one name",
    ),
    "a unit without probes": (BASE + "probe = []\n", "unit F01 has no probe"),
    "more than full": (BASE + "filled = 1.5\n", "unit F01: filled 1.5 is not between 0 and 1"),
    "fewer than no doors": (BASE + "doors = -1\n", "unit F01: doors -1 is below 0"),
    "an unknown backup": (
        BASE + 'backup = "gas"\n',
        "backup: 'gas' is none of carbon_dioxide, liquid_nitrogen",
    ),
    "a model's unknown field": (
        BASE + "model = { setpiont = -70 }\n",
        "unit F01: there is no field 'setpiont' (did you mean setpoint?); there are setpoint, swing",
    ),
    "a model's word for a number": (
        BASE + 'model = { setpoint = "cold" }\n',
        "unit F01, setpoint: found 'cold'; expected `float`, got `str`",
    ),
    "a model's number for a duration": (
        BASE + "model = { warm_up_for = 30 }\n",
        "unit F01, warm_up_for: 30 is no duration: write 90s",
    ),
    "a model that can't be": (BASE + "model = { swing = 0.0 }\n", "unit F01: swing 0.0 is not above 0"),
    "half a part of a model": (
        BASE + 'model = { defrost = { every = "8h" } }\n',
        "defrost: it needs 'lasts_for'",
    ),
    "a probe's model": (
        BASE + 'probe = [{ name = "p", model = { lag_for = "0s" } }]\n',
        "probe F01/p: lag_for 0",
    ),
    "a room's model": (
        BASE + '[[room]]\nname = "room"\nmodel = { swing = -1 }\n',
        "room room: swing -1.0 is not a number from 0 on",
    ),
    "a room that nobody is in": (
        BASE + '[[room]]\nname = "hall"\n',
        "no unit in room 'hall'; they are in room",
    ),
    "a gateway of no unit": (
        BASE + '[[gateway]]\nname = "g"\nunits = ["F9"]\n',
        "gateway g names 'F9', which is no unit",
    ),
    "a gateway of no probe": (
        BASE + '[[gateway]]\nname = "g"\nprobes = ["F01/air"]\n',
        "gateway g names 'F01/air', which is no probe",
    ),
    "a gateway of nothing": (BASE + '[[gateway]]\nname = "g"\n', "gateway g has no probes"),
    "an unknown action": (
        BASE + '[[action]]\nat = "1m"\ndo = "restart"\n',
        "action 1, do: 'restart' is none of restart_monitor, stop_broker",
    ),
    "an action before the start": (
        BASE + '[[action]]\nat = "-1m"\ndo = "stop_broker"\n',
        "action 1, at: -1m lies before",
    ),
    "a profile without a name": (BASE + '[[profile]]\ntitle = "x"\n', "profile 1: it needs the 'name'"),
    "a profile elsewhere": (BASE + '[[profile]]\nname = "../x"\n', "profile 1: it needs the 'name'"),
    "a lot in no unit": (BASE + '[[lot]]\nlot = "E1"\nunit = "F9"\n', "lot E1 is in 'F9', which is no unit"),
    "a lot twice": (BASE + '[[lot]]\nlot = "E1"\nunit = "F01"\n' * 2, "lot E1 is there twice"),
    "a lot's bad name": (BASE + '[[lot]]\nlot = "E/1"\nunit = "F01"\n', "lot E/1: topic"),
    "a lot's expiry": (
        BASE + '[[lot]]\nlot = "E1"\nunit = "F01"\nexpires_in = "soon"\n',
        "lot E1, expires_in: 'soon' is no duration",
    ),
    "a lot event's kind": (
        BASE + '[[lot_event]]\nat = "1m"\nlot = "E1"\nkind = "eaten"\n',
        "no kind 'eaten'; there are",
    ),
    "a lot event's key": (
        BASE + '[[lot_event]]\nat = "1m"\nlot = "E1"\nkind = "moved"\nplace = "F01"\n',
        "lot_event 1: there is no key 'place'",
    ),
    "a lot event's lack": (
        BASE + '[[lot_event]]\nat = "1m"\nlot = "E1"\nkind = "aliquoted"\n',
        "lot_event 1: ",
    ),
    "a lot event's instant": (
        BASE + '[[lot_event]]\nat = 5\nlot = "E1"\nkind = "moved"\n',
        "lot_event 1, at: 5 is no duration",
    ),
}
HAPPENINGS = {
    "no instant": ('kind = "door_opened"\nunit = "F01"', "it needs 'at'"),
    "no kind": ('at = "1m"\nunit = "F01"', "it needs 'kind'"),
    "an unknown kind": (
        'at = "1m"\nkind = "door_open"\nunit = "F01"',
        "there is no kind 'door_open' (did you mean door_opened?); there are door_opened, door_closed",
    ),
    "no target": ('at = "1m"\nkind = "door_opened"', "door_opened needs a 'unit'"),
    "the wrong target": ('at = "1m"\nkind = "probe_silent"\nunit = "F01"', "probe_silent needs a 'probe'"),
    "an unknown unit": ('at = "1m"\nkind = "door_opened"\nunit = "F9"', "happens to 'F9', which is no unit"),
    "an unknown probe": (
        'at = "1m"\nkind = "probe_silent"\nprobe = "F01/air"',
        "'F01/air', which is no probe",
    ),
    "none of a list": ('at = "1m"\nkind = "door_opened"\nunit = []', "unit names none"),
    "a number in a list": ('at = "1m"\nkind = "door_opened"\nunit = ["F01", 7]', "unit: 7 is no name"),
    "a bad instant": ('at = "noon"\nkind = "door_opened"\nunit = "F01"', "'noon' is no duration: write 90s"),
    "a number of minutes": ('at = 5\nkind = "door_opened"\nunit = "F01"', "5 is no duration: write 90s"),
    "before the history": (
        'at = "-25h"\nkind = "door_opened"\nunit = "F01"',
        "F01 happens before the beginning",
    ),
    "a bad length": ('at = "1m"\nfor = "long"\nkind = "door_opened"\nunit = "F01"', "'long' is no duration"),
    "no end": ('at = "1m"\nfor = "1m"\nkind = "door_closed"\nunit = "F01"', "nothing ends door_closed"),
    "a field it lacks": ('at = "1m"\nkind = "door_opened"\nunit = "F01"\nto = 3', "door_opened has no 'to'"),
    "a field unknown": (
        'at = "1m"\nkind = "door_opened"\nunit = "F01"\nwidth = 3',
        "door_opened has no 'width'",
    ),
    "a field missing": ('at = "1m"\nkind = "goods_loaded"\nunit = "F01"', "goods_loaded needs 'share'"),
    "a bad field": (
        'at = "1m"\nkind = "goods_loaded"\nunit = "F01"\nshare = "much"',
        "share 'much' is not a number between 0 and 1",
    ),
    "a field's bad duration": (
        'at = "1m"\nkind = "compressor_fading"\nunit = "F01"\nto = 0.5\nover = 10',
        "10 is no duration",
    ),
    "what can't happen": (
        'at = "1m"\nkind = "compressor_fading"\nunit = "F01"\nto = 5\nover = "1m"',
        "compressor_fading of F01: capacity 5 is not between 0 and 1",
    ),
    "times of no number": (
        'at = "1m"\nkind = "door_opened"\nunit = "F01"\nevery = "1h"\ntimes = "3"',
        "times '3' is not a whole number from 1 on",
    ),
    "never": ('at = "1m"\nkind = "door_opened"\nunit = "F01"\nevery = "1h"\ntimes = 0', "times 0 is not"),
    "thrice at once": (
        'at = "1m"\nkind = "door_opened"\nunit = "F01"\ntimes = 3',
        "'times' (above 1) and 'every'",
    ),
    "every, but once": (
        'at = "1m"\nkind = "door_opened"\nunit = "F01"\nevery = "1h"',
        "'times' (above 1) and 'every'",
    ),
    "every nothing": (
        'at = "1m"\nkind = "door_opened"\nunit = "F01"\nevery = "0s"\ntimes = 2',
        "every '0s' is not above 0",
    ),
}


@pytest.mark.parametrize(("text", "words"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_in_a_file_is_told_with_file_place_and_what_was_expected(
    text: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=re.escape(words)) as caught:
        load(path)
    assert str(caught.value).startswith(f"scenario {path}: ")


@pytest.mark.parametrize(("text", "words"), HAPPENINGS.values(), ids=list(HAPPENINGS))
def test_a_mistake_in_a_happening_is_told_with_its_number(text: str, words: str) -> None:
    good = 'at = "1m"\nkind = "door_opened"\nunit = "F01"'
    with pytest.raises(ScenarioError, match=re.escape(words)) as caught:
        parse(happening(text, happening(good)), "test")
    assert str(caught.value).startswith("scenario test: happening 2: ")


def test_a_scenario_that_isnt_there_or_cant_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"no scenario 'holiday'; those that ship are .*demo.*\.toml"):
        load("holiday")
    with pytest.raises(ScenarioError, match=r"none\.toml: it can't be read"):
        load(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe9t\xe9"')
    with pytest.raises(ScenarioError, match=r"latin\.toml: it can't be read"):
        load(tmp_path / "latin.toml")
