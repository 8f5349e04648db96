"""Numbers that sensors and what reads them send for a fault: they look like temperatures and are none.

Set one as :attr:`simulators.sensing.probe.Probe.code` and the probe says it instead of what it measures.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Mark = Literal["found", "known", "computed"]
"""How far a code is sourced: found in a document or tracker that was read, known to the trade but not confirmed, or
worked out from the sensor's number format."""


class SensorCode(NamedTuple):
    """One such number, in °C as it is sent. ``sensor`` is the kind, named as in a probe's settings where it can be.

    ``hidden``: a value that the sensor could also measure, so that the number alone doesn't show the fault.
    """

    sensor: str
    celsius: float
    meaning: str
    mark: Mark
    source: str
    hidden: bool = False


_ARDUINO = "release notes of the Arduino Temperature Control Library 4.0.6"
_MAX31865 = "MAX31865 data sheet, pages 21 and 22; a question-and-answer thread on the chip"

SENSOR_CODES: tuple[SensorCode, ...] = (
    SensorCode("ds18b20", 85.0, "power-on default: read before it measured", "found", _ARDUINO),
    SensorCode("ds18b20", 127.94, "under-powered (0x07FF), two decimals", "found", _ARDUINO),
    SensorCode("ds18b20", 127.9375, "under-powered (0x07FF), in full", "computed", "0x07FF sixteenths"),
    SensorCode("ds18b20", -127.0, "disconnected, as libraries tell it", "known", ""),
    SensorCode(
        "ds18b20", 0.0, "the bus reads all zeros, and its checksum fits", "found", "ESPHome issue 3358", True
    ),
    SensorCode("ds18b20", -0.6, "a false value of a bad line", "found", "otb-iot issue 11", True),
    SensorCode("max31865", 988.79, "open: full scale", "found", _MAX31865),
    SensorCode("max31865", -246.86, "shorted, or no bus: code 0", "found", _MAX31865),
    SensorCode("max31865", -242.02, "shorted, or no bus, by another library", "known", ""),
    SensorCode("int16", 327.67, "no value (0x7FFF), in hundredths", "computed", "0x7FFF hundredths"),
    SensorCode("int16", -327.68, "no value (0x8000), in hundredths", "computed", "0x8000 hundredths"),
    SensorCode(
        "ruuvi", -163.84, "no value (0x8000), taken for a number", "computed", "0x8000 times 0.005", True
    ),
    SensorCode(
        "dragino",
        0.0,
        "out of range, as the maker's decoder for LTC2 tells it",
        "found",
        "that decoder",
        True,
    ),
    SensorCode("sentinel", 999.0, "nothing, as loggers and gateways tell it", "known", ""),
    SensorCode("sentinel", 9999.0, "nothing, as loggers and gateways tell it", "known", ""),
    SensorCode("sentinel", -999.0, "nothing, as loggers and gateways tell it", "known", ""),
    SensorCode("sentinel", -9999.0, "nothing, as loggers and gateways tell it", "known", ""),
)
"""Every code, by kind of sensor. Codes that are no JSON number (``"NULL"``, ``"nan"``, ``"unavailable"``) are among the
kinds of :mod:`simulators.network.garbling`."""
