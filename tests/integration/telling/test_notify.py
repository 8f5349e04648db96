"""``notify test``: one message to every address there is, by real servers, and what became of each."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli.program import program
from monitor.config.starter import write_starter
from monitor.telling.media import registry
from monitor.telling.media.pagerduty import PagerDutyMedium
from tests.rigs.server.tellees import Hook, Mailbox, Reply, smtp_server, web_server

PEOPLE = """
[[person]]
name = "anna"
addresses = ["anna@lab.example", "env:PAGER", "env:PUSH"]

[[person]]
name = "lims"
addresses = ["env:HOOK", "webhook:http://127.0.0.1:1/nobody"]
webhook_key = "env:HOOK_KEY"
"""


def test_a_test_message_goes_out_by_every_medium_and_says_how_each_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_starter(tmp_path / "config")
    (tmp_path / "config" / "people.toml").write_text(PEOPLE, "utf-8")
    mailbox = Mailbox()
    with (
        smtp_server(mailbox) as port,
        web_server(Hook()) as hook,
        web_server(Hook()) as push,
        web_server(Hook(Reply(202))) as pager,
    ):
        monkeypatch.setattr(registry, "PagerDutyMedium", partial(PagerDutyMedium, endpoint=pager.url))
        environ = {
            "EXOSOME_MONITOR__MAIL__HOST": "127.0.0.1",
            "EXOSOME_MONITOR__MAIL__PORT": str(port),
            "EXOSOME_MONITOR__MAIL__FROM": "monitor@lab.example",
            "PAGER": "pagerduty:R0123456789abcdefghijklmnopqrstu",
            "PUSH": f"json://127.0.0.1:{push.port}/",
            "HOOK": f"webhook:{hook.url}/",
            "HOOK_KEY": "k" * 32,
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        answer = CliRunner().invoke(
            program, ["notify", "test", "--json", "--config", str(tmp_path / "config")]
        )
    assert answer.exit_code == 1, answer.output
    found = [(one["recipient"], one["medium"], one["ok"]) for one in json.loads(answer.stdout)]
    assert found == [
        ("anna", "mail", True),
        ("anna", "pagerduty", True),
        ("anna", "apprise", True),
        ("lims", "webhook", True),
        ("lims", "webhook", False),
        ("console", "console", True),
    ]
    [(_, mail)] = mailbox.received
    assert mail["Subject"] == "exosome-monitor: test message"
    assert push.posted[0].json["title"] == "exosome-monitor: test message"
    assert hook.posted[0].json["kind"] == "test"
    assert pager.posted[0].json["event_action"] == "trigger"
    assert pager.posted[0].json["payload"]["severity"] == "info"
