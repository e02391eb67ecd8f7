"""How contracts ask OpenGradient's nodes for a model's output, and how the output gets to them.

Types and addresses are those of ``chain/contracts/opengradient/OnChainInference.sol``. A native function's stand-in
(``NativeAnswers.sol``) finds an answer in its storage, by the hash of the calldata that asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from chain.evm import abi
from chain.formats.claims import word
from chain.hashing import keccak
from chain.quantities import Address

MODEL_NATIVE = Address("0x00000000000000000000000000000000000000f4")
PRICE_NATIVE = Address("0x00000000000000000000000000000000000000f5")
HUB = Address("0x8383c9bd7462f12eb996dd02f78234c0421a6fae")
SCHEDULER = Address("0x7179724de4e7ff9271fa40c0337c7f90c0508ef6")
"""Where opengradient 1.1.4 looks for hub and scheduler."""

MISSING = "InferenceMissing"
"""Error of a simulated transaction that asks for what no node has run yet; its argument is the calldata."""

NATIVES: Mapping[Address, str] = {MODEL_NATIVE: "ModelInferenceNative", PRICE_NATIVE: "PriceFeedNative"}

DIGITS = 18
"""Digits after the point of a number, at the most: as OpenGradient's ONNX node writes them."""

ROOMY = Context(prec=80)
"""For arithmetic that loses nothing of an int128 with its decimals."""

_NUMBERS = "(string,(int128,int128)[],uint32[])[]"
_OUTPUT = f"({_NUMBERS},(string,string[])[],(string,string)[],bool)"
_INT128 = range(-(2**127), 2**127)
_OUTPUT_FLAG, _REASON_FLAG = b"\x01", b"\x00"


class BadQuestion(ValueError):
    """Calldata that no native function takes, or an output that cannot be written for contracts."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """A tensor of numbers, flat."""

    name: str
    values: tuple[Decimal, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Texts:
    """A tensor of texts, which comes without a shape."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tensors:
    """What goes into a model or comes out of it."""

    numbers: tuple[Numbers, ...] = ()
    texts: tuple[Texts, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelQuestion:
    """A model is to be run on tensors."""

    mode: int
    model: str
    value: Tensors


@dataclass(frozen=True, slots=True)
class PriceQuestion:
    """A model is to be run on the latest candles of a pair."""

    model: str
    input_name: str
    base: str
    quote: str
    candles: int
    minutes: int
    """Of a candle."""
    descending: bool
    kinds: tuple[int, ...]
    """High 0, low 1, open 2, close 3, volume 4."""


def question_in(data: bytes) -> tuple[Address, ModelQuestion | PriceQuestion]:
    """What calldata asks, and of which native function. Raises `BadQuestion`."""
    for address, name in NATIVES.items():
        artifact = abi.load(name)
        if (function := artifact.function_of(data)) is not None:
            try:
                asked = decode(artifact.functions[function].input_types, data[4:])
            except (DecodingError, UnicodeDecodeError, OverflowError):
                break
            return address, _model_question(*asked) if address == MODEL_NATIVE else _price_question(*asked)
    raise BadQuestion("the calldata is of no native function")


def _model_question(request: tuple[Any, ...]) -> ModelQuestion:
    mode, model, (numbers, texts) = request
    read = tuple(Numbers(name, tuple(map(_number, values)), tuple(shape)) for name, values, shape in numbers)
    return ModelQuestion(mode, model, Tensors(read, tuple(Texts(name, tuple(values)) for name, values in texts)))


def _price_question(model: str, input_name: str, query: tuple[Any, ...]) -> PriceQuestion:
    base, quote, candles, minutes, order, kinds = query
    return PriceQuestion(model, input_name, base, quote, candles, minutes, order == 1, tuple(kinds))


def _number(pair: tuple[int, int]) -> Decimal:
    """value · 10^-decimals. Raises `BadQuestion` beyond what a double holds."""
    value, decimals = pair
    if abs(decimals) > 400:
        raise BadQuestion("a number has more than 400 decimals")
    return Decimal(value).scaleb(-decimals, ROOMY)


def fixed_point(number: float) -> tuple[int, int]:
    """A number as contracts have it: value and decimals. Raises `BadQuestion` for one that is not finite or too big."""
    exact = Decimal(repr(number))
    if not exact.is_finite() or exact.adjusted() > 38:
        raise BadQuestion(f"the output holds {number}, which no int128 holds")
    rounded = exact.quantize(Decimal(1).scaleb(-DIGITS), context=ROOMY).normalize(ROOMY)
    decimals = max(-int(rounded.as_tuple().exponent), 0)
    value = int(rounded.scaleb(decimals, ROOMY))
    if value not in _INT128:
        raise BadQuestion(f"the output holds {number}, which no int128 holds")
    return value, decimals


def encode_output(numbers: Sequence[tuple[str, Sequence[float], Sequence[int]]], texts: Sequence[Texts]) -> bytes:
    """A `ModelOutput`: tensors of numbers by name, flat, with their shapes, and texts. Raises `BadQuestion`."""
    tensors = [(name, [fixed_point(value) for value in values], list(shape)) for name, values, shape in numbers]
    return encode([_OUTPUT], [(tensors, [(one.name, list(one.values)) for one in texts], [], False)])


def answer_of(output: bytes) -> bytes:
    """What is stored for an output."""
    return _OUTPUT_FLAG + output


def refusal_of(reason: str) -> bytes:
    """What is stored where there is no output."""
    return _REASON_FLAG + reason.encode()


def words_of(question: bytes, answer: bytes) -> dict[int, int]:
    """A stand-in's storage once it has an answer to calldata, by slot: a mapping at slot 0 to bytes, as Solidity lays
    them out."""
    place = keccak(keccak(question) + word(0))
    at = int.from_bytes(place, "big")
    if len(answer) < 32:
        return {at: int.from_bytes(answer.ljust(31, b"\0") + bytes([2 * len(answer)]), "big")}
    first = int.from_bytes(keccak(place), "big")
    parts = [answer[i : i + 32].ljust(32, b"\0") for i in range(0, len(answer), 32)]
    return {at: 2 * len(answer) + 1} | {
        (first + i) % 2**256: int.from_bytes(part, "big") for i, part in enumerate(parts)
    }
