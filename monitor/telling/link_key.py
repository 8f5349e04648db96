"""The installation's own key, with which links in messages are signed: a file beside the store.

``link_key(path) -> bytes`` makes it at the first start, and reads it from then on; ``path`` is that of
:func:`monitor.program.assembly.link_key_path`. Whoever has the key can acknowledge alarms in anybody's name: it is
readable by its owner alone, and never leaves the machine. Without it (a store restored without its key) a new one is
made, and the links that were sent before are good no longer.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

KEY_BYTES = 32


class LinkKeyError(ValueError):
    """There is no usable key; the text says where, and what to do."""


def link_key(path: Path) -> bytes:
    """The key of 32 bytes at ``path``, made if there is none; two programs that start at once get the same one.

    Raises :class:`LinkKeyError`, with the remedy, for a file that holds something else, or can't be read or made.
    """
    try:
        if not path.exists():
            _make(path)
        text = path.read_text("ascii", errors="replace").strip()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise LinkKeyError(f"the key for links in messages, {path}, can't be read or made: {why}") from error
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise LinkKeyError(
            f"{path} does not hold the key for links in messages ({KEY_BYTES} bytes in hexadecimal). Restore it "
            "from a backup, or delete it: then a new one is made, and links that were sent before stop working"
        )
    return key


def installation_id(key: bytes) -> str:
    """A short name of this installation for other services, which tells nothing of the key."""
    return hashlib.sha256(b"exosome-monitor installation\0" + key).hexdigest()[:12]


def _make(path: Path) -> None:
    """Writes a new key under another name and gives it its own in one step: nobody ever reads half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_bytes(KEY_BYTES).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # another start was faster: its key holds
    finally:
        draft.unlink()
