"""What the inside needs of the outside, as protocols. Adapters implement them; :mod:`monitor.program.app` joins them.

Threading: a :class:`Source` is driven by one thread. A :class:`View` may be used from many threads at once.
"""

from monitor.core.channel.reading import Arrived
from monitor.core.fact import JSON
from monitor.ports.asking import Commands, View
from monitor.ports.projection import LoggedFact, LoggedReading, ProjectionSource, Refusal
from monitor.ports.source import Clock, Decoded, Message, Source
from monitor.ports.storing import Fact, LogRow, LogTuple, Outcome, Packed, Placed, ProfileBook, Store, Tx
from monitor.ports.telling import DeliveryError, Guide, Lane, Medium, Notification, Outbox, Owed, Wording

__all__ = [
    "JSON",
    "Arrived",
    "Clock",
    "Commands",
    "Decoded",
    "DeliveryError",
    "Fact",
    "Guide",
    "Lane",
    "LogRow",
    "LogTuple",
    "LoggedFact",
    "LoggedReading",
    "Medium",
    "Message",
    "Notification",
    "Outbox",
    "Outcome",
    "Owed",
    "Packed",
    "Placed",
    "ProfileBook",
    "ProjectionSource",
    "Refusal",
    "Source",
    "Store",
    "Tx",
    "View",
    "Wording",
]
