"""What OpenGradient's nodes do beside the EVM for a transaction that asks for a model's output.

They simulate it, have the models run that it asks for, and execute it with the outputs (OpenGradient calls that PIPE).
Here whoever brings a transaction simulates it; it fails with ``InferenceMissing``, and the calldata in that comes to
this participant: ``POST /run {"data": "0x…"}``. It asks an inference node and gives the native function's stand-in the
output, or the reason why there is none, for a while.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from chain.formats.onchain import (
    BadQuestion,
    ModelQuestion,
    PriceQuestion,
    Tensors,
    Texts,
    answer_of,
    encode_output,
    question_in,
    refusal_of,
)
from chain.hashing import keccak
from chain.quantities import Timestamp
from nodes.effects import Note, Now, Provide, ProvideAgain, Receive, Reply, Request, Sleep, Spawn, Steps, Subscribe
from nodes.http import JSON, BadRequest, HttpRequest, HttpResponse, no_route, refuse, respond
from nodes.identity import Peer
from nodes.messages import ChainReorg, Envelope
from nodes.onchain.candles import tensor_of
from nodes.onchain.records import OnChainInference

RUN, INFER = "/run", "/infer"
PATIENCE_S = 20.0
"""How long an inference node may take; then another is asked."""

KEPT_S, PRICE_KEPT_S = 120.0, 10.0
"""How long an answer is good for; prices are for a moment only."""

VANILLA = 0
EMITTED = "InferenceResult"
"""Event of what was answered. Who hears of events hears of reorgs."""

NO_NODE = "no inference node answers"


def asking(data: bytes) -> HttpRequest:
    """The request to have calldata answered."""
    return HttpRequest("POST", RUN, {"content-type": JSON}, json.dumps({"data": "0x" + data.hex()}).encode())


@dataclass
class NativeCode:
    """The nodes' native code, for one chain."""

    me: Peer
    nodes: tuple[str, ...]
    """Inference nodes, asked in turn."""
    store: str
    """Where models are found that a node does not know."""
    genesis: Timestamp
    _asked: int = 0
    _fresh: dict[bytes, int] = field(default_factory=dict)
    """How often each question was answered that is kept."""

    def run(self) -> Steps:
        """Answer what transactions ask. A reorg takes answers off the chain: those that are still good return to it."""
        yield Subscribe((EMITTED,))
        while True:
            envelope = yield Receive()
            match envelope.message:
                case HttpRequest() as request:
                    yield Spawn(self.serve(envelope, request))
                case ChainReorg():
                    yield ProvideAgain()

    def serve(self, envelope: Envelope, request: HttpRequest) -> Steps:
        """Have one question answered."""
        try:
            if (request.method, request.path) != ("POST", RUN):
                raise no_route(request)
            data = bytes.fromhex(str(request.json().get("data")).removeprefix("0x"))
            question = question_in(data)[1]
        except (BadRequest, ValueError) as error:
            yield Reply(envelope, refuse(error if isinstance(error, BadRequest) else BadRequest(str(error))))
            return
        began = yield Now()
        answer, node, reason = yield from self.answer(question)
        yield Provide(data, answer)
        mode = question.mode if isinstance(question, ModelQuestion) else VANILLA
        took_s = round((yield Now()) - began, 6)
        hashed = "0x" + keccak(data).hex()
        yield Note(OnChainInference(self.me.name, node, question.model, mode, hashed, took_s, reason))
        self._fresh[data] = self._fresh.get(data, 0) + 1
        yield Spawn(self.forget(data, self._fresh[data], isinstance(question, PriceQuestion)))
        yield Reply(envelope, respond({"reason": reason}))

    def answer(self, question: ModelQuestion | PriceQuestion) -> Steps:
        """What is stored for a question, who answered it, and why there is no output; that is empty if there is one."""
        node = ""
        try:
            value = yield from self.tensors(question)
            node, response = yield from self.ask(question.model, value)
            return answer_of(output_of(response)), node, ""
        except BadQuestion as error:
            return refusal_of(str(error)), node, str(error)

    def tensors(self, question: ModelQuestion | PriceQuestion) -> Steps:
        """What the model is to be run on. Raises `BadQuestion`."""
        if isinstance(question, PriceQuestion):
            return Tensors((tensor_of(question, self.genesis + (yield Now())),))
        if question.mode != VANILLA:
            raise BadQuestion(f"mode {question.mode} needs a proof or an attestation, which is not made here: use 0")
        return question.value

    def ask(self, model: str, value: Tensors) -> Steps:
        """What an inference node answers, and which. Raises `BadQuestion` if none does."""
        body = json.dumps({"ipfs_hash": model, "model_inputs": json.dumps(as_json(value)), "store": self.store})
        request = HttpRequest("POST", INFER, {"content-type": JSON}, body.encode())
        for _ in self.nodes:
            node = self.nodes[self._asked % len(self.nodes)]
            self._asked += 1
            response = yield Request(node, request, PATIENCE_S)
            if response is not None:
                return node, response
        raise BadQuestion(NO_NODE)

    def forget(self, data: bytes, times: int, is_price: bool) -> Steps:
        """Take an answer back once it is old, unless it was given anew meanwhile."""
        yield Sleep(PRICE_KEPT_S if is_price else KEPT_S)
        if self._fresh.get(data) == times:
            del self._fresh[data]
            yield Provide(data, None)


def as_json(value: Tensors) -> dict[str, Any]:
    """Tensors as OpenGradient's ONNX node takes them. A text tensor comes without a shape."""
    numbers = [
        {"name": one.name, "values": [str(number) for number in one.values], "shape": list(one.shape)}
        for one in value.numbers
    ]
    return {"numbers": numbers, "strings": [{"name": one.name, "values": list(one.values)} for one in value.texts]}


def output_of(response: HttpResponse) -> bytes:
    """A node's answer as contracts have it. Raises `BadQuestion` with what the node says is wrong."""
    said = response.json()
    if response.status != 200:
        raise BadQuestion(str(said["error"]["message"]) if isinstance(said, dict) else "the node failed")
    numbers = [(one["name"], one["result"], one["shape"]) for one in said["output"] if one["type"] != "string"]
    texts = [Texts(one["name"], tuple(one["result"])) for one in said["output"] if one["type"] == "string"]
    return encode_output(numbers, texts)
