"""The part of a chat or completion request that an enclave signs, in the form that it hashes.

Rules of OpenGradient's gateway as its client 1.1.4 repeats them (client/tee_verify.py). What is not in here
(tool_choice, n, top_p, seed, …) is not covered by any signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chain.errors import SimnetError

COMPLETION_DEFAULTS = {"temperature": 1, "max_tokens": 16}
"""What a text completion has that does not say."""


class UnsupportedRequest(SimnetError):
    """A request has no canonical form."""

    exit_code = 2


def chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical form of an OpenAI chat request. Raises `UnsupportedRequest`."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        raise UnsupportedRequest("the request has no list of messages")
    canonical = {"messages": [_message(message) for message in messages], **_common(body)}
    if body.get("tools"):
        if not isinstance(body["tools"], list):
            raise UnsupportedRequest("tools are not a list")
        canonical["tools"] = body["tools"]
    if body.get("response_format"):
        canonical["response_format"] = body["response_format"]
    if body.get("web_search"):
        canonical["web_search"] = True
    return canonical


def completion(body: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical form of an OpenAI completion request. Raises `UnsupportedRequest`.

    What is absent is what OpenAI has for it, unlike in a chat; what is null is as in a chat. So has it the gateway
    (OpenGradient/tee-gateway, tee_gateway/models/create_completion_request.py).
    """
    if not isinstance(body.get("prompt"), str):
        raise UnsupportedRequest("the prompt is not a text")
    canonical = {"prompt": body["prompt"], **_common({**COMPLETION_DEFAULTS, **body})}
    return {**canonical, "web_search": True} if body.get("web_search") else canonical


def _common(body: Mapping[str, Any]) -> dict[str, Any]:
    """What requests have besides their messages. The temperature is always a float, so that it is written ``0.0``."""
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise UnsupportedRequest("the request names no model")
    try:
        temperature = float(body.get("temperature") or 0.0)
    except (TypeError, ValueError, OverflowError):
        raise UnsupportedRequest("the temperature is not a number") from None
    common: dict[str, Any] = {"model": body["model"], "temperature": temperature}
    if body.get("max_tokens") is not None:
        common["max_tokens"] = body["max_tokens"]
    if body.get("stop"):
        common["stop"] = body["stop"]
    return common


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    match message.get("role"):
        case "system" | "developer":
            return {"role": "system", "content": content}
        case "user":
            return {"role": "user", "content": _user_content(content)}
        case "assistant":
            calls = message.get("tool_calls")
            if calls and not isinstance(calls, list):
                raise UnsupportedRequest("tool_calls are not a list")
            plain = {"role": "assistant", "content": content or ""}
            return {**plain, "tool_calls": [_tool_call(call) for call in calls]} if calls else plain
        case "tool":
            return {"role": "tool", "content": content, "tool_call_id": message.get("tool_call_id")}
        case "function":
            return {"role": "function", "content": content, "name": message.get("name")}
        case role:
            raise UnsupportedRequest(f"unknown message role {role!r}")


def _tool_call(call: Any) -> dict[str, Any]:
    function = call.get("function", {}) if isinstance(call, dict) else None
    if not isinstance(function, dict):
        raise UnsupportedRequest("a tool call is not an object with a function")
    named = {key: function.get(key, "") for key in ("name", "arguments")}
    return {"id": call.get("id", ""), "type": call.get("type", "function"), "function": named}


def _user_content(content: Any) -> Any:
    """Text is kept; of an attachment only its type and file name count."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else str(content)
    return [_part(part) for part in content]


def _part(part: Any) -> dict[str, Any]:
    if not isinstance(part, dict):
        return {"type": "text", "text": str(part)}
    if part.get("type") == "text":
        return {"type": "text", "text": part.get("text") or ""}
    inside = part.get("file")
    name = (inside.get("filename") if isinstance(inside, dict) else None) or part.get("filename")
    return {"type": part.get("type"), **({"filename": name} if name else {})}
