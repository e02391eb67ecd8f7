"""Quantities written as text with a unit, and back.

Each annotated type below is a plain number in Python (seconds, wei, bytes per second, …) that a pydantic
field accepts only with its unit: ``30 min``, ``0.02 OPG``, ``30 %``, ``2/s``, ``100 Mbit/s``. A bare number
says nothing of its unit and is refused, zero excepted. Arithmetic is exact until the final conversion, and
every type serialises to text that parses to the same number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction as Rational
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from chain.errors import SimnetError
from chain.quantities import OPG, TOTAL_SUPPLY

MAX_NODES = 10_000
"""Nodes of one kind that a scenario may have."""
MAX_CLIENTS = 100_000
MAX_TASKS = 10_000_000
MAX_TEXT = 80
"""Characters that a quantity may be written with."""
MAX_DENOMINATOR = 10**30
"""Of an exact fraction, so that it stays short enough to write."""
LEAST = Rational(1, 10**9)
"""Smallest value other than zero, in the unit that code counts in."""

_NUMBER = r"[0-9][0-9_]*(?:\.[0-9]+)?"
_MEASURED = re.compile(rf"(-?{_NUMBER})\s*([^\s\d].*)?")
_SHARE = "expected a share between 0 and 1, such as '30 %', '2/3' or 0.3"
_RATIO = re.compile(rf"(-?{_NUMBER})(?:\s*/\s*({_NUMBER})|\s*(%))?")


class UnitError(SimnetError, ValueError):
    """A quantity is not written as it should be; the hint says how."""

    exit_code = 2


@dataclass(frozen=True)
class Quantity:
    """A kind of quantity: its units, as multiples of the one that code counts in, and its limits."""

    noun: str
    example: str
    units: Mapping[str, Rational]
    most: str
    """Largest value that makes sense, as it would be written."""

    def parse(self, value: object) -> Rational:
        """The exact value in the unit that code counts in. Raises `UnitError`."""
        exact = self._read(value)
        if exact < 0:
            raise UnitError(f"{_shown(value)} is negative", self.expected)
        if exact > self._read(self.most):
            raise UnitError(f"{_shown(value)} is more than the limit of {self.most}", self.expected)
        if 0 < exact < LEAST:
            raise UnitError(f"{_shown(value)} is too small to tell from zero", self.expected)
        return exact

    @property
    def expected(self) -> str:
        """What to write instead."""
        return f"expected {self.noun} such as '{self.example}' (units: {', '.join(self.units)})"

    def _read(self, value: object) -> Rational:
        if isinstance(value, int | float) and not isinstance(value, bool) and value == 0:
            return Rational(0)
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise UnitError(f"{_shown(value)} has no unit", self.expected)
        match = _MEASURED.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= MAX_TEXT else None
        if match is None:
            raise UnitError(f"{_shown(value)} is not {self.noun}", self.expected)
        number, unit = Rational(match[1].replace("_", "")), match[2]
        if unit is None:
            raise UnitError(f"{_shown(value)} has no unit", self.expected)
        if unit not in self.units:
            raise UnitError(f"{_shown(value)} has an unknown unit", self.expected)
        return number * self.units[unit]

    def write(self, value: float) -> str:
        """Text that parses to `value`: in the largest unit that it is a whole multiple of, or else in the base unit."""
        exact = Rational(repr(value))
        whole = [unit for unit, size in self.units.items() if exact and (exact / size).denominator == 1]
        if whole:
            unit = max(whole, key=lambda unit: self.units[unit])
            number = str(exact / self.units[unit])
        else:
            unit = next(unit for unit, size in self.units.items() if size == 1)
            number = f"{Decimal(repr(value)):f}" if value else "0"
        return number + ("" if unit.startswith("/") else " ") + unit


def _shown(value: object) -> str:
    """A value as an error message quotes it."""
    if isinstance(value, list | tuple | dict):
        return "a list" if not isinstance(value, dict) else "a mapping"
    if value is None:
        return "nothing"
    text = str(value) if isinstance(value, int | float) else repr(value)
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


DURATION = Quantity(
    "a duration",
    "30 min",
    {"s": Rational(1), "ms": Rational(1, 1000), "min": Rational(60), "h": Rational(3600), "d": Rational(86_400)},
    "3650 d",
)
AMOUNT = Quantity("an amount", "0.02 OPG", {"OPG": Rational(OPG), "wei": Rational(1)}, f"{TOTAL_SUPPLY // OPG:_} OPG")
RATE = Quantity("a rate", "2/s", {"/s": Rational(1), "/min": Rational(1, 60), "/h": Rational(1, 3600)}, "1000000/s")
BANDWIDTH = Quantity(
    "a bandwidth",
    "100 Mbit/s",
    {
        "B/s": Rational(1),
        "bit/s": Rational(1, 8),
        "kbit/s": Rational(10**3, 8),
        "Mbit/s": Rational(10**6, 8),
        "Gbit/s": Rational(10**9, 8),
        "kB/s": Rational(10**3),
        "MB/s": Rational(10**6),
        "GB/s": Rational(10**9),
    },
    "10000 Gbit/s",
)


def parse_duration(value: object) -> float:
    """Seconds from text such as ``30 min``. Raises `UnitError`."""
    return float(DURATION.parse(value))


def format_duration(seconds: float) -> str:
    """Text that `parse_duration` reads as exactly `seconds`."""
    return DURATION.write(seconds) if seconds else "0 s"


def parse_amount(value: object) -> int:
    """Wei from text such as ``0.02 OPG``, exactly. Raises `UnitError`."""
    exact = AMOUNT.parse(value)
    if exact.denominator != 1:
        raise UnitError(f"{_shown(value)} is not a whole number of wei", AMOUNT.expected)
    return exact.numerator


def format_opg(wei: int) -> str:
    """An amount in OPG, exactly: ``10_000 OPG``, ``0.02 OPG``."""
    whole, rest = divmod(wei, OPG)
    return f"{whole:_}.{rest:018d}".rstrip("0").rstrip(".") + " OPG"


def parse_fraction(value: object) -> Rational:
    """An exact share of a whole from ``2/3``, ``30 %`` or ``0.3``. Raises `UnitError`."""
    exact = _ratio(value)
    if exact is None:
        raise UnitError(f"{_shown(value)} is not a share of a whole", _SHARE)
    if exact < 0:
        raise UnitError(f"{_shown(value)} is negative", _SHARE)
    if exact > 1:
        raise UnitError(f"{_shown(value)} is more than the whole", _SHARE)
    if exact.denominator > MAX_DENOMINATOR:
        raise UnitError(f"{_shown(value)} has too many digits", _SHARE)
    return exact


def _ratio(value: object) -> Rational | None:
    """What `value` says, if it says a ratio."""
    if isinstance(value, Rational):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, float):
        return Rational(repr(value)) if math.isfinite(value) else None
    match = _RATIO.fullmatch(str(value).strip()) if len(str(value)) <= MAX_TEXT else None
    if match is None:
        return None
    number, divisor = (Rational((part or "1").replace("_", "")) for part in match.group(1, 2))
    return number / (divisor * (100 if match[3] else 1)) if divisor else None


def parse_share(value: object) -> float:
    """A share of a whole as a float from ``30 %``, ``2/3`` or ``0.3``. Raises `UnitError`."""
    if isinstance(value, float) and 0 <= value <= 1:
        return value
    return float(parse_fraction(value))


def parse_rate(value: object) -> float:
    """Events per second from text such as ``30/min``. Raises `UnitError`."""
    return float(RATE.parse(value))


def format_rate(per_second: float) -> str:
    """Text that `parse_rate` reads as exactly `per_second`."""
    return RATE.write(per_second) if per_second else "0/s"


def parse_bandwidth(value: object) -> float:
    """Bytes per second from text such as ``100 Mbit/s``. Raises `UnitError`."""
    return float(BANDWIDTH.parse(value))


def format_bandwidth(bytes_per_second: float) -> str:
    """Text that `parse_bandwidth` reads as exactly `bytes_per_second`."""
    return BANDWIDTH.write(bytes_per_second)


def _text(*examples: str) -> WithJsonSchema:
    """JSON schema of a quantity: text, or a bare zero."""
    return WithJsonSchema({"anyOf": [{"type": "string"}, {"const": 0}], "examples": list(examples)})


Duration = Annotated[
    float, BeforeValidator(parse_duration), PlainSerializer(format_duration), _text("30 min", "500 ms", "3 d")
]
"""Seconds."""

Amount = Annotated[int, BeforeValidator(parse_amount), PlainSerializer(format_opg), _text("10_000 OPG", "0.02 OPG")]
"""Wei of OPG."""

Rate = Annotated[float, BeforeValidator(parse_rate), PlainSerializer(format_rate), _text("2/s", "30/min")]
"""Events per second."""

Bandwidth = Annotated[
    float, BeforeValidator(parse_bandwidth), PlainSerializer(format_bandwidth), _text("100 Mbit/s", "10 MB/s")
]
"""Bytes per second."""

_SHARE_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string"}], "examples": ["30 %", "2/3", 0.3]}
)

Share = Annotated[float, BeforeValidator(parse_share), _SHARE_SCHEMA]
"""A share of a whole, between 0 and 1."""

Fraction = Annotated[Rational, PlainValidator(parse_fraction), PlainSerializer(str), _SHARE_SCHEMA]
"""A share of a whole, exact: a quorum of two thirds is `fractions.Fraction(2, 3)`."""

NodeCount = Annotated[int, Field(ge=1, le=MAX_NODES)]
ClientCount = Annotated[int, Field(ge=1, le=MAX_CLIENTS)]
TaskCount = Annotated[int, Field(ge=1, le=MAX_TASKS)]
