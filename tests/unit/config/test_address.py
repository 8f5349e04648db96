"""Addresses of people: which medium each is for, what is refused before anybody relies on it, and what is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli.program import program
from monitor.config import Configuration, ConfigurationError, load
from monitor.config.media import ADDRESS_KINDS
from monitor.config.starter import write_starter
from monitor.program import app
from monitor.program.assembly import policy_of
from monitor.program.clock import SystemClock
from monitor.telling.media.registry import WAYS, media_of

ROUTING_KEY = "R0123456789abcdefghijklmnopqrstu"
MAIL = {"EXOSOME_MONITOR__MAIL__HOST": "127.0.0.1", "EXOSOME_MONITOR__MAIL__FROM": "monitor@lab.example"}


def with_addresses(directory: Path, *addresses: str, more: str = "") -> Path:
    if not directory.exists():
        write_starter(directory)
    person = f'[[person]]\nname = "anna"\naddresses = {json.dumps(addresses)}\n{more}\n'
    (directory / "people.toml").write_text(person, "utf-8")
    return directory


def loaded(directory: Path, *addresses: str, more: str = "", **environ: str) -> Configuration:
    return load(with_addresses(directory, *addresses, more=more), {**MAIL, **environ})


@pytest.mark.parametrize(
    ("address", "medium", "shown"),
    [
        ("anna@lab.example", "mail", "anna@lab.example"),
        (f"pagerduty:{ROUTING_KEY}", "pagerduty", "pagerduty:<secret>"),
        (f"pagerduty://token@{ROUTING_KEY}", "apprise", "pagerduty://<secret>"),
        (
            "webhook:https://lims.lab.example/alarms?site=1",
            "webhook",
            "webhook:https://lims.lab.example/alarms?site=1",
        ),
        ("webhook:http://127.0.0.1:9000/", "webhook", "webhook:http://127.0.0.1:9000/"),
        ("webhook:http://[::1]/x", "webhook", "webhook:http://[::1]/x"),
        ("ntfy://alerts", "apprise", "ntfy://<secret>"),
    ],
)
def test_an_address_names_its_medium_and_shows_nothing_secret(
    tmp_path: Path, address: str, medium: str, shown: str
) -> None:
    configuration = loaded(tmp_path / "c", address, more='webhook_key = "env:KEY"', KEY="k" * 16)
    [found] = configuration.people[0].addresses
    assert (found.medium, found.shown) == (medium, shown)
    assert found.medium in media_of(configuration, SystemClock())
    assert next(one.medium for one in policy_of(configuration).recipients()) == medium
    assert ROUTING_KEY not in f"{configuration!r}{configuration.warnings}"


@pytest.mark.parametrize(
    "address",
    [
        *(
            "webhook:",
            "webhook:ftp://x.example/",
            "webhook:https://",
            "webhook:http://localhost.lab.example/",
            "console",
        ),
        *(
            "webhook:http://127.0.0.1.lab.example/",
            "webhook:https://x.example:port/",
            "webhook:https://x.example/a b",
        ),
        *(
            "webhook:http://10.0.0.1/",
            "pagerduty:",
            f"pagerduty:{ROUTING_KEY}0",
            "webhook:webhook:https://x.example/",
        ),
        *(
            "pagerduty:R0123456789abcdefghijklmnopqrst\n",
            "anna@lab.example,ben@lab.example",
            "mailto:anna@lab.example",
        ),
    ],
)
def test_an_address_that_reaches_nobody_for_sure_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"person\[anna\]\.addresses\[0\]"):
        loaded(tmp_path / "c", address, more='webhook_key = "env:KEY"', KEY="k" * 16)


def test_the_key_of_a_webhook_shows_nowhere_and_signs_what_goes_there(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret-of-the-hook\n")
    (tmp_path / "key").chmod(0o600)
    configuration = loaded(
        tmp_path / "c", "webhook:https://lims.lab.example/", more=f'webhook_key = "file:{tmp_path}/key"'
    )
    key = configuration.people[0].webhook_key
    assert key is not None
    assert key.reveal() == "s3cret-of-the-hook"
    assert "s3cret" not in f"{configuration!r}"


def test_a_key_without_a_webhook_is_doubted(tmp_path: Path) -> None:
    found = loaded(tmp_path / "c", "anna@lab.example", more='webhook_key = "env:KEY"', KEY="k" * 16)
    assert any("no address of this person is a webhook" in warning for warning in found.warnings)


def test_a_mistake_in_the_section_mail_is_not_told_as_missing_mail_too(tmp_path: Path) -> None:
    directory = with_addresses(tmp_path / "c", "anna@lab.example")
    with pytest.raises(ConfigurationError) as raised:
        load(directory, {"EXOSOME_MONITOR__MAIL__HOST": "h", "EXOSOME_MONITOR__MAIL__PORT": "many"})
    assert "addresses" not in str(raised.value)


@pytest.mark.parametrize(
    "address", ["nosuch://t0ken-1234/abc", "tgram://t0ken-1234/7", "discord://t0ken-1234"]
)
def test_check_refuses_a_url_that_apprise_does_not_understand_without_showing_it(
    tmp_path: Path, address: str
) -> None:
    directory = with_addresses(tmp_path / "c", "ntfy://alerts", address)
    with pytest.raises(ConfigurationError) as raised:
        app.load(directory)
    assert "people.toml: person[anna].addresses[1]: found " in str(raised.value)
    assert "a URL that Apprise understands" in str(raised.value)
    assert "t0ken" not in str(raised.value)
    answer = CliRunner().invoke(program, ["check", "--config", str(directory)])
    assert answer.exit_code == 2
    assert "t0ken" not in answer.output


def test_check_refuses_a_mail_address_while_no_mail_is_sent(tmp_path: Path) -> None:
    directory = with_addresses(tmp_path / "c", "anna@lab.example")
    answer = CliRunner().invoke(program, ["check", "--config", str(directory)])
    assert answer.exit_code == 2
    said = " ".join(answer.output.split())
    assert 'people.toml: person[anna].addresses[0]: found "anna@lab.example"' in said
    assert "[mail] host in monitor.toml" in said


def test_the_starter_still_passes_check(tmp_path: Path) -> None:
    write_starter(tmp_path / "c")
    assert CliRunner().invoke(program, ["check", "--config", str(tmp_path / "c")]).exit_code == 0


def test_every_address_kind_has_its_medium_and_only_the_console_needs_no_address() -> None:
    assert set(WAYS) == {*ADDRESS_KINDS, "console"}
