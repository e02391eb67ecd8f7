"""The facilitator's data worker: it puts inferences into batches, publishes each, and has its root recorded.

A batch is full with 20 inferences, or when none came for 5 minutes, or when the first is 15 minutes old (inference-
facilitator, its data worker). What is not recorded yet is a job, and outlives a crash.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass

from chain.formats.standard_tree import Inference, dump, hashes_of
from nodes.blobs import BLOBS, id_in
from nodes.effects import Note, Request, Sleep, Steps
from nodes.facilitator.jobs import FAILED, SUCCEEDED, Job, Jobs
from nodes.http import JSON, HttpRequest
from nodes.payments import BatchRecorded

DATA = "settlement-data"
"""Name of the queue."""

EPOCHS = 10
CALL_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """When a batch is recorded. Times are seconds."""

    size: int = 20
    idle_s: float = 300.0
    age_s: float = 900.0
    look_s: float = 1.0


@dataclass
class DataWorker:
    """Makes batches out of a facilitator's jobs."""

    me: str
    relayer: str
    blobs: str
    jobs: Jobs
    terms: BatchTerms
    unix: Callable[[], Steps]
    mirrors: tuple[str, ...] = ()
    """Further stores that get every batch."""

    def run(self) -> Steps:
        """Record what is due, again and again."""
        while True:
            yield Sleep(self.terms.look_s)
            waiting, now = self.jobs.open(DATA), (yield from self.unix())
            if not waiting:
                continue
            is_idle = now - waiting[-1].created >= self.terms.idle_s
            if len(waiting) >= self.terms.size or is_idle or now - waiting[0].created >= self.terms.age_s:
                yield from self.record(waiting[: self.terms.size])

    def record(self, jobs: list[Job]) -> Steps:
        """Publish a batch, then its root. If either fails, the jobs stay where they are, and are tried again.

        A crash between the transaction and the note of it has the batch recorded twice: nothing on chain forbids that.
        """
        inferences = [inference_of(job.data) for job in jobs]
        put = HttpRequest("PUT", BLOBS, {}, dump(inferences), {"epochs": str(EPOCHS)})
        blob = id_in((yield Request(self.blobs, put, CALL_TIMEOUT_S)))
        if blob is None:
            return
        for mirror in self.mirrors:
            yield Request(mirror, put, CALL_TIMEOUT_S)
        root = hashes_of(inferences)[0]
        asked = json.dumps({"root": root.hex(), "size": len(jobs), "blob": blob}).encode()
        answer = yield Request(
            self.relayer, HttpRequest("POST", "/batch", {"content-type": JSON}, asked), CALL_TIMEOUT_S
        )
        said = answer.json() if answer is not None else None
        if not isinstance(said, dict):
            return
        is_done, now = said.get("success") is True, (yield from self.unix())
        result = {"merkleRoot": "0x" + root.hex(), "walrusBlobId": blob, "transaction": said.get("txHash", "")}
        for job in jobs:
            self.jobs.move(job.id, SUCCEEDED if is_done else FAILED, now, result)
        error = "" if is_done else str(said.get("error"))
        outputs = [("0x" + one.output_hash.hex(), one.timestamp) for one in inferences]
        yield Note(BatchRecorded(self.me, "0x" + root.hex(), blob, len(jobs), error, outputs))


def inference_of(data: dict[str, object]) -> Inference:
    """The inference that a gateway described. Raises `ValueError`."""
    hashes = [bytes.fromhex(str(data[name]).removeprefix("0x")) for name in ("tee_id", "input_hash", "output_hash")]
    if any(len(hash_) != 32 for hash_ in hashes):
        raise ValueError("tee_id, input_hash and output_hash are 32 bytes each")
    tee, input_hash, output_hash = hashes
    timestamp = int(str(data["tee_timestamp"]))
    if not 0 <= timestamp < 2**64:
        raise ValueError("tee_timestamp is not a Unix second")
    signature = base64.b64decode(str(data["tee_signature"]), validate=True)
    return Inference(tee, input_hash, output_hash, signature, timestamp)
