"""A console as a medium: for demonstrations, and for trying routes out."""

from __future__ import annotations

import threading
from typing import TextIO

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from monitor.ports import DeliveryError, Notification


class ConsoleMedium:
    """Writes each message as one framed block to a stream.

    It waits as long as the reader of a pipe makes it; no other address waits with it.
    """

    def __init__(self, stream: TextIO, *, width: int | None = None) -> None:
        self._console = Console(file=stream, width=width, highlight=False, emoji=False, markup=False)
        self._lock = threading.Lock()

    def deliver(self, notification: Notification) -> None:
        """Writes the message; raises :class:`DeliveryError` if the stream is closed or full."""
        text = Text(notification.body.rstrip())
        text.highlight_regex(r"\A.*", "bold")
        frame = Panel(text, title=Text(f"to {notification.recipient}"), title_align="left", padding=(0, 1))
        try:
            with self._lock:
                self._console.print(frame)
                self._console.file.flush()
        except (OSError, ValueError) as error:
            message = f"console: {error}. Run where the output is open, or use mail"
            raise DeliveryError(message) from error
