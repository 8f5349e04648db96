"""Links that acknowledge: nothing but what was signed is accepted, and nothing after its end."""

from __future__ import annotations

import os
import re
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.telling.link import Claim, LinkError, claim, ticket
from monitor.telling.link_key import LinkKeyError, installation_id, link_key

KEY, OTHER_KEY = b"k" * 32, b"K" * 32
END = 1_795_000_000_000
TOKEN = ticket(KEY, alarm="al-1f3", recipient="anna", expires_at=END)

names = st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable())
instants = st.integers(0, 4_000_000_000).map(lambda seconds: seconds * 1_000)


@given(names, names, instants)
def test_a_link_says_what_it_was_made_for_up_to_its_last_millisecond(alarm: str, name: str, end: int) -> None:
    token = ticket(KEY, alarm=alarm, recipient=name, expires_at=end)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)
    assert claim(KEY, token, now=end - 1) == Claim(alarm, name, end)
    for late in (end, end + 1, end + 10**9):
        with pytest.raises(LinkError, match="was good until"):
            claim(KEY, token, now=late)


def test_an_alarm_and_a_person_of_usual_length_make_a_link_that_fits_on_one_line() -> None:
    assert len(ticket(KEY, alarm="al-" + "0" * 12, recipient="anna", expires_at=END)) <= 60


@settings(max_examples=300)
@given(st.data())
def test_no_changed_sign_is_accepted(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(TOKEN) - 1))
    sign = data.draw(st.characters(codec="utf-8").filter(lambda one: one != TOKEN[place]))
    with pytest.raises(LinkError, match="not one of ours"):
        claim(KEY, TOKEN[:place] + sign + TOKEN[place + 1 :], now=0)


def test_no_base64_sign_in_any_place_is_accepted_for_another() -> None:
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ \n"
    for place, right in enumerate(TOKEN):
        for sign in signs:
            if sign != right:
                with pytest.raises(LinkError):
                    claim(KEY, TOKEN[:place] + sign + TOKEN[place + 1 :], now=0)


@given(st.one_of(st.text(), st.binary(max_size=200).map(lambda b: b.hex()), st.just("A" * 100_000)))
def test_whatever_is_not_ours_is_refused_with_a_sentence(token: str) -> None:
    with pytest.raises(LinkError, match=r"^This link .*\.$"):
        claim(KEY, token, now=0)


@pytest.mark.parametrize("cut", range(len(TOKEN)))
def test_a_link_that_was_cut_off_is_refused(cut: int) -> None:
    for token in (TOKEN[:cut], TOKEN[cut + 1 :], TOKEN + TOKEN[:cut] if cut else TOKEN + "="):
        with pytest.raises(LinkError):
            claim(KEY, token, now=0)


@given(names, names, names, names)
def test_two_links_are_the_same_only_for_the_same_alarm_and_person(a: str, b: str, c: str, d: str) -> None:
    first = ticket(KEY, alarm=a, recipient=b, expires_at=END)
    assert (first == ticket(KEY, alarm=c, recipient=d, expires_at=END)) == ((a, b) == (c, d))


def test_another_installations_key_opens_nothing() -> None:
    with pytest.raises(LinkError, match="not one of ours"):
        claim(OTHER_KEY, TOKEN, now=0)


@pytest.mark.parametrize(
    ("alarm", "recipient", "end", "key"),
    [
        ("", "anna", END, KEY),
        ("a", "", END, KEY),
        ("a" * 256, "b", END, KEY),
        ("a", "b", -1, KEY),
        ("a", "b", END, b""),
    ],
)
def test_a_link_for_nothing_is_not_made(alarm: str, recipient: str, end: int, key: bytes) -> None:
    with pytest.raises(ValueError):
        ticket(key, alarm=alarm, recipient=recipient, expires_at=end)


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "monitor.db.link-key"
    key = link_key(path)
    assert len(key) == 32
    assert link_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == [path.name]
    assert link_key(tmp_path / "other") != key


def test_programs_that_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    found: list[bytes] = []
    together = threading.Barrier(8)

    def start() -> None:
        together.wait()
        found.append(link_key(tmp_path / "key"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("content", ["", "ab", "zz" * 32, "00" * 31])
def test_a_key_file_that_holds_something_else_is_told_with_its_remedy(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    with pytest.raises(ValueError, match="or delete it"):
        link_key(tmp_path / "key")


def test_a_key_that_cannot_be_read_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "key"):
        with pytest.raises(LinkKeyError, match=re.escape(str(path))):
            link_key(path)


def test_the_name_of_an_installation_tells_nothing_of_its_key() -> None:
    assert installation_id(KEY) == installation_id(KEY) != installation_id(OTHER_KEY)
    assert installation_id(KEY) not in KEY.hex()
