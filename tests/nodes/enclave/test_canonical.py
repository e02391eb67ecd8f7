"""What an enclave hashes of a text completion: what is absent is not what is null, as in OpenGradient's gateway."""

from __future__ import annotations

from typing import Any

import pytest

from nodes.enclave import canonical

ASKED = {"model": "gpt-5", "prompt": "Once"}


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ({}, {"temperature": 1.0, "max_tokens": 16}),
        ({"temperature": None, "max_tokens": None}, {"temperature": 0.0}),
        ({"temperature": 0, "max_tokens": 7}, {"temperature": 0.0, "max_tokens": 7}),
        ({"stop": ["."], "top_p": 0.5}, {"temperature": 1.0, "max_tokens": 16, "stop": ["."]}),
        ({"web_search": True}, {"temperature": 1.0, "max_tokens": 16, "web_search": True}),
        ({"web_search": False}, {"temperature": 1.0, "max_tokens": 16}),
    ],
)
def test_the_form_of_a_text_completion(said: dict[str, Any], form: dict[str, Any]) -> None:
    found = canonical.completion({**ASKED, **said})
    assert found == {**ASKED, **form}
    assert isinstance(found["temperature"], float)


def test_a_chat_that_says_nothing_has_no_limit_and_no_temperature() -> None:
    messages = [{"role": "user", "content": "Once"}]
    assert canonical.chat({"model": "gpt-5", "messages": messages}) == {
        "model": "gpt-5",
        "messages": messages,
        "temperature": 0.0,
    }
