"""On-chain inference's formats: numbers, and where a stand-in finds its answer."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from eth_abi.abi import encode

from chain.formats.onchain import (
    MODEL_NATIVE,
    PRICE_NATIVE,
    BadQuestion,
    ModelQuestion,
    PriceQuestion,
    fixed_point,
    question_in,
    words_of,
)
from chain.hashing import keccak


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0.0, (0, 0)),
        (1.5, (15, 1)),
        (-0.25, (-25, 2)),
        (1e20, (10**20, 0)),
        (1e-18, (1, 18)),
        (1e-19, (0, 0)),
        (1.7e38, (17 * 10**37, 0)),
    ],
)
def test_a_number_is_a_value_and_decimals(number: float, written: tuple[int, int]) -> None:
    assert fixed_point(number) == written


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1.8e38])
def test_a_number_that_contracts_cannot_hold_is_refused(number: float) -> None:
    with pytest.raises(BadQuestion):
        fixed_point(number)


def test_every_float32_that_fits_comes_back() -> None:
    for number in np.array([0.1, 1 / 3, 123456.78, -9.5e-7], np.float32):
        value, decimals = fixed_point(float(number))
        assert np.float32(Decimal(value).scaleb(-decimals)) == number


def test_questions_are_told_apart_and_anything_else_is_refused() -> None:
    kind = "(uint8,string,((string,(int128,int128)[],uint32[])[],(string,string[])[]))"
    request = encode([kind], [(2, "m", ([], []))])
    data = keccak(f"runModelInference({kind})".encode())[:4] + request
    address, question = question_in(data)
    assert address == MODEL_NATIVE
    assert isinstance(question, ModelQuestion)
    assert (question.mode, question.model) == (2, "m")
    asked = ["m", "in", ("ETH", "USD", 5, 60, 1, [0, 4])]
    price = bytes.fromhex("a192a0f9") + encode(
        ["string", "string", "(string,string,uint32,uint32,uint8,uint8[])"], asked
    )
    address, found = question_in(price)
    assert address == PRICE_NATIVE
    assert found == PriceQuestion("m", "in", "ETH", "USD", 5, 60, True, (0, 4))
    for wrong in (b"", data[:4], data[:60], b"\1\2\3\4" + request):
        with pytest.raises(BadQuestion):
            question_in(wrong)


@pytest.mark.parametrize("length", [0, 31, 32, 33, 64])
def test_an_answer_takes_as_many_words_as_solidity_gives_it(length: int) -> None:
    assert len(words_of(b"q", b"x" * length)) == (1 if length < 32 else 1 + math.ceil(length / 32))
