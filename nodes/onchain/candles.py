"""Candles of a pair. **Made up**: there is no exchange here, a price is a function of the pair and the minute.

OpenGradient's data nodes fetch them from exchanges. Order of the tensor (candles, then kinds) is an assumption.
"""

from __future__ import annotations

import hashlib
import math
from decimal import Decimal

from chain.formats.onchain import BadQuestion, Numbers, PriceQuestion

CANDLES_MAX, MINUTES_MAX = 1_000, 7 * 24 * 60
KINDS = 5
LOOKS = 8
"""Prices that a candle's high and low are taken from, evenly through it."""


def tensor_of(question: PriceQuestion, now_s: float) -> Numbers:
    """The latest candles that are over at a Unix time, as a tensor [candles, kinds]. Raises `BadQuestion`."""
    if not (0 < question.candles <= CANDLES_MAX and 0 < question.minutes <= MINUTES_MAX):
        raise BadQuestion(f"1 to {CANDLES_MAX} candles of 1 to {MINUTES_MAX} minutes can be asked for")
    if not question.kinds or any(kind >= KINDS for kind in question.kinds):
        raise BadQuestion("kinds of candles are 0 to 4")
    pair = f"{question.base}/{question.quote}"
    end = int(now_s // 60) // question.minutes * question.minutes
    starts = [end - question.minutes * back for back in range(question.candles, 0, -1)]
    candles = [candle(pair, start, question.minutes) for start in (starts[::-1] if question.descending else starts)]
    values = tuple(Decimal(repr(round(found[kind], 8))) for found in candles for kind in question.kinds)
    return Numbers(question.input_name, values, (question.candles, len(question.kinds)))


def candle(pair: str, start: int, minutes: int) -> tuple[float, float, float, float, float]:
    """High, low, open, close and volume from a minute on."""
    prices = [price(pair, start + minutes * look / LOOKS) for look in range(LOOKS + 1)]
    return max(prices), min(prices), prices[0], prices[-1], 1_000.0 * minutes * drawn(f"{pair}/volume/{start}")


def price(pair: str, minute: float) -> float:
    """A price that wanders: a level of the pair's own, with a day's and an hour's swing, and noise by the minute."""
    level = 10 ** (4 * drawn(pair))
    day = 0.04 * math.sin(2 * math.pi * (minute / 1_440 + drawn(f"{pair}/day")))
    hour = 0.01 * math.sin(2 * math.pi * (minute / 61 + drawn(f"{pair}/hour")))
    return level * math.exp(day + hour + 0.004 * (drawn(f"{pair}/{int(minute)}") - 0.5))


def drawn(key: str) -> float:
    """A number in [0, 1) that hangs on a text alone."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:7], "big") / 2**56
