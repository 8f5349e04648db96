"""By which names this server may be called by whoever wants to change something on its pages.

A page elsewhere can have its own name lead to this machine after it was loaded (DNS rebinding); a browser then takes
our pages for that site's, and lets it read them and send their forms. The request still says by which name it came. An
IP address can't be made to lead elsewhere, and a name that is configured isn't another site's.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request

from monitor.ports import JSON
from monitor.web.refusal import ApiError
from monitor.web.wiring import Wiring


def is_own(host: str, *, bound: str, external_url: str) -> bool:
    """Whether ``host``, a request's Host with or without a port, names this server: a loopback name or address, the
    host of ``external_url``, or ``bound``, what it listens on; and any IP address, unless that is loopback.

    >>> is_own("evil.example:8080", bound="0.0.0.0", external_url="https://monitor.lab.example")
    False
    """
    name = _name(host)
    if not name:
        return False
    return (
        _is_loopback(name)
        or name in (_name(urlsplit(external_url).netloc), bound.lower())
        or (_is_address(name) and not _is_loopback(bound))
    )


def refuse_strange_host(wired: Wiring, request: Request) -> None:
    """Raises 421 for a request that calls this server by a name that isn't known to be its own."""
    if _is_called_by_own_name(wired, request):
        return
    text = f"This server isn't known as {_said(request)!r}, so it takes no form that was sent there."
    remedy = "Open its pages by its own address, or set [web] external_url to how browsers name this server."
    raise ApiError(421, "strange_host", text, remedy)


def forms_of(wired: Wiring, request: Request) -> JSON:
    """What a page's template needs for its forms: ``csrf``, None where there are to be no forms, and ``strange_host``,
    the name that is the reason for it, or None."""
    if not wired.page_actions:
        return {"csrf": None, "strange_host": None}
    if not _is_called_by_own_name(wired, request):
        return {"csrf": None, "strange_host": _said(request)}
    return {"csrf": wired.csrf_token, "strange_host": None}


def _is_called_by_own_name(wired: Wiring, request: Request) -> bool:
    return is_own(request.headers.get("host", ""), bound=wired.host, external_url=wired.external_url)


def _said(request: Request) -> str:
    return request.headers.get("host", "")[:100]


def _name(authority: str) -> str:
    """The host of ``host``, ``host:port`` or ``[address]:port``, in lower case; empty if there is none."""
    if set(authority) & set("@/?#\\ \t"):
        return ""
    try:
        parts = urlsplit(f"//{authority}")
        _ = parts.port  # raises if it isn't a number
        return (parts.hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return name.lower() == "localhost" or (_is_address(name) and ip_address(name).is_loopback)
