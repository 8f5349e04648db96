"""Where secrets come from: variables, and files of their own; never the files that people pass around."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from monitor.config.file.problem import Key, Review, key_text
from monitor.config.secret.secret import SHOWN, Secret, holds_a_secret, names_a_secret

MQTT_PASSWORD = "EXOSOME_MONITOR_MQTT_PASSWORD"  # noqa: S105  a variable's name
MAIL_PASSWORD = "EXOSOME_MONITOR_MAIL_PASSWORD"  # noqa: S105
INFLUX_TOKEN = "INFLUXDB_TOKEN"  # noqa: S105

_PLACES = {
    "mqtt.password": f"the password in the variable {MQTT_PASSWORD}, or in the file of mqtt.password_file",
    "mail.password": f"the password in the variable {MAIL_PASSWORD}, or in the file of mail.password_file",
    "influx.token": f"the token in the variable {INFLUX_TOKEN}, or in the file of influx.token_file",
    "store.url": "no password here: give the whole URL in the variable EXOSOME_MONITOR__STORE__URL",
}
_ADDRESS = "no password here: write env:NAME, or file:PATH, and keep the whole address there"
_ELSEWHERE = "no secret here: it belongs into the environment, or into a file of its own"


def take_out_secrets(document: dict[str, Any], file: str, review: Review) -> None:
    """Refuses every secret that is written into a file, says where it belongs, and takes its key out."""
    for location, value in list(leaves(document, ())):
        named = names_a_secret(str(location[-1]))
        if named or (isinstance(value, str) and holds_a_secret(value) and SHOWN not in value):
            key = key_text(document, location)
            place = _PLACES.get(key) or (_ADDRESS if "addresses" in location else _ELSEWHERE)
            review.refuse(file, key, value, place)
        if named:
            node: Any = document
            for part in location[:-1]:
                node = node[part]
            del node[location[-1]]


def refuse_placeholders(document: dict[str, Any], file: str, review: Review) -> None:
    """Refuses ``<secret>``: an effective configuration printed it in the place of a value."""
    for location, value in leaves(document, ()):
        if isinstance(value, str) and SHOWN in value:
            review.refuse(
                file, key_text(document, location), value, "the secret itself, from the environment or a file"
            )


def leaves(node: Any, location: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every value of a document that is neither table nor list, with its place."""
    if isinstance(node, dict | list):
        for part, inner in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(inner, (*location, part))
    elif location:
        yield location, node


def secret_of(
    variable: str, path: Path | None, key: str, environ: Mapping[str, str], review: Review
) -> Secret | None:
    """The secret of a variable, else of the file at ``path``, else None; ``key`` is the file's key."""
    if environ.get(variable):
        return Secret(environ[variable])
    return None if path is None else secret_file(path, "monitor.toml", key, review)


def secret_file(path: Path, file: str, key: str, review: Review) -> Secret | None:
    """The secret that a file holds, without white space around it; a file that can't be used is refused."""
    try:
        text = path.read_text("utf-8").strip()
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        review.refuse(file, key, str(path), f"a file that can be read ({reason})")
        return None
    if not text:
        review.refuse(file, key, str(path), "a file that holds the secret (it is empty)")
        return None
    if mode & stat.S_IROTH:
        review.warn(file, f"{key}: every user of this machine can read {path}; chmod 600 it")
    return Secret(text)


def referred(
    source: str, file: str, key: str, directory: Path, environ: Mapping[str, str], review: Review
) -> Secret | None:
    """What ``env:NAME`` or ``file:PATH`` leads to, else ``source`` itself; None, and a mistake, if it leads nowhere."""
    if source.startswith("env:"):
        text = environ.get(source.removeprefix("env:"), "").strip()
        if not text:
            review.refuse(file, key, source, "a variable that is set in the environment")
            return None
        return Secret(text)
    if source.startswith("file:"):
        return secret_file(directory.absolute() / source.removeprefix("file:"), file, key, review)
    return Secret(source)
