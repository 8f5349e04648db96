"""Loading a configuration: what it says, refuses (golden folders) and warns of, and where secrets go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from pathlib import Path

import pytest

from monitor.config import Configuration, ConfigurationError, Secret, load
from monitor.config.file.fields import NAME
from monitor.config.file.files import DEFAULT_ROOT
from monitor.config.secret.secret import redacted
from monitor.core.profile.profile import Band, MktRule, SideRule, ThawRule, Window
from monitor.core.telling.policy import QuietHours, Step
from monitor.core.time.instant import DAY, HOUR, MINUTE, SECOND
from monitor.wire import v1

GOLDEN = Path(__file__).parents[2] / "golden" / "config"
MISTAKES = sorted(path for path in GOLDEN.iterdir() if path.is_dir())

MONITOR = """
[site.lab1]
timezone = "Europe/Berlin"

[[unit]]
site = "lab1"
name = "F01"
profile = "ult-80"
probe = [
  { name = "product", max_gap = "20m", calibration_due = 2027-03-01, offset = 0.25, sensor = "pt100" },
]
"""
PROFILE = """
name = "ult-80"
version = 1
window = { low = -90, high = -60 }
deadband = 2
delay = { high = "10m" }
cumulative_delay = "1h"
band = [
  { name = "warm", above = -60, up_to = -20, limit = "24h" },
  { name = "thaw", above = -20, limit = "0s" },
  { name = "cold", up_to = -90 },
]
thaw = { above = -20, after = "10m", refrozen_below = -40, hidden_by_gap = "4h", limit = 1 }
"""
ALTERNATIVE = """
alternative = [
  { class = "freezer-20", shelf_life = "14d", window = { low = -25, high = -15 },
    band = [
      { name = "warm", above = -15, up_to = -5 },
      { name = "thaw", above = -5 },
      { name = "cold", up_to = -25 },
    ],
    thaw = { above = -5, after = "10m", refrozen_below = -10 } },   # over several lines, as TOML 1.1 lets it
]
"""

Write = Callable[..., Path]
NOTHING: Mapping[str, str] = {}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration: ``sections`` before monitor.toml's text, ``profile`` after the profile's."""

    def write(*, sections: str = "", profile: str = "", people: str = "") -> Path:
        (tmp_path / "profiles").mkdir(exist_ok=True)
        (tmp_path / "monitor.toml").write_text(sections + MONITOR, "utf-8")
        (tmp_path / "profiles" / "ult-80.toml").write_text(PROFILE + profile, "utf-8")
        (tmp_path / "people.toml").write_text(people, "utf-8")
        return tmp_path

    return write


def environ_of(folder: Path) -> dict[str, str]:
    file = folder / "environ.txt"
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return dict(line.split("=", 1) for line in lines)


def warned(configuration: Configuration, text: str) -> bool:
    return any(text in warning for warning in configuration.warnings)


@pytest.mark.parametrize("folder", MISTAKES, ids=lambda folder: folder.name)
def test_a_mistake_is_refused_with_its_file_key_value_and_what_was_expected(folder: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, environ_of(folder))
    text = str(caught.value).replace(str(folder), "DIRECTORY")
    assert text == (folder / "expected.txt").read_text("utf-8").rstrip("\n")
    assert "hunter2" not in text


def test_the_golden_folders_hold_every_kind_of_mistake() -> None:
    assert len(MISTAKES) >= 80


# --- what a configuration says ---


def test_an_empty_monitor_toml_is_all_defaults_and_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "monitor.toml").write_text("")
    configuration = load(tmp_path, NOTHING)
    assert configuration.store.url == "sqlite:///var/monitor.db"
    mqtt = configuration.mqtt
    assert (mqtt.host, mqtt.port, mqtt.root, mqtt.tls) == ("127.0.0.1", 1883, "exosome/v1", None)
    assert (mqtt.keepalive, mqtt.session_expiry, mqtt.protocol) == (MINUTE, 14 * DAY, "auto")
    assert (configuration.web.host, configuration.web.port) == ("127.0.0.1", 8080)
    assert configuration.web.base_url == "http://127.0.0.1:8080"
    alerting = configuration.alerting
    assert (alerting.console, str(alerting.digest_at)) == (True, "07:00")
    assert (alerting.retry_first, alerting.retry_max) == (30 * SECOND, 15 * MINUTE)
    assert configuration.units == ()
    assert warned(configuration, "nobody is told")
    assert warned(configuration, "no [[unit]]")


def test_a_unit_fills_in_what_it_leaves_out(write: Write) -> None:
    (unit,) = load(write(), NOTHING).units
    assert (unit.path, unit.title, unit.storage_class, unit.product_probe) == (
        "lab1/F01",
        "F01",
        "ult-80",
        "product",
    )
    (probe,) = unit.probes
    assert probe.silent_after == probe.settings.max_gap == 20 * MINUTE
    assert probe.calibration_due == date(2027, 3, 1)
    assert probe.settings.offset == 0.25
    assert (probe.settings.plausible_low, probe.settings.plausible_high) == (-210.0, 60.0)
    assert probe.alarms
    assert unit.probe("product") is probe
    assert unit.probe("air") is None


def test_a_profile_becomes_the_core_s_with_whole_numbers_as_floats(write: Write) -> None:
    (profile,) = load(write(), NOTHING).profiles
    assert profile.window == Window(-90.0, -60.0)
    assert isinstance(profile.window.low, float)
    assert profile.high == SideRule(10 * MINUTE, 0, None, HOUR)
    assert profile.low == SideRule(0, 0, None, HOUR)
    assert profile.bands[2] == Band("cold", None, -90.0, None)
    assert profile.effective_from == 0
    assert profile.title == "ult-80"
    assert profile.mkt is None


def test_an_alternative_takes_what_it_leaves_out_from_the_profile(write: Write) -> None:
    (profile,) = load(write(profile=ALTERNATIVE), NOTHING).profiles
    (one,) = profile.alternatives
    assert one.thaw == ThawRule(-5.0, 10 * MINUTE, -10.0, 4 * HOUR, 1)
    assert [band.limit for band in one.bands] == [24 * HOUR, 0, None]
    assert one.shelf_life == 14 * DAY


@pytest.mark.parametrize(("low", "window"), [(2.0, DAY), (15.0, 30 * DAY)])
def test_the_window_of_mkt_follows_the_class_of_storage(tmp_path: Path, low: float, window: int) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "monitor.toml").write_text("")
    (tmp_path / "profiles" / "p.toml").write_text(
        f'name = "p"\nversion = 1\nwindow = {{ low = {low} }}\nband = [{{ name = "cold", up_to = {low} }}]\n'
        "mkt = { limit = 8.0 }\n"
    )
    (profile,) = load(tmp_path, NOTHING).profiles
    assert profile.mkt == MktRule(window, 8.0, 10_000.0)


def test_all_versions_of_a_profile_are_kept_in_order(write: Write) -> None:
    directory = write()
    plain = directory / "profiles" / "ult-80.toml"
    (directory / "profiles" / "ult-80@1.toml").write_text(PROFILE)
    later = "version = 10\neffective_from = 2026-01-01T01:00:00+01:00"
    plain.write_text(PROFILE.replace("version = 1", later))
    profiles = load(directory, NOTHING).profiles
    assert [profile.label for profile in profiles] == ["ult-80@1", "ult-80@10"]
    assert profiles[1].effective_from == v1.parse_instant("2026-01-01T00:00:00Z")


def test_a_file_from_an_editor_that_writes_a_byte_order_mark_loads(write: Write) -> None:
    directory = write()
    path = directory / "monitor.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(directory, NOTHING).units[0].name == "F01"


def test_people_rotas_ladders_and_routes_are_read(write: Write) -> None:
    people = """
        [[person]]
        name = "anna"
        addresses = ["anna@lab.example", "env:ANNA"]
        quiet_hours = { from = "22:00", until = "06:00" }
        [[rota]]
        name = "on-call"
        timezone = "Europe/Berlin"
        people = ["anna"]
        first_week = 2026-01-05
        override = [{ person = "anna", from = 2026-12-24T08:00:00Z, until = 2026-12-25T08:00:00Z }]
        [[ladder]]
        name = "urgent"
        step = [{ tell = ["on-call", "anna"], wait = "10m" }]
        [[route]]
        ladder = "urgent"
        condition = "no_data"
    """
    mail = '[mail]\nhost = "mail.lab.example"\nfrom = "monitor@lab.example"\n'
    configuration = load(write(sections=mail, people=people), {"ANNA": "ntfy://example/topic"})
    (anna,) = configuration.people
    assert [(one.medium, one.value.reveal()) for one in anna.addresses] == [
        ("mail", "anna@lab.example"),
        ("apprise", "ntfy://example/topic"),
    ]
    assert anna.quiet_hours == QuietHours(time(22), time(6))
    assert configuration.rotas[0].overrides[0].until_at - configuration.rotas[0].overrides[0].start_at == DAY
    assert configuration.ladders[0].steps == (Step(("on-call", "anna"), 10 * MINUTE),)
    assert configuration.routes[0].condition == "no_data"
    assert not warned(configuration, "nobody is told")
    assert not warned(configuration, "not acted on")


def test_names_and_the_root_are_those_of_wire_format_v1() -> None:
    assert (NAME.pattern, NAME.flags) == (v1.NAME.pattern, v1.NAME.flags)
    assert DEFAULT_ROOT == v1.DEFAULT_ROOT


# --- the environment ---


def test_the_environment_overrides_any_key_in_its_own_type(write: Write) -> None:
    environ = {
        "EXOSOME_MONITOR__STORE__URL": "postgresql://u:pw@db/x",
        "EXOSOME_MONITOR__MQTT__PORT": "1999",
        "EXOSOME_MONITOR__MQTT__USERNAME": "12345",
        "EXOSOME_MONITOR__MQTT__TLS": "{ ca_file = 'ca.pem' }",
        "EXOSOME_MONITOR__ALERTING__CONSOLE": "false",
        "EXOSOME_MONITOR__ALERTING__RETRY_MAX": "1h",
        "EXOSOME_MONITOR__SITE__LAB1__TIMEZONE": "UTC",
        "EXOSOME_MONITOR__UNIT__F01__TITLE": "Freezer",
        "EXOSOME_MONITOR__UNIT__F01__PROBE__PRODUCT__CALIBRATION_DUE": "2028-01-02",
        "EXOSOME_MONITOR__UNIT__F01__PROBE__PRODUCT__OFFSET": "-0.5",
        "EXOSOME_MONITOR_CONFIG": "elsewhere",
    }
    directory = write()
    (directory / "ca.pem").write_text("certificate")
    configuration = load(directory, environ)
    assert configuration.store.url == "postgresql://u:pw@db/x"
    assert (configuration.mqtt.port, configuration.mqtt.username) == (1999, "12345")
    assert configuration.mqtt.tls is not None
    assert configuration.mqtt.tls.ca_file == directory / "ca.pem"
    assert (configuration.alerting.console, configuration.alerting.retry_max) == (False, HOUR)
    assert configuration.sites["lab1"].timezone == "UTC"
    (unit,) = configuration.units
    assert unit.title == "Freezer"
    assert unit.probes[0].calibration_due == date(2028, 1, 2)
    assert unit.probes[0].settings.offset == -0.5


def test_the_environment_reaches_names_that_a_variable_cannot_hold(write: Write) -> None:
    directory = write()
    path = directory / "monitor.toml"
    path.write_text(path.read_text().replace("F01", "f-01.a"))
    assert load(directory, {"EXOSOME_MONITOR__UNIT__F_01_A__TITLE": "x"}).units[0].title == "x"


# --- secrets ---


def test_a_secret_comes_from_its_variable_before_its_file(write: Write) -> None:
    sections = '[mqtt]\nusername = "monitor"\npassword_file = "pw"\n[influx]\ntoken_file = "token"\n'
    directory = write(sections=sections)
    (directory / "pw").write_text("from-file\n")
    (directory / "token").write_text("t0ken")
    plain = load(directory, NOTHING)
    assert (plain.mqtt.password, plain.influx.token) == (Secret("from-file"), Secret("t0ken"))
    overridden = load(
        directory, {"EXOSOME_MONITOR_MQTT_PASSWORD": "from-variable", "INFLUXDB_TOKEN": "other"}
    )
    assert (overridden.mqtt.password, overridden.influx.token) == (Secret("from-variable"), Secret("other"))


def test_no_secret_shows_when_a_configuration_is_printed(write: Write) -> None:
    environ = {
        "EXOSOME_MONITOR_MQTT_PASSWORD": "hunter2",
        "EXOSOME_MONITOR_MAIL_PASSWORD": "hunter2",
        "INFLUXDB_TOKEN": "hunter2",
        "EXOSOME_MONITOR__STORE__URL": "postgresql://monitor:hunter2@db/x",
        "EXOSOME_MONITOR__INFLUX__URL": "http://monitor:hunter2@db",
        "ANNA": "ntfy://hunter2/topic",
    }
    sections = '[mqtt]\nusername = "m"\n[mail]\nusername = "m"\n[influx]\norg = "o"\nbucket = "b"\n'
    people = '[[person]]\nname = "anna"\naddresses = ["env:ANNA", "tgram://hunter2/7"]\n'
    configuration = load(write(sections=sections, people=people), environ)
    assert configuration.mqtt.password is not None
    assert configuration.mqtt.password.reveal() == "hunter2"
    printed = f"{configuration!r} {configuration} {configuration.mqtt.password:>10} {configuration.warnings}"
    assert "hunter2" not in printed
    assert "<secret>" in printed
    assert configuration.store.shown_url == "postgresql://monitor:<secret>@db/x"
    assert warned(configuration, "tgram://<secret> may hold a token")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:p@h/d", "postgresql://u:<secret>@h/d"),
        ("postgresql://u:p@ss/w:rd@h/d", "postgresql://u:<secret>@h/d"),
        ("http://h/x?org=o&token=abc&y=1", "http://h/x?org=o&token=<secret>&y=1"),
        ("sqlite:///var/monitor.db", "sqlite:///var/monitor.db"),
        ("http://h:8086/a@b", "http://h:<secret>@b"),
    ],
)
def test_a_password_in_a_url_is_shown_as_a_secret(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_a_secret_file_that_everybody_can_read_is_warned_of(write: Write) -> None:
    directory = write(sections='[mqtt]\nusername = "monitor"\npassword_file = "pw"\n')
    (directory / "pw").write_text("x")
    (directory / "pw").chmod(0o600)
    assert not warned(load(directory, NOTHING), "every user of this machine")
    (directory / "pw").chmod(0o644)
    assert warned(load(directory, NOTHING), "every user of this machine")


# --- warnings ---


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            ('name = "product",', 'name = "product", alarms = false,'),
            "is the product's and has alarms = false",
        ),
        (("pt100", "pt10"), "did you mean pt100?"),
        (("pt100", "ds18b20"), "all readings in the window of ult-80 will be bad"),
    ],
)
def test_what_may_not_be_meant_in_a_unit_is_warned_of(
    write: Write, change: tuple[str, str], text: str
) -> None:
    directory = write()
    path = directory / "monitor.toml"
    assert not warned(load(directory, NOTHING), text)
    path.write_text(path.read_text().replace(*change))
    assert warned(load(directory, NOTHING), text)


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        ('title = "An Example"\n', "this is an example"),
        ('out_of_storage = { free = "2m" }\n', "charged to no band"),
        ("mkt = { limit = 8.0 }\n", "mkt is not computed"),
        (ALTERNATIVE, "alternative[freezer-20]: no unit is of this class"),
    ],
)
def test_what_may_not_be_meant_in_a_profile_is_warned_of(write: Write, profile: str, text: str) -> None:
    assert not warned(load(write(), NOTHING), text)
    assert warned(load(write(profile=profile), NOTHING), text)


def test_pages_that_other_machines_can_reach_are_warned_of(write: Write) -> None:
    assert warned(load(write(sections='[web]\nhost = "0.0.0.0"\n'), NOTHING), "from other machines")


def test_whoever_can_reach_the_pages_acts_on_them_unless_that_is_turned_off(write: Write) -> None:
    assert load(write(), NOTHING).web.page_actions is True
    off = load(write(sections='[web]\nhost = "0.0.0.0"\npage_actions = false\n'), NOTHING)
    assert off.web.page_actions is False
    assert not warned(off, "page_actions")
    assert warned(load(write(sections='[web]\nhost = "0.0.0.0"\n'), NOTHING), "page_actions")
