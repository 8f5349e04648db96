"""A message as a mail: headers that mail programs act on, text, and the same text as a page."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.telling.policy import Recipient
from monitor.core.telling.told import MessageKind, message_id
from monitor.ports import JSON, Notification
from monitor.telling.finish import with_link
from monitor.telling.media.letter import letter
from monitor.telling.media.page import html_of
from monitor.words.message import Context, message

NOW = 1_795_000_000_000
LINK = "https://monitor.lab.example/a/t0ken-of-anna"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
ALARM: JSON = {
    "id": "a7",
    "condition": "temperature_high",
    "subject": "lab1/F02/product",
    "level": "critical",
    "raised_at": "2026-11-22T02:22:00.000Z",
    "act_by": "2026-11-22T04:40:00.000Z",
    "evidence": {
        "celsius": -48.2,
        "limit_celsius": -60.0,
        "started_at": "2026-11-22T02:12:00.000Z",
        "lots": ["L-7", "L-8"],
        "unit_title": "Ultra-low −80 °C, Zürich",
    },
}
CONTEXT = Context({"lab1": ZoneInfo("Europe/Zurich")}, "https://monitor.lab.example")
ANNA = Recipient("anna", "mail", "anna@lab.example")
WITHIN = {
    "sender": "Exosome <monitor@lab.example>",
    "to": "anna@lab.example",
    "installation": "1nst",
    "now": NOW,
}


def note(kind: MessageKind = "opened", **changes: object) -> Notification:
    subject, body = message(kind, ALARM, CONTEXT, others=["Ben"])
    found = Notification(
        message_id("a7", kind, ANNA), *ANNA, subject, body, about="a7", kind=kind, alarm=ALARM
    )
    return found._replace(**changes)


def sent(notification: Notification, **changes: object) -> EmailMessage:
    """The letter as it arrives: as bytes, read again."""
    mail = letter(notification, **{**WITHIN, **changes})  # type: ignore[arg-type]
    found = email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


# --- headers ---


def test_a_message_has_one_id_for_ever_and_another_installation_has_another() -> None:
    first, again = sent(note()), sent(note(), now=NOW + 3_600_000)
    assert first["Message-ID"] == again["Message-ID"]
    assert re.fullmatch(r"<[0-9a-f]{32}@lab\.example>", first["Message-ID"])
    assert sent(note(), installation="other")["Message-ID"] != first["Message-ID"]
    assert sent(note(id="a7:opened:ben"))["Message-ID"] != first["Message-ID"]
    assert first["Date"] != again["Date"]


@pytest.mark.parametrize("kind", ["again", "reminder", "taken", "closed"])
def test_what_follows_an_alarm_is_in_the_thread_of_its_first_message(kind: MessageKind) -> None:
    first, later = sent(note()), sent(note(kind))
    assert first["In-Reply-To"] is None
    assert later["In-Reply-To"] == later["References"] == first["Message-ID"]
    assert later["Message-ID"] != first["Message-ID"]


def test_a_machine_says_that_it_is_one_and_critical_alarms_are_marked() -> None:
    mail = sent(note())
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (mail["X-Priority"], mail["Importance"]) == ("1", "high")
    assert sent(note("closed"))["X-Priority"] is None
    assert sent(note(alarm={**ALARM, "level": "warning"}))["X-Priority"] is None
    assert sent(note(alarm=None))["X-Priority"] is None


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), max_size=60),
    st.sampled_from(["\r\n", "\n", "\r", "\x0b", "\u2028", "\x00"]),
)
def test_no_text_in_a_subject_a_name_or_an_id_forges_a_header(text: str, line_break: str) -> None:
    evil = f"{text}{line_break}Bcc: mallory@evil.example{line_break}{line_break}body"
    mail = sent(
        note(subject=evil, id=evil, recipient=evil, about=evil, kind="closed"),
        sender=f'"{re.sub(chr(34) + "|" + re.escape(chr(92)), "", evil)}" <monitor@lab.example>',
        installation=evil,
    )
    assert mail["Bcc"] is None
    assert mail["To"] == "anna@lab.example"
    assert sorted(set(mail.keys())) == sorted(
        [
            *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted"),
            *("X-Auto-Response-Suppress", "MIME-Version", "Content-Type"),
        ]
    )
    assert "\n" not in mail["Subject"]
    assert mail.get_content_type() == "multipart/alternative"


def test_a_subject_keeps_its_words_whatever_their_language() -> None:
    assert (
        sent(note(subject="[CRITICAL] Zürich: −48.2 °C 冷凍庫"))["Subject"]
        == "[CRITICAL] Zürich: −48.2 °C 冷凍庫"
    )


@pytest.mark.parametrize("to", ["anna", "anna@lab.example\r\nBcc: m@evil.example", "", "a b@lab.example"])
def test_an_address_that_no_mail_can_have_is_an_error(to: str) -> None:
    with pytest.raises(ValueError):
        letter(note(), **{**WITHIN, "to": to})  # type: ignore[arg-type]


def test_a_domain_beyond_ascii_is_written_as_the_dns_has_it() -> None:
    assert sent(note(), to="anna@zürich.example")["To"] == "anna@xn--zrich-kva.example"


# --- parts ---


def test_a_mail_is_text_or_the_same_as_html_with_its_picture_inside() -> None:
    mail = sent(note(picture=PNG, link=LINK, body=with_link(note().body, LINK)))
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == with_link(note().body, LINK)
    assert [part.get_content_type() for part in mail.walk()] == [
        *("multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png")
    ]
    image = list(mail.walk())[-1]
    assert image.get_payload(decode=True) == PNG
    assert image.get_content_disposition() == "inline"
    assert f"cid:{image['Content-ID'].strip('<>')}" in html.get_content()


def test_without_a_picture_there_is_no_image_in_it() -> None:
    mail = sent(note())
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    html = mail.get_body(("html",))
    assert html is not None
    assert "<img" not in html.get_content()


# --- the page ---


class Reader(HTMLParser):
    """What a page shows and links to, and that every element is closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("br", "img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and "title" not in self.open:
            self.words += data.split()


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def words_of(text: str) -> list[str]:
    """The words of a text, without the numbers and dashes of its lists, and the colons of its titles."""
    lines = (re.sub(r"^(?:\d+\. |- )", "", line.strip()) for line in text.splitlines())
    return " ".join(line.removesuffix(":") for line in lines).split()


@pytest.mark.parametrize("kind", ["opened", "again", "reminder", "taken", "closed"])
def test_a_page_says_the_words_of_its_text_in_their_order(kind: MessageKind) -> None:
    children = [{**ALARM, "id": f"c{n}", "subject": f"lab1/F0{n}/product"} for n in range(3)]
    body = message(kind, ALARM, CONTEXT, others=["Ben"], children=children)[1]
    assert read(html_of(body)).words == words_of(body)


def test_a_page_has_headings_lists_and_a_button_near_its_top() -> None:
    body = with_link(note().body, LINK)
    html = html_of(body, link=LINK, picture="cid:x")
    reader = read(html)
    tags = [tag for tag, _ in reader.found]
    assert tags.count("h1") == 1
    assert tags.index("h1") < tags.index("a") < tags.index("ol") < tags.index("img") < tags.index("ul")
    assert dict(reader.found[tags.index("a")][1])["href"] == LINK
    assert "What to do first" in html
    assert reader.found[0] == ("html", {"lang": "en"})
    assert reader.found[tags.index("img")][1]["alt"]


def test_opening_a_page_fetches_nothing() -> None:
    html = html_of(with_link(note().body, LINK), link=LINK, picture="cid:x")
    reader = read(html)
    assert not [tag for tag, _ in reader.found if tag in ("script", "link", "iframe", "object", "form")]
    assert [attrs["src"] for _, attrs in reader.found if "src" in attrs] == ["cid:x"]
    assert "url(" not in html
    assert "@import" not in html


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.sampled_from("ab1.:-< >&\"' \n/"), max_size=30), max_size=8), st.booleans())
def test_whatever_a_text_holds_its_page_is_well_formed_and_shows_it(
    blocks: list[str], with_a_link: bool
) -> None:
    body = "\n\n".join(["Headline", *blocks, '<script>alert("x")</script> & <b>'])
    html = html_of(body, link="https://x.example/a/t" if with_a_link else "", picture="cid:x")
    reader = read(html)
    assert not [tag for tag, _ in reader.found if tag in ("script", "b")]
    assert "<script>alert" not in html
    shown, said = sorted("".join(reader.words)), sorted("".join(body.split()))
    lost = [sign for sign in said if sign not in shown]
    assert not [sign for sign in lost if sign not in "1234567890.-:"]


# --- the link in the text ---


def test_the_link_stands_below_act_by_and_above_every_list() -> None:
    text = with_link(note().body, LINK)
    lines = text.splitlines()
    place = lines.index(f"Acknowledge: {LINK}")
    assert lines[2].startswith("Act by")
    assert place < lines.index("What to do first:")
    assert place <= 6
    added = f"Acknowledge: {LINK}\nYour own link, good for 72 h: it opens a page with a button.\n\n"
    assert text.replace(added, "") == note().body


def test_where_nobody_has_to_act_by_an_instant_the_link_stands_below_the_first_line() -> None:
    assert (
        with_link("Headline\n\nWhat to do first:\n1. Look.\n", LINK)
        .split("\n\n")[1]
        .startswith("Acknowledge: ")
    )
    assert with_link("Headline\n", LINK).splitlines()[:3] == ["Headline", "", f"Acknowledge: {LINK}"]
