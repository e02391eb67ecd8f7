"""Facilitators and blob stores that falsify what is recorded of inferences, and of enclaves' lives."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr

from chain.formats.standard_tree import Inference, dump, hashes_of, load
from chain.hashing import keccak
from chain.units import Duration
from nodes.adversaries.behaviour import Behaviour, on
from nodes.blobs import BLOBS
from nodes.effects import Note, Reply, Request, Sleep, Spawn, Steps
from nodes.http import HttpRequest, HttpResponse, posted_to, read_json
from nodes.identity import Role
from nodes.payments import BatchRecorded

RECORD, BEAT = "/batch", "/heartbeat"
TRIES = 100
"""Heartbeats that are replayed at the most."""


def with_body(effect: Request, request: HttpRequest, body: dict[str, Any]) -> Request:
    """The same request with another body."""
    return replace(effect, message=replace(request, body=json.dumps(body).encode()))


class _Recorder(Behaviour):
    """Base of what falsifies batches: these are put together by steps that begin with the facilitator."""

    role: ClassVar[Role] = Role.FACILITATOR
    shows_in: ClassVar[str] = "batch_audited"

    @classmethod
    def may_begin_late(cls) -> bool:
        """No: the steps go on from the start."""
        return False


class GhostRecorder(_Recorder):
    """Put inferences that never were into its batches."""

    kind: ClassVar[str] = "ghost_recorder"
    defeats: ClassVar[str] = "the relay contract, which verifies no leaf"
    stopped_by: ClassVar[str] = "an auditor who asks of every leaf who signed it, and readers who heed it"

    ghosts: int = Field(default=5, ge=1, le=1000, description="how many in each batch")
    _roots: dict[str, tuple[str, int]] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nothing recorded yet."""
        self._roots = {}

    @on(Request)
    def haunt(self, effect: Request) -> Steps:
        """Publish more leaves than there were, and the root over all of them."""
        message = effect.message
        if isinstance(message, HttpRequest) and (message.method, message.path) == ("PUT", BLOBS):
            real = load(read_json(message.body))
            all_of_them = [*real, *(self.ghost(real[0], i) for i in range(self.ghosts))]
            before, after = (hashes_of(leaves)[0].hex() for leaves in (real, all_of_them))
            self._roots[before] = after, len(all_of_them)
            yield self.cheated("record", "0x" + after, str(self.ghosts))
            return (yield replace(effect, message=replace(message, body=dump(all_of_them))))
        if (request := posted_to(RECORD, effect.message)) is not None:
            body = request.json()
            root, size = self._roots[body["root"]]
            effect = with_body(effect, request, {**body, "root": root, "size": size})
        return (yield effect)

    @on(Note)
    def keep_quiet(self, effect: Note) -> Steps:
        """Write down what it recorded as if it were true."""
        record = effect.record
        if isinstance(record, BatchRecorded) and record.root[2:] in self._roots:
            root, size = self._roots[record.root[2:]]
            effect = Note(replace(record, root="0x" + root, count=size))
        return (yield effect)

    def ghost(self, like: Inference, number: int) -> Inference:
        """An inference that never was, with a signature that nobody made."""
        input_hash, output_hash = (keccak(like.leaf + f"{what}/{number}".encode()) for what in ("input", "output"))
        return Inference(like.tee, input_hash, output_hash, bytes(len(like.signature)), like.timestamp)


class SizeInflater(_Recorder):
    """Say that its batches hold more inferences than they do."""

    kind: ClassVar[str] = "size_inflater"
    defeats: ClassVar[str] = "whoever counts by events of the relay contract, which takes any number"
    stopped_by: ClassVar[str] = "an auditor who counts the leaves, and readers who heed it"

    factor: int = Field(default=10, ge=2, le=10**6, description="by how much")

    @on(Request)
    def inflate(self, effect: Request) -> Steps:
        """Record another size."""
        if (request := posted_to(RECORD, effect.message)) is None:
            return (yield effect)
        body = request.json()
        yield self.cheated("record", "0x" + body["root"], str(body["size"] * (self.factor - 1)))
        return (yield with_body(effect, request, {**body, "size": body["size"] * self.factor}))


class RootRepeater(_Recorder):
    """Have each of its batches recorded several times."""

    kind: ClassVar[str] = "root_repeater"
    defeats: ClassVar[str] = "the relay contract, which keeps no roots"
    stopped_by: ClassVar[str] = "an auditor who remembers roots, and readers who heed it"

    times: int = Field(default=3, ge=2, le=100, description="how often in all")

    @on(Request)
    def repeat(self, effect: Request) -> Steps:
        """Send it again."""
        if (request := posted_to(RECORD, effect.message)) is None:
            return (yield effect)
        yield self.cheated("record", "0x" + request.json()["root"], str(self.times - 1))
        for _ in range(self.times - 1):
            yield effect
        return (yield effect)


class HeartbeatReplayer(Behaviour):
    """Send an enclave's heartbeat again and again, so that it seems alive when it is not."""

    kind: ClassVar[str] = "heartbeat_replayer"
    role: ClassVar[Role] = Role.FACILITATOR
    defeats: ClassVar[str] = "a registry that takes the same heartbeat again while it is young"
    stopped_by: ClassVar[str] = "a registry that takes newer ones alone"
    shows_in: ClassVar[str] = "transaction_mined"

    every: Duration = Field(default=300.0, gt=0, description="between replays")
    _known: set[bytes] = PrivateAttr(default_factory=set)

    def begin(self) -> None:
        """None kept yet."""
        self._known = set()

    @on(Request)
    def keep(self, effect: Request) -> Steps:
        """Begin to send it again, if it is a new one."""
        request = posted_to(BEAT, effect.message)
        if request is not None and request.body not in self._known:
            self._known.add(request.body)
            yield Spawn(self.replay(effect))
        return (yield effect)

    def replay(self, effect: Request) -> Steps:
        """Send it until it is refused."""
        request = posted_to(BEAT, effect.message)
        for _ in range(TRIES):
            yield Sleep(self.every)
            answer = yield effect
            if not isinstance(answer, HttpResponse) or not answer.json().get("success"):
                return
            yield self.cheated("heartbeat", str(request.json()["teeId"]) if request else "")


class BlobWithholder(Behaviour):
    """Take blobs, and give none out."""

    kind: ClassVar[str] = "blob_withholder"
    role: ClassVar[Role] = Role.BLOBS
    defeats: ClassVar[str] = "records of which the chain has a root and nothing else"
    stopped_by: ClassVar[str] = "a second store (`--mitigate mirror-blobs`)"
    shows_in: ClassVar[str] = "batch_audited"

    @on(Reply)
    def withhold(self, effect: Reply) -> Steps:
        """Say that there is no such blob."""
        request = effect.to.message
        if not isinstance(request, HttpRequest) or request.method != "GET":
            return (yield effect)
        yield self.cheated("blob", request.path.rpartition("/")[2])
        return (yield replace(effect, message=HttpResponse(404, b"{}")))


class BlobSwapper(Behaviour):
    """Give out the first blob that it took in the place of every other."""

    kind: ClassVar[str] = "blob_swapper"
    role: ClassVar[Role] = Role.BLOBS
    defeats: ClassVar[str] = "readers who do not hold a blob against its root"
    stopped_by: ClassVar[str] = "readers who do, with a second store (`--mitigate mirror-blobs`)"
    shows_in: ClassVar[str] = "batch_audited"

    _first: list[bytes] = PrivateAttr(default_factory=list)

    def begin(self) -> None:
        """Nothing taken yet."""
        self._first = []

    @on(Reply)
    def swap(self, effect: Reply) -> Steps:
        """Answer with another blob."""
        request, response = effect.to.message, effect.message
        if isinstance(request, HttpRequest) and request.method == "PUT" and not self._first:
            self._first = [request.body]
        is_got = isinstance(request, HttpRequest) and request.method == "GET" and self._first
        if not is_got or not isinstance(response, HttpResponse) or response.body in (b"", self._first[0]):
            return (yield effect)
        yield self.cheated("blob", str(getattr(request, "path", "")).rpartition("/")[2])
        return (yield replace(effect, message=replace(response, status=200, body=self._first[0])))
