"""Where the lines go: a real InfluxDB 2, or a file for ``influx write``. Errors are of two kinds, with a
remedy each.

:class:`SinkUnavailable` is about the place (down, overloaded, misconfigured): the same lines are tried again.
:class:`SinkRefused` is about the lines: :func:`write_or_set_aside` finds the ones that are refused and goes
on.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from influxdb_client.client.flux_csv_parser import FluxCsvParserException, FluxQueryException
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException
from influxdb_client.service import write_service
from urllib3.exceptions import HTTPError

from monitor.core.time.instant import format_instant, from_datetime
from monitor.influx.lines import READINGS
from monitor.ports import Refusal

MAX_LINES = 5_000
"""The most lines in one request."""

_FLUX_ERRORS = (FluxQueryException, FluxCsvParserException)
_REASON_LENGTH = 400
_DROPPED = re.compile(r"\bdropped=(\d+)")
_REFUSING = frozenset({"invalid", "unprocessable entity"})
"""The codes in which InfluxDB itself says that it is the lines. A proxy's 400 says nothing about them."""


class SinkUnavailable(Exception):  # noqa: N818 - the state it names, not a mistake of the caller
    """Nothing is known to have been written; try again later. The text names the place and the remedy.

    ``retry_after``: the seconds that the place asked to be left alone, if it did.
    """

    def __init__(self, text: str, *, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class SinkRefused(Exception):  # noqa: N818
    """At least one of the lines will never be taken; the others may or may not have been written.

    ``dropped`` is how many the place says it left out, if it says so; never too many.
    """

    def __init__(self, reason: str, *, dropped: int = 0) -> None:
        super().__init__(reason)
        self.dropped = dropped


class Sink(Protocol):
    """A place for lines. Writing a line again is harmless there."""

    def write(self, lines: Sequence[str]) -> None:
        """Returns when the lines, at most :data:`MAX_LINES`, are durable; else raises one of the two."""

    def check(self) -> None:
        """Returns if lines could be written now, and writes none; else raises :class:`SinkUnavailable`."""

    def close(self) -> None:
        """Gives up connections. Nothing is buffered, so nothing can be lost here."""


class CountingSink(Sink, Protocol):
    """A sink that can be asked how many readings it has."""

    def counts_by_hour(self, channel: str, start: int, end: int) -> dict[int, int]:
        """Readings of a channel with ``start`` ≤ time < ``end`` per hour, keyed by the hour's first instant
        (UTC).

        ``start`` and ``end`` are whole hours; hours without readings are left out."""


def open_sink(
    url: str, org: str, bucket: str, token: str, *, timeout: float = 10.0
) -> InfluxSink | FileSink | None:
    """The sink that a configuration names: ``http(s)://…``, ``file:///path/to/lines.lp``, or None for "".

    Raises ValueError, in words for the person who configures, when it can't be meant.
    """
    if not url.strip():
        return None
    parts = urlsplit(url.strip())
    if parts.scheme == "file":
        return FileSink(Path(unquote(parts.path)))
    return InfluxSink(url, org, bucket, token, timeout)


def write_or_set_aside(sink: Sink, lines: Sequence[str]) -> list[Refusal]:
    """Writes every line that the sink will take and returns the others, each with the sink's reason.

    At most :data:`MAX_LINES` go in one request; a refused request is halved until the refused lines stand
    alone. :class:`SinkUnavailable` passes through: then all of it has to be written again.
    """
    refusals: list[Refusal] = []
    for first in range(0, len(lines), MAX_LINES):
        refusals += _halve(sink, lines[first : first + MAX_LINES])
    return refusals


def _halve(sink: Sink, lines: Sequence[str]) -> list[Refusal]:
    try:
        sink.write(lines)
    except SinkRefused as refused:
        if len(lines) == 1 or refused.dropped == len(lines):
            return [Refusal(line, str(refused)) for line in lines]
        middle = len(lines) // 2
        return _halve(sink, lines[:middle]) + _halve(sink, lines[middle:])
    return []


class InfluxSink:
    """An InfluxDB 2 bucket. Every write is one synchronous, compressed request; nothing is buffered here.

    The client's batching mode is not used: it drops whole batches without a word. ``timeout`` is in seconds
    and bounds each request. May be used from several threads.
    """

    def __init__(self, url: str, org: str, bucket: str, token: str, timeout: float = 10.0) -> None:
        """Raises ValueError for a URL that isn't one, or an empty org or bucket. Connects to nothing yet."""
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            message = f"[influx] url is {url!r}; expected http://host:8086, https://host or file:///path"
            raise ValueError(message)
        if not org.strip() or not bucket.strip():
            raise ValueError("[influx] org and bucket must not be empty when url is set")
        self.url, self.org, self.bucket = url.strip(), org.strip(), bucket.strip()
        # Any: the client is only partly typed.
        self._client: Any = InfluxDBClient(
            url=self.url, org=self.org, token=token.strip(), timeout=int(timeout * 1_000), enable_gzip=True
        )
        # The request of the client's WriteApi, one level lower: it tells the status, and only 204 counts.
        self._writes: Any = write_service.WriteService(self._client.api_client)  # type: ignore[no-untyped-call]

    def write(self, lines: Sequence[str]) -> None:
        """As :class:`Sink` has it; raises ValueError for more than :data:`MAX_LINES`."""
        if len(lines) > MAX_LINES:
            message = f"{len(lines)} lines in one write; at most {MAX_LINES}"
            raise ValueError(message)
        if lines:
            self._post("\n".join(lines).encode("utf-8", "replace"))

    def check(self) -> None:
        """Sends a comment: InfluxDB checks organisation, bucket and token, and writes nothing."""
        self._post(b"# are you there?")

    def counts_by_hour(self, channel: str, start: int, end: int) -> dict[int, int]:
        """As :class:`CountingSink` has it, counted by the server. The token must be allowed to read."""
        names = zip(("site", "unit", "probe"), channel.split("/", 2), strict=True)
        place = " and ".join(f"r.{tag} == {_flux_text(name)}" for tag, name in names)
        # Every point has a quality; only those with a value have celsius.
        flux = (
            f"from(bucket: {_flux_text(self.bucket)})"
            f" |> range(start: {format_instant(start)}, stop: {format_instant(end)})"
            f' |> filter(fn: (r) => r._measurement == "{READINGS}" and r._field == "quality" and {place})'
            ' |> aggregateWindow(every: 1h, fn: count, timeSrc: "_start", createEmpty: false)'
        )
        try:
            tables = self._client.query_api().query(flux)
        except (ApiException, HTTPError, OSError, ValueError, *_FLUX_ERRORS) as error:
            raise self._unavailable(error) from None
        return {
            from_datetime(row.get_time()): int(row.get_value()) for table in tables for row in table.records
        }

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _post(self, body: bytes) -> None:
        try:
            _, status, _ = self._writes.post_write_with_http_info(
                self.org, self.bucket, body, precision="ms", content_type="text/plain; charset=utf-8"
            )
        except ApiException as error:
            refused = _refusal(error)
            raise refused or self._unavailable(error) from None
        except (HTTPError, OSError, ValueError) as error:
            # "from None": the cause can hold the request's headers, and so the token.
            raise self._unavailable(error) from None
        if status != 204:
            text = f"{self.url} answered {status} where InfluxDB 2 answers 204"
            text += ": set [influx] url to InfluxDB itself"
            raise SinkUnavailable(text)

    def _unavailable(self, error: Exception) -> SinkUnavailable:
        """What is wrong with the place, and what to do about it."""
        if not isinstance(error, ApiException):
            return SinkUnavailable(self._unreachable(error))
        status = int(error.status or 0)
        _, said = _said(error)
        answer = f"answered {status}" if status else "can't be reached safely"
        text = f"InfluxDB at {self.url} {answer}: {said}. {self._remedy(status)}"
        return SinkUnavailable(text, retry_after=_retry_after(error))

    def _remedy(self, status: int) -> str:
        access = f"read and write bucket {self.bucket!r} of {self.org!r}"
        match status:
            case 0:
                return "Check its certificate, or [influx] url"
            case 401:
                return f"Set a token that may {access}, in the environment or the token file"
            case 403:
                return f"Give the token the right to {access}"
            case 404:
                return (
                    f"Create it there, or correct [influx] org ({self.org!r}), bucket ({self.bucket!r})"
                    " or url; a token that may not read it gets this answer too"
                )
            case 429 | 503:
                return "It asks for a pause; it is tried again by itself"
        if status >= 500:
            return "See its log; it is tried again by itself"
        return "Set [influx] url to InfluxDB 2 itself; nothing was set aside"

    def _unreachable(self, error: Exception) -> str:
        if isinstance(error, HTTPError | OSError):
            cause = _short(str(error).rsplit(">: ", 1)[-1]) or type(error).__name__
            return f"InfluxDB at {self.url} can't be reached: {cause}. Start it, or correct [influx] url"
        if isinstance(error, _FLUX_ERRORS):
            return f"InfluxDB at {self.url} can't count: {_short(str(error))}. See its log"
        # A header that can't be sent, or an answer that isn't text; the message may hold the token.
        return (
            f"InfluxDB at {self.url} can't be spoken to ({type(error).__name__}):"
            " check [influx] url, and the token for characters that don't belong there"
        )


class FileSink:
    """A file of line protocol in nanoseconds, which ``influx write --file`` imports as it is.

    Lines are appended, flushed and synced before :meth:`write` returns. A line torn by a crash is cut off
    before the next one is written. One writer at a time.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def write(self, lines: Sequence[str]) -> None:
        """Appends the lines; raises :class:`SinkUnavailable` when the file can't be written."""
        body = "".join(f"{line}000000\n" for line in lines).encode("utf-8", "replace")
        try:
            with self._opened() as file:
                file.truncate(_end_of_last_line(file))
                file.seek(0, os.SEEK_END)
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._unavailable(error) from error

    def check(self) -> None:
        """Opens the file for writing, and creates it if it isn't there."""
        try:
            self._opened().close()
        except OSError as error:
            raise self._unavailable(error) from error

    def close(self) -> None:
        """Nothing is held open between writes."""

    def _opened(self) -> BinaryIO:
        if not self.path.exists():
            self.path.touch()
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)  # the file's name has to survive a power cut too
            finally:
                os.close(folder)
        return self.path.open("r+b")

    def _unavailable(self, error: OSError) -> SinkUnavailable:
        return SinkUnavailable(
            f"can't write {self.path}: {error.strerror or error}. Make room or give the right to write it,"
            " or change [influx] url"
        )


def _end_of_last_line(file: BinaryIO) -> int:
    """The offset just after the last line break; 0 if there is none."""
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - 65_536)
        file.seek(start)
        line_break = file.read(end - start).rfind(b"\n")
        if line_break >= 0:
            return start + line_break + 1
        end = start
    return 0


def _refusal(error: ApiException) -> SinkRefused | None:
    """The refusal that an answer means, or None if it isn't about the lines."""
    if error.status == 413:
        return SinkRefused("the request is too large for InfluxDB")
    code, said = _said(error)
    if error.status not in (400, 422) or code not in _REFUSING:
        return None
    counted = _DROPPED.search(said)
    return SinkRefused(_short(said), dropped=int(counted[1]) if counted else 0)


def _said(error: ApiException) -> tuple[str, str]:
    """InfluxDB's code and message; no code if the answer isn't in its words."""
    body: Any = error.body
    try:
        told = json.loads(body) if body else None
    except ValueError:
        told = None
    if isinstance(told, dict) and isinstance(told.get("message"), str):
        return str(told.get("code") or ""), told["message"]
    return "", _short(" ".join(str(error.reason or body or "no reason given").split()))


def _retry_after(error: ApiException) -> float | None:
    headers: Mapping[str, str] = error.headers or {}
    said = str(headers.get("Retry-After", "")).strip()
    return float(said) if said.isascii() and said.isdigit() else None


def _short(text: str) -> str:
    """A text cut in its middle: InfluxDB quotes the line first and gives the reason last."""
    if len(text) <= _REASON_LENGTH:
        return text
    half = _REASON_LENGTH // 2
    return f"{text[:half]} … {text[-half:]}"


def _flux_text(text: str) -> str:
    """A string literal of Flux; ``${`` would be an expression."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${") + '"'
