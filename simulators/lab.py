"""The laboratory of the demo: eight units of ``lab1``, a dozen lots, and an hour in which things go wrong.

Honest about its haste: F02, the freezer that fails, warms much faster than a real loaded one. Its time
constant is 50 minutes, where we take 24 hours for the full freezers beside it, so that a demo at 60 times
real time shows a whole excursion within a minute. For the same reason its compressor cycles every two or
three minutes. The other units are meant to behave as real ones do, but their constants are assumptions, not
measurements of any maker's product. Products, lots and GTINs are invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from monitor.wire.v1 import DEFAULT_ROOT, LotEvent, LotEventKind
from simulators.clock import DAY, HOUR, MINUTE, SECOND
from simulators.fleet import Fleet, FleetUnit
from simulators.happening import Happening, HappeningKind
from simulators.physics.unit import UnitModel
from simulators.sensing.probe import BARE, BUFFERED, ProbeModel

SITE = "lab1"

ULTRA_LOW = UnitModel(
    setpoint=-80.0,
    swing=3.0,
    warm_up_for=24 * HOUR,
    load_follows_for=90 * MINUTE,
    air_share=0.12,
    duty=0.65,
    door_for=3 * MINUTE,
)
NEARLY_EMPTY = UnitModel(
    setpoint=-80.0,
    swing=3.0,
    warm_up_for=50 * MINUTE,
    load_follows_for=3 * MINUTE,
    air_share=0.6,
    duty=0.5,
    door_for=3 * MINUTE,
)
FREEZER = UnitModel(
    setpoint=-20.0,
    swing=2.5,
    warm_up_for=20 * HOUR,
    load_follows_for=60 * MINUTE,
    air_share=0.15,
    duty=0.5,
    door_for=2 * MINUTE,
)
FRIDGE = UnitModel(
    setpoint=5.0,
    swing=2.0,
    warm_up_for=10 * HOUR,
    load_follows_for=60 * MINUTE,
    air_share=0.15,
    duty=0.4,
    door_for=2 * MINUTE,
)
TANK = UnitModel(
    setpoint=-185.0,
    swing=2.0,
    warm_up_for=36 * DAY,
    load_follows_for=4 * HOUR,
    air_share=0.2,
    duty=0.1,
    door_for=20 * MINUTE,
)
CABINET = UnitModel(
    setpoint=20.0,
    swing=1.0,
    warm_up_for=3 * HOUR,
    load_follows_for=60 * MINUTE,
    air_share=0.15,
    duty=0.4,
    door_for=3 * MINUTE,
    ambient=23.0,
)

QUICK = ProbeModel(place="load", lag_for=1 * MINUTE, battery_for=730 * DAY, battery_percent=88.0)
"""F02's product probe, with a buffer as hasty as its unit."""

UNITS = (
    FleetUnit(name="F01", model=ULTRA_LOW, probes={"product": BUFFERED, "air": BARE}),
    FleetUnit(name="F02", model=NEARLY_EMPTY, probes={"product": QUICK, "air": BARE}),
    FleetUnit(name="F03", model=ULTRA_LOW, probes={"product": BUFFERED, "air": BARE}),
    FleetUnit(name="F11", model=FREEZER, probes={"product": BUFFERED}),
    FleetUnit(name="R01", model=FRIDGE, probes={"product": BUFFERED}),
    FleetUnit(name="R02", model=FRIDGE, probes={"product": BUFFERED}),
    FleetUnit(name="T01", model=TANK, probes={"product": BUFFERED}),
    FleetUnit(name="C01", model=CABINET, probes={"product": BUFFERED}),
)


class _Stock(NamedTuple):
    """A lot of the demo: ``item`` numbers its GTIN, ``days_left`` counts from the day of the start."""

    lot: str
    unit: str
    profile: str
    item: int
    product: str
    quantity: float
    days_left: int


STOCK = (
    _Stock("EXO-001", "F01", "ult-80", 1, "MSC exosomes, umbilical cord, 1e11 particles", 48, 540),
    _Stock("EXO-002", "F01", "ult-80", 2, "MSC exosomes, bone marrow, 5e10 particles", 96, 410),
    _Stock("EXO-003", "F02", "ult-80", 1, "MSC exosomes, umbilical cord, 1e11 particles", 24, 365),
    _Stock("EXO-004", "F02", "ult-80", 3, "Plasma EV reference material", 12, 700),
    _Stock("EXO-005", "F02", "ult-80", 4, "HEK293 exosomes, CD63-tagged", 30, 280),
    _Stock("EXO-006", "F03", "ult-80", 2, "MSC exosomes, bone marrow, 5e10 particles", 60, 455),
    _Stock("EXO-007", "F11", "frozen-20", 5, "EV isolation standard, frozen", 40, -2),
    _Stock("EXO-008", "R01", "fridge-2-8", 6, "Exosome serum, in-use vials", 15, 3),
    _Stock("EXO-009", "R01", "fridge-2-8", 7, "EV capture beads, CD9", 10, 200),
    _Stock("EXO-010", "R02", "fridge-2-8", 7, "EV capture beads, CD9", 8, 320),
    _Stock("EXO-011", "T01", "ln2-vapour", 8, "MSC master cell bank, exosome producer", 20, 3650),
    _Stock("EXO-012", "C01", "lyo-crt", 9, "Lyophilised exosomes, trehalose", 200, 620),
)
"""EXO-008 expires within days. EXO-007 expired as yesterday began: the last day on its label is the one
before, so that it is over whatever the site's time zone."""


def demo_lab(
    *, start_at: int, seed: int = 1, history_hours: float = 0.0, site: str = SITE, root: str = DEFAULT_ROOT
) -> Fleet:
    """The laboratory from ``start_at`` on, with ``history_hours`` of readings from before it.

    Same arguments, same messages, byte for byte.
    """
    history = round(history_hours * HOUR)
    began_at = start_at - history
    return Fleet(
        site=site,
        units=UNITS,
        start_at=start_at,
        seed=seed,
        happenings=(*_routine(seed, began_at, start_at), *story(start_at)),
        lots=registrations(site=site, start_at=start_at, registered_at=began_at + MINUTE, seed=seed),
        history=history,
        root=root,
    )


def story(start_at: int) -> tuple[Happening, ...]:
    """What goes wrong in the first hour; minutes are simulated ones after ``start_at``.

    The first eight minutes are calm. F02's compressor fails at 8 and works again at 34: its product rises
    above −60 °C at about 22, to some −41 °C, and is back at about 45. The doors of R01 and F01 are opened
    for a minute, which harms nothing. R02's probe is broken from 12 to 24. F03's product probe is silent
    from 16 to 46, and what it measured then is lost.
    """
    kind = HappeningKind

    def at(minute: float) -> int:
        return start_at + round(minute * MINUTE)

    return (
        Happening(at=at(8), unit="F02", kind=kind.COMPRESSOR_FAILED),
        Happening(at=at(10), unit="R01", kind=kind.DOOR_OPENED),
        Happening(at=at(11), unit="R01", kind=kind.DOOR_CLOSED),
        Happening(at=at(12), unit="R02", kind=kind.PROBE_FAULT, probe="product", fault="open_circuit"),
        Happening(at=at(14), unit="F01", kind=kind.DOOR_OPENED),
        Happening(at=at(14.75), unit="F01", kind=kind.DOOR_CLOSED),
        Happening(at=at(16), unit="F03", kind=kind.PROBE_SILENT, probe="product"),
        Happening(at=at(24), unit="R02", kind=kind.PROBE_FAULT_CLEARED, probe="product"),
        Happening(at=at(31), unit="R01", kind=kind.DOOR_OPENED),
        Happening(at=at(31.5), unit="R01", kind=kind.DOOR_CLOSED),
        Happening(at=at(34), unit="F02", kind=kind.COMPRESSOR_RESTORED),
        Happening(at=at(46), unit="F03", kind=kind.PROBE_RESUMED, probe="product"),
    )


def _routine(seed: int, began_at: int, start_at: int) -> Iterator[Happening]:
    """Doors opened in the ordinary course before the start: about every three hours, for 15 to 45 s."""
    for unit in ("F01", "F11", "R01", "R02"):
        random = Random(f"{seed}/{unit}/routine")
        for block_at in range(began_at, start_at - 3 * HOUR + 1, 3 * HOUR):
            opened_at = block_at + random.randrange(2 * HOUR)
            closed_at = opened_at + random.randrange(15 * SECOND, 45 * SECOND)
            yield Happening(at=opened_at, unit=unit, kind=HappeningKind.DOOR_OPENED)
            yield Happening(at=closed_at, unit=unit, kind=HappeningKind.DOOR_CLOSED)


def registrations(*, site: str, start_at: int, registered_at: int, seed: int) -> tuple[LotEvent, ...]:
    """The lots' ``registered`` events. Their expiry counts from the UTC day of ``start_at``."""
    today = datetime.fromtimestamp(start_at / SECOND, tz=UTC).date()
    numbers = Random(f"{seed}/lots").sample(range(10_000, 100_000), len(STOCK))
    return tuple(
        LotEvent(
            lot=stock.lot,
            site=site,
            event_id=f"sim-{seed}-{site}-{stock.lot}-{registered_at}-registered",
            occurred_at=registered_at,
            kind=LotEventKind.REGISTERED,
            by="LIMS",
            product=stock.product,
            profile=stock.profile,
            unit=f"{site}/{stock.unit}",
            expires_on=(today + timedelta(days=stock.days_left)).isoformat(),
            quantity=stock.quantity,
            gtin=gtin(stock.item),
            lot_number=f"A{number}",
        )
        for stock, number in zip(STOCK, numbers, strict=True)
    )


def gtin(item: int) -> str:
    """A GTIN-14 with its check digit, under 952: the prefix that GS1 keeps for examples.

    >>> gtin(1)
    '09521234000013'
    """
    digits = f"09521234{item:05d}"
    weighted = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"
