"""``[mail]``: port, encryption and sign-in, as the manual has them, and what a server would refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import Configuration, load

SITE = '[site.lab1]\ntimezone = "Europe/Berlin"\n'


def loaded(folder: Path, mail: str) -> Configuration:
    (folder / "monitor.toml").write_text(f'{SITE}[mail]\nfrom = "m@lan"\n{mail}\n', "utf-8")
    return load(folder, {})


@pytest.mark.parametrize(
    ("mail", "text"),
    [
        ('username = "u"', "there is no password: set EXOSOME_MONITOR_MAIL_PASSWORD, or mail.password_file"),
        ("port = 465", "mail.port is 465"),
        ('username = "u"\nport = 465\ntls = true', "there is no password"),
    ],
)
def test_what_a_mail_server_would_refuse_is_warned_of(tmp_path: Path, mail: str, text: str) -> None:
    without, found = (loaded(tmp_path, f'host = "mail.lan"\n{one}').warnings for one in ("", mail))
    assert [one for one in found if one not in without and text in one] != []
    assert len(found) == len(without) + 1


@pytest.mark.parametrize(
    ("mail", "port", "starttls", "tls"),
    [
        ('host = "mail.lan"', 587, True, False),
        ('host = "mail.lan"\ntls = true', 465, False, True),
        ('host = "mail.lan"\nstarttls = false', 25, False, False),
        ('host = "127.0.0.1"', 25, False, False),
        ('host = "localhost"\nstarttls = true', 587, True, False),
    ],
)
def test_a_mail_servers_port_and_encryption_are_those_of_the_manual(
    tmp_path: Path, mail: str, port: int, starttls: bool, tls: bool
) -> None:
    found = loaded(tmp_path, mail).mail
    assert (found.port, found.starttls, found.tls) == (port, starttls, tls)
