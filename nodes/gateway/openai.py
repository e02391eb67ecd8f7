"""OpenAI's wire format: which requests are well formed, and what responses look like, whole and streamed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chain.errors import SimnetError
from chain.quantities import Wei
from nodes.enclave import canonical
from nodes.gateway.completion import DEFAULT_TOKENS, TOOL_CALLS, Completion
from nodes.gateway.pricing import DOLLARS_PER_MILLION, cost
from nodes.http import BadRequest

TOKENS_MAX = 1_000_000

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """A well-formed request."""

    body: Mapping[str, Any]
    canonical: Mapping[str, Any]
    """What an enclave signs of it."""
    is_chat: bool

    @property
    def model(self) -> str:
        """The model's name."""
        return str(self.body["model"])

    @property
    def is_streamed(self) -> bool:
        """Whether the answer is to come piece by piece."""
        return bool(self.body.get("stream"))


def read(body: Mapping[str, Any], is_chat: bool) -> Asked:
    """A request for a chat answer, or for the continuation of a prompt. Raises `BadRequest`."""
    body = body if is_chat else {**canonical.COMPLETION_DEFAULTS, **body}
    try:
        form = canonical.chat(body) if is_chat else canonical.completion(body)
    except SimnetError as error:
        raise BadRequest(str(error)) from None
    if body["model"] not in DOLLARS_PER_MILLION:
        known = ", ".join(sorted(DOLLARS_PER_MILLION))
        raise BadRequest(f"there is no model {body['model']!r}; there are {known}", code="model_not_found")
    limit = body.get("max_tokens")
    if limit is not None and (type(limit) is not int or not 0 < limit <= TOKENS_MAX):
        raise BadRequest(f"max_tokens is not a whole number from 1 to {TOKENS_MAX}")
    if not 0 <= form["temperature"] <= 2:
        raise BadRequest("temperature is not from 0 to 2")
    stop = body.get("stop")
    if stop is not None and not (
        isinstance(stop, str) or (isinstance(stop, list) and all(isinstance(one, str) for one in stop))
    ):
        raise BadRequest("stop is not a text or a list of texts")
    if not isinstance(body.get("stream") or False, bool):
        raise BadRequest("stream is not true or false")
    for tool in form.get("tools", ()):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise BadRequest("a tool is not an object with a function that has a name")
    _read_choice(body.get("tool_choice"))
    _read_format(form.get("response_format"))
    return Asked(body, form, is_chat)


def _read_choice(choice: Any) -> None:
    """Raises `BadRequest` for what is no choice of a tool."""
    if choice is None or choice in ("none", "auto", "required"):
        return
    function = choice.get("function") if isinstance(choice, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise BadRequest("tool_choice is not none, auto, required or an object with a function that has a name")


def _read_format(wanted: Any) -> None:
    """Raises `BadRequest` for what is no form of an answer."""
    if wanted is None:
        return
    if not isinstance(wanted, dict) or wanted.get("type") not in ("text", "json_object", "json_schema"):
        raise BadRequest("response_format is not an object of type text, json_object or json_schema")
    if not isinstance(wanted.get("json_schema") or {}, dict):
        raise BadRequest("response_format has a json_schema that is no object")


def most_it_costs(asked: Asked, body_bytes: int, opg_price: float) -> Wei:
    """What the answer costs at the most: no request has more tokens than bytes, no answer more than it may have."""
    return cost(asked.model, body_bytes, asked.body.get("max_tokens") or DEFAULT_TOKENS, opg_price)


def response(asked: Asked, answer: Completion, id: str, created: int, fingerprint: str) -> dict[str, Any]:
    """A whole response, without the enclave's fields."""
    choice: dict[str, Any] = {"index": 0, "finish_reason": answer.finish_reason, "logprobs": None}
    choice |= {"message": message(answer)} if asked.is_chat else {"text": answer.text}
    kind = "chat.completion" if asked.is_chat else "text_completion"
    return {**head(asked, kind, id, created, fingerprint), "choices": [choice], "usage": usage(answer)}


def message(answer: Completion) -> dict[str, Any]:
    """The assistant's message."""
    if answer.tool_calls:
        return {"role": "assistant", "content": None, "tool_calls": list(answer.tool_calls)}
    return {"role": "assistant", "content": answer.text}


def piece(
    asked: Asked, part: dict[str, Any], is_first: bool, id: str, created: int, fingerprint: str
) -> dict[str, Any]:
    """A frame of a streamed response before the last."""
    kind = "chat.completion.chunk" if asked.is_chat else "text_completion"
    delta = {"role": "assistant", **part} if is_first else part
    choice = {"delta": delta} if asked.is_chat else {"text": part["content"]}
    choices = [{"index": 0, "finish_reason": None, **choice}]
    return {**head(asked, kind, id, created, fingerprint), "choices": choices}


def last_piece(asked: Asked, answer: Completion, id: str, created: int, fingerprint: str) -> dict[str, Any]:
    """The last frame, which says why the answer ends and what it took; without the enclave's fields."""
    kind = "chat.completion.chunk" if asked.is_chat else "text_completion"
    choice: dict[str, Any] = {"index": 0, "finish_reason": answer.finish_reason}
    if asked.is_chat:
        choice["delta"] = {}
    else:
        choice["text"] = ""
    return {**head(asked, kind, id, created, fingerprint), "choices": [choice], "usage": usage(answer)}


def head(asked: Asked, kind: str, id: str, created: int, fingerprint: str) -> dict[str, Any]:
    """What every response and frame has."""
    return {"id": id, "object": kind, "created": created, "model": asked.model, "system_fingerprint": fingerprint}


def usage(answer: Completion) -> dict[str, int]:
    """Tokens that an answer took."""
    total = answer.tokens_in + answer.tokens_out
    return {"prompt_tokens": answer.tokens_in, "completion_tokens": answer.tokens_out, "total_tokens": total}


def signed_text(answer: Completion) -> str:
    """What the enclave signs of an answer: its text, or its tool calls."""
    if answer.finish_reason == TOOL_CALLS:
        return json.dumps(list(answer.tool_calls), sort_keys=True)
    return answer.text


def frame(value: Mapping[str, Any]) -> bytes:
    """An event of a stream."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"
