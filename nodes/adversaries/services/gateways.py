"""Gateways that bill for what they did not serve, or serve what their enclave did not sign."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Complete, NextPart, Reply, Send, SignText, Steps
from nodes.gateway.completion import CHAT, COMPLETION, Generation
from nodes.http import HttpChunk, HttpRequest, HttpResponse, respond
from nodes.identity import Role


class Overbiller(Behaviour):
    """Bill for more tokens than an answer has."""

    kind: ClassVar[str] = "overbiller"
    role: ClassVar[Role] = Role.GATEWAY
    defeats: ClassVar[str] = "clients who do not count, up to the most that they signed for"
    stopped_by: ClassVar[str] = "clients who count tokens, after the first answer"
    shows_in: ClassVar[str] = "text_served"

    factor: int = Field(default=2, ge=2, le=1000, description="tokens billed for each that is served")

    @on(Complete)
    def count(self, effect: Complete) -> Steps:
        """Say of an answer in one piece that it is longer than it is."""
        generation = yield effect
        yield from self.inflate(generation)
        return generation

    @on(NextPart)
    def count_parts(self, effect: NextPart) -> Steps:
        """Say so at the end of a stream."""
        part = yield effect
        if part is None:
            yield from self.inflate(effect.generation)
        return part

    def inflate(self, generation: Generation) -> Steps:
        """Have it be longer, if there is one."""
        if generation.completion is not None:
            longer = generation.completion.tokens_out * self.factor
            generation.completion = replace(generation.completion, tokens_out=longer)
            yield self.cheated("bill", str(longer))


class NeverDelivers(Behaviour):
    """Charge for answers, and keep them back."""

    kind: ClassVar[str] = "never_delivers"
    role: ClassVar[Role] = Role.GATEWAY
    defeats: ClassVar[str] = "clients, up to the most that they signed for"
    stopped_by: ClassVar[str] = "nothing here: a client can leave, and signs for 0.1 OPG at a time"
    shows_in: ClassVar[str] = "text_served"

    @on(Reply)
    def keep_back(self, effect: Reply) -> Steps:
        """Answer with an error what is charged already."""
        request, response = effect.to.message, effect.message
        if not isinstance(request, HttpRequest) or request.path not in (CHAT, COMPLETION):
            return (yield effect)
        if not isinstance(response, HttpResponse) or response.status != 200 or response.streamed:
            return (yield effect)
        yield self.cheated("answer kept", effect.to.sender)
        return (yield replace(effect, message=respond({"error": "the model is busy"}, 500)))

    @on(Send)
    def swallow(self, effect: Send) -> Steps:
        """Send no piece of a stream but its end."""
        chunk = effect.message
        if not isinstance(chunk, HttpChunk):
            return (yield effect)
        if not chunk.is_last:
            return None
        yield self.cheated("answer kept", effect.peer)
        return (yield replace(effect, message=replace(chunk, data=b"data: [DONE]\n\n", number=0)))


class AnswerForger(Behaviour):
    """Have its enclave sign another text than it sends."""

    kind: ClassVar[str] = "answer_forger"
    role: ClassVar[Role] = Role.GATEWAY
    defeats: ClassVar[str] = "clients who do not verify, as `LLM` of opengradient 1.1.4 does not"
    stopped_by: ClassVar[str] = "clients who hold the answer's hash against the signature"
    shows_in: ClassVar[str] = "text_served"

    @on(SignText)
    def sign_another(self, effect: SignText) -> Steps:
        """Sign what was not sent."""
        yield self.cheated("signature", str(effect.timestamp))
        return (yield replace(effect, text=effect.text + "."))
