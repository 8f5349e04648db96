"""Every service that Apprise speaks: here as JSON to a real HTTP server on loopback."""

from __future__ import annotations

import pytest

from monitor.ports import DeliveryError, Notification
from monitor.telling.media.apprise_medium import AppriseMedium
from tests.rigs.loopback import free_port
from tests.rigs.server.tellees import Hook, Reply, web_server

NOTE = Notification(
    "n1", "Anna", "apprise", "", "[CRITICAL] F02 too warm", "[CRITICAL] F02 too warm\n\n−48.2 °C\n"
)


def json_to(port: int) -> Notification:
    return NOTE._replace(address=f"json://127.0.0.1:{port}/hooks/t0ken-in-path")


def test_a_service_gets_the_message_as_json() -> None:
    with web_server(Hook()) as hook:
        AppriseMedium().deliver(json_to(hook.port))
    [post] = hook.posted
    assert post.path == "/hooks/t0ken-in-path"
    assert post.json["title"] == NOTE.subject
    assert post.json["message"].rstrip() == NOTE.body.rstrip()


def test_an_address_kept_as_a_reference_is_revealed_only_to_deliver() -> None:
    with web_server(Hook()) as hook:
        stored = {"env:HOOK": f"json://127.0.0.1:{hook.port}/hooks/t0ken"}
        AppriseMedium(reveal=lambda address: stored[address]).deliver(NOTE._replace(address="env:HOOK"))
    assert hook.posted[0].path == "/hooks/t0ken"


@pytest.mark.parametrize(
    "error", [KeyError("HOOK"), FileNotFoundError(2, "No such file"), ValueError("empty")]
)
def test_a_reference_that_cannot_be_read_is_a_failed_delivery(error: Exception) -> None:
    def missing(_address: str) -> str:
        raise error

    with pytest.raises(DeliveryError, match=f"env:HOOK cannot be read.*{type(error).__name__}"):
        AppriseMedium(reveal=missing).deliver(NOTE._replace(address="env:HOOK"))


@pytest.mark.parametrize(("status", "permanent"), [(404, True), (503, False), (429, False)])
def test_a_service_that_refuses_is_told_by_its_status(status: int, permanent: bool) -> None:
    with web_server(Hook(Reply(status))) as hook, pytest.raises(DeliveryError, match=str(status)) as raised:
        AppriseMedium().deliver(json_to(hook.port))
    assert raised.value.permanent is permanent


def test_a_service_that_cannot_be_reached_is_told_without_the_token_in_its_address() -> None:
    with pytest.raises(DeliveryError, match="refused") as raised:
        AppriseMedium().deliver(json_to(free_port()))
    assert "t0ken" not in str(raised.value)
    assert "message by json" in str(raised.value)
