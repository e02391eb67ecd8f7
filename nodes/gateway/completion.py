"""What a language model answers, and a small built-in one that is none: it echoes, so that clients can be tried out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

CHAT, COMPLETION = "/v1/chat/completions", "/v1/completions"
"""Where a language model is asked."""

STOP, LENGTH, TOOL_CALLS = "stop", "length", "tool_calls"
"""Why an answer ends."""

DEFAULT_TOKENS = 256
"""Longest answer where the request names no length (assumption)."""

Tell: TypeAlias = Callable[[Callable[[], None]], None]
"""Has something done in the engine's thread, soon."""

_TOKEN = re.compile(r"\s*(?:\w+|[^\w\s])|\s+")


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer: pieces of text, or calls of tools."""

    pieces: tuple[str, ...]
    finish_reason: str
    tokens_in: int
    tokens_out: int
    tool_calls: tuple[dict[str, Any], ...] = ()

    @property
    def text(self) -> str:
        """The pieces together."""
        return "".join(self.pieces)

    @property
    def parts(self) -> list[dict[str, Any]]:
        """As OpenAI's deltas."""
        if self.tool_calls:
            return [{"tool_calls": [{"index": i, **call} for i, call in enumerate(self.tool_calls)]}]
        return [{"content": piece} for piece in self.pieces]


@dataclass(eq=False)
class Generation:
    """An answer in the making, as the engine's thread knows it."""

    tokens_in: int = 0
    parts: list[dict[str, Any]] = field(default_factory=list)
    """What was said so far, as OpenAI's deltas."""
    tokens_out: int = 0
    completion: Completion | None = None
    """What it came to, when it is over."""
    refusal: str = ""
    """Why there is no answer: the model cannot do what it is asked for."""
    failure: str = ""
    """Why there is none, though the model tried."""
    is_unwanted: bool = False
    """Whether nobody waits any more."""
    heard: int = 0
    """Parts that whoever waits has had."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self.completion is not None or bool(self.refusal or self.failure)

    @property
    def so_far(self) -> Completion:
        """What it came to, or would if it ended here."""
        pieces = tuple(part.get("content", "") for part in self.parts)
        return self.completion or Completion(pieces, LENGTH, self.tokens_in, self.tokens_out)


class LanguageModel(Protocol):
    """Answers requests."""

    fingerprint: str
    """What answers, for ``system_fingerprint``."""
    seconds_per_token: float
    """How fast it speaks, where that is made up; 0 if it takes the time that it takes."""

    def begin(self, body: Mapping[str, Any], tell: Tell) -> Generation:
        """Answer an OpenAI chat or completion request that is well formed: at once, or by and by in another thread.

        Whatever changes in a generation that is not over yet is done by `tell`.
        """
        ...


class Echo:
    """Says what it was told. Calls the first tool if there are tools, and writes JSON if it is asked to.

    Tokens are words and signs. No language model is at work, and the answers say so in ``system_fingerprint``.
    """

    fingerprint = "simnet-echo-1, not a language model"
    seconds_per_token = 0.002
    """Assumption: 500 tokens a second."""

    def begin(self, body: Mapping[str, Any], tell: Tell) -> Generation:
        """Answer a request, at once."""
        completion = self.complete(body)
        return Generation(completion.tokens_in, completion.parts, completion.tokens_out, completion)

    def complete(self, body: Mapping[str, Any]) -> Completion:
        """What it answers."""
        said = heard(body)
        tokens_in = len(tokens_of(said))
        last = last_words(body)
        if (tool := called_tool(body)) is not None:
            arguments = json.dumps(example_of(tool.get("parameters"), last))
            call = {"id": "call_1", "type": "function", "function": {"name": tool["name"], "arguments": arguments}}
            return Completion((), TOOL_CALLS, tokens_in, len(tokens_of(arguments)), (call,))
        text = as_json(body, last) if wants_json(body) else f"You said: {last}"
        return cut(tokens_of(text), body, tokens_in)


def cut(tokens: list[str], body: Mapping[str, Any], tokens_in: int) -> Completion:
    """An answer that is no longer than asked for, and ends before what is to stop it."""
    limit = body.get("max_tokens") or DEFAULT_TOKENS
    kept, reason = (tokens[:limit], LENGTH) if len(tokens) > limit else (tokens, STOP)
    text, stops = "".join(kept), body.get("stop") or ()
    for stop in (stops,) if isinstance(stops, str) else stops:
        if stop and stop in text:
            text, reason = text[: text.index(stop)], STOP
    pieces = tuple(kept) if text == "".join(kept) else tuple(tokens_of(text))
    return Completion(pieces, reason, tokens_in, len(pieces))


def tokens_of(text: str) -> list[str]:
    """Words and signs, each with the space before it; together they are the text."""
    return _TOKEN.findall(text)


def text_of(content: Any) -> str:
    """The text of a message's content, which may come in parts."""
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def heard(body: Mapping[str, Any]) -> str:
    """Everything that the request says."""
    if "prompt" in body:
        return str(body["prompt"])
    return "\n".join(text_of(message.get("content")) for message in body["messages"])


def last_words(body: Mapping[str, Any]) -> str:
    """What was said last."""
    return str(body["prompt"]) if "prompt" in body else text_of(body["messages"][-1].get("content"))


def called_tool(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The function to call: the one that is chosen, or the first, but for the answer to a tool's answer."""
    functions = [tool["function"] for tool in body.get("tools") or () if tool.get("function")]
    choice = body.get("tool_choice")
    if not functions or choice == "none" or (choice != "required" and body["messages"][-1].get("role") == "tool"):
        return None
    named = choice.get("function", {}).get("name") if isinstance(choice, dict) else functions[0]["name"]
    return next((function for function in functions if function["name"] == named), None)


def wants_json(body: Mapping[str, Any]) -> bool:
    """Whether the answer is to be JSON."""
    wanted = body.get("response_format")
    return isinstance(wanted, dict) and wanted.get("type") in ("json_object", "json_schema")


def as_json(body: Mapping[str, Any], said: str) -> str:
    """An object that fits the schema, where there is one."""
    wanted = body["response_format"].get("json_schema")
    schema = wanted.get("schema", wanted) if isinstance(wanted, dict) else None
    return json.dumps(example_of(schema, said) if schema else {"echo": said})


def example_of(schema: Any, said: str, depth: int = 0) -> Any:
    """Something that fits a JSON schema: texts are what was said, numbers 0, lists empty. Knows the common keywords."""
    if not isinstance(schema, dict) or depth > 16:
        return {}
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][0]
    match schema.get("type"):
        case "string":
            return said
        case "integer" | "number":
            return 0
        case "boolean":
            return False
        case "array":
            return []
        case "null":
            return None
    properties = schema.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    return {name: example_of(part, said, depth + 1) for name, part in properties.items()}
