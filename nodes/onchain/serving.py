"""An inference node's half of on-chain inference: ``POST /infer``, as OpenGradient's ONNX node has it.

``{"ipfs_hash", "model_inputs": "{numbers: [{name, values, shape}], strings: [{name, values}]}", "store"}`` is answered
with ``{"output": [{name, shape, result, type}], "model_hash"}``. Values are decimal numbers as text, and `store` names
the participant to fetch models from: those two are ours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from chain.formats.claims import task_name
from chain.hashing import keccak
from nodes.blobs import BLOBS
from nodes.effects import Execute, Learn, Look, Note, Purpose, Reply, Request, Steps
from nodes.http import BadRequest, HttpRequest, HttpResponse, no_route, read_json, refuse, respond
from nodes.messages import Envelope
from nodes.models.described import Described
from nodes.models.graph import Port
from nodes.models.tensors import TEXT, Tensor, parts, record
from nodes.onchain.records import ModelTaken

FETCH_TIMEOUT_S = 10.0
VALUES_MAX = 100_000
"""Numbers and texts of one request, at the most."""


def serve(node: str, envelope: Envelope, request: HttpRequest) -> Steps:
    """Answer one request, as the node of that name."""
    try:
        if (request.method, request.path) != ("POST", "/infer"):
            raise no_route(request)
        response = yield from infer(node, request)
    except BadRequest as error:
        response = refuse(error)
    yield Reply(envelope, response)


def infer(node: str, request: HttpRequest) -> Steps:
    """Run a model on tensors. Raises `BadRequest`."""
    body = request.json()
    model, store = str(body.get("ipfs_hash")), body.get("store")
    described = yield Look(model)
    if described is None:
        described = yield from take_in(node, model, store)
    value = value_of(described, tensors_in(body.get("model_inputs")))
    task = task_name(keccak(request.body))
    execution = yield Execute(model, value, Purpose.ANSWER, task)
    if execution is None:
        raise BadRequest(f"model {model} cannot take this input")
    return respond({"output": list(written(described, execution.output)), "model_hash": described.sha256})


def take_in(node: str, model: str, store: Any) -> Steps:
    """Fetch a model that is not known, and answer what it is like. Raises `BadRequest`."""
    blob: HttpResponse | None = None
    if isinstance(store, str):
        blob = yield Request(store, HttpRequest("GET", f"{BLOBS}/{model}"), FETCH_TIMEOUT_S)
    if blob is None or blob.status != 200:
        raise BadRequest(f"there is no model {model}", 404, "not_found")
    reason = yield Learn(model, blob.body)
    yield Note(ModelTaken(node, model, reason))
    described = yield Look(model)
    if reason or described is None:
        raise BadRequest(f"model {model} cannot be used: {reason}")
    return described


def tensors_in(text: Any) -> dict[str, tuple[Sequence[Any], tuple[int, ...] | None]]:
    """Values and shape of each tensor in a request, by name. Raises `BadRequest`."""
    try:
        said = read_json(str(text).encode())
        given = [*said["numbers"], *said["strings"]]
        found = {one["name"]: (one["values"], tuple(one["shape"]) if "shape" in one else None) for one in given}
    except (ValueError, TypeError, KeyError):
        raise BadRequest("model_inputs are not tensors in JSON") from None
    if sum(len(values) for values, _ in found.values()) > VALUES_MAX:
        raise BadRequest(f"more than {VALUES_MAX} values")
    return found


def value_of(model: Described, given: Mapping[str, tuple[Sequence[Any], tuple[int, ...] | None]]) -> Tensor:
    """What the model takes, from tensors by name. Raises `BadRequest`."""
    takes = ", ".join(f"{port.name} {port.dtype} {list(port.shape)}" for port in model.inputs)
    if given.keys() != {port.name for port in model.inputs}:
        raise BadRequest(f"the model takes {takes}, and not {', '.join(given) or 'nothing'}")
    return record({port.name: tensor(port, *given[port.name]) for port in model.inputs})


def tensor(port: Port, values: Sequence[Any], shape: tuple[int, ...] | None) -> Tensor:
    """One input: of the port's shape, or of that of a batch of one, or without any. Raises `BadRequest`."""
    fitting = len(values) == math.prod(port.shape) and shape in (None, port.shape, (1, *port.shape))
    if not fitting:
        raise BadRequest(f"input {port.name} is of shape {list(port.shape)}, not {list(shape or (len(values),))}")
    try:
        if port.dtype.kind == TEXT:
            return np.array([str(value) for value in values], dtype=np.str_).reshape(port.shape)
        numbers = [Decimal(str(value)) for value in values]
        if port.dtype.kind in "iub":
            if any(number != number.to_integral_value() for number in numbers):
                raise BadRequest(f"input {port.name} is of whole numbers")
            return np.array([int(number) for number in numbers], dtype=port.dtype).reshape(port.shape)
        return np.array([float(number) for number in numbers]).astype(port.dtype).reshape(port.shape)
    except (InvalidOperation, OverflowError, ValueError):
        raise BadRequest(f"input {port.name} holds what is no {port.dtype}") from None


def written(model: Described, output: Tensor) -> Any:
    """Each output as OpenGradient's ONNX node writes it: flat, with its shape."""
    for name, part in zip(model.outputs, parts(output), strict=True):
        shape = (1, *part.shape) if model.is_item else part.shape
        is_text = part.dtype.kind == TEXT
        values = part.ravel().tolist()
        kind = "string" if is_text else str(part.dtype)
        yield {
            "name": name,
            "shape": list(shape),
            "result": values if is_text else [float(v) for v in values],
            "type": kind,
        }
