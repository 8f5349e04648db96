"""What the inside needs of the outside, as protocols; adapters implement them, :mod:`monitor.program` joins them.

Threading: a :class:`Source` is driven by one thread. A :class:`View` may be used from many threads at once.
"""

from monitor.core.channel.reading import Arrived
from monitor.core.fact import JSON
from monitor.ports.asking import AlarmView, LotView, ServiceView, UnitView, View
from monitor.ports.commands import Commands
from monitor.ports.due import Due
from monitor.ports.facts import Fact, Facts
from monitor.ports.history import History, Packed, Placed
from monitor.ports.log import Log, LogRow, LogTuple, Outcome, Tx
from monitor.ports.outbox import Lane, LaneBacklog, Notification, Outbox
from monitor.ports.profiles import ProfileBook
from monitor.ports.projection import LoggedFact, LoggedReading, ProjectionSource, Refusal
from monitor.ports.source import Clock, Decoded, Message, Source
from monitor.ports.store import Store
from monitor.ports.telling import DeliveryError, Medium

__all__ = [
    "JSON",
    "AlarmView",
    "Arrived",
    "Clock",
    "Commands",
    "Decoded",
    "DeliveryError",
    "Due",
    "Fact",
    "Facts",
    "History",
    "Lane",
    "LaneBacklog",
    "Log",
    "LogRow",
    "LogTuple",
    "LoggedFact",
    "LoggedReading",
    "LotView",
    "Medium",
    "Message",
    "Notification",
    "Outbox",
    "Outcome",
    "Packed",
    "Placed",
    "ProfileBook",
    "ProjectionSource",
    "Refusal",
    "ServiceView",
    "Source",
    "Store",
    "Tx",
    "UnitView",
    "View",
]
