"""Which readings take part in judging, by each channel's own settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from monitor.core.channel.quality import why_bad
from monitor.core.profile.rules import ChannelRules
from monitor.ports import Arrived, Store, Tx


class Soundness:
    """Says of readings whether they are good. ``ids``: the channels that are watched, as the log numbers them."""

    def __init__(self, store: Store, rules: Mapping[str, ChannelRules], ids: Mapping[str, int]) -> None:
        self._store = store
        self._ids = {path: ids[path] for path in rules}
        self._rules = {ids[path]: channel_rules for path, channel_rules in rules.items()}

    def why_bad(self, rows: Sequence[Arrived]) -> list[str | None]:
        """For each reading why it takes no part, None if it does."""
        known = self._rules
        return [
            why_bad(reading, rules.settings_at(reading.measured_at))
            if (rules := known.get(channel)) is not None
            else "unknown"
            for channel, reading, _, _ in rows
        ]

    def good_since(self, tx: Tx, paths: Collection[str], span: int) -> dict[str, int | None]:
        """Since when, within the last ``span`` ms of what each of these channels said, all of it is good; None if the
        last isn't."""
        latest = self._store.history.latest(tx) if paths else {}
        sound: dict[str, int | None] = {}
        for path in paths & self._ids.keys():
            channel = self._ids[path]
            last = latest.get(channel, {}).get("measured_at")
            if last is None:
                continue
            try:
                sound[path] = self._good_since(tx, channel, last - span)
            except Exception as error:
                if self._store.is_trouble(error):
                    raise
                sound[path] = None  # nobody can tell: the fault goes on
        return sound

    def _good_since(self, tx: Tx, channel: int, after: int) -> int | None:
        rules, since = self._rules[channel], None
        for _, _, reading in self._store.history.readings(tx, channel, after=after):
            if why_bad(reading, rules.settings_at(reading.measured_at)) is not None:
                since = None
            elif since is None:
                since = reading.measured_at
        return since
