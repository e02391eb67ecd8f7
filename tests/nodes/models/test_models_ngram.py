"""The n-gram baseline is an honest one: its probabilities add up, and it learns what it has seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.models.train.ngram import Ngram

ALPHABET = "abcd"


@given(st.text(ALPHABET, min_size=1, max_size=60), st.text(ALPHABET, max_size=5), st.integers(1, 4))
def test_probabilities_of_what_follows_a_context_add_up_to_one(text: str, context: str, order: int) -> None:
    model = Ngram(text, order, len(ALPHABET))
    total = sum(model.probability(context, character) for character in ALPHABET)
    assert total == pytest.approx(1.0)


def test_text_that_repeats_is_learnt_and_unseen_text_costs_more() -> None:
    model = Ngram("abcd" * 50, 3, len(ALPHABET))
    assert model.bits_per_character([("ab", "c"), ("cd", "a")]) < 0.1
    assert model.bits_per_character([("ab", "a")]) > 2.0
