"""Inferences that a facilitator records one by one, with what was said and who paid.

OpenGradient's third type of settlement, ``individual``: its client had it until 1.1.3, the packages of the server side
have it still. The payload goes into the blob store; the relay contract has the verifier look at the signature.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chain.quantities import Address
from nodes.blobs import BLOBS, id_in
from nodes.effects import Request, Steps
from nodes.facilitator.batching import CALL_TIMEOUT_S, EPOCHS, inference_of
from nodes.facilitator.jobs import FAILED, SUCCEEDED, Job, Jobs
from nodes.http import JSON, HttpRequest

SINGLE = "settlement-single"
"""Name of the queue."""

FIELDS = ("input", "output", "eth_address")
"""What is said of an inference beside what a batch has of it."""

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def payer_in(data: dict[str, Any]) -> Address:
    """Who paid, as the gateway says. Raises `ValueError`."""
    said = str(data["eth_address"])
    if not _ADDRESS.fullmatch(said):
        raise ValueError("eth_address is not an address")
    return Address(said.lower())


@dataclass
class SingleRecorder:
    """Records inferences of a facilitator's jobs."""

    relayer: str
    blobs: str
    jobs: Jobs
    unix: Callable[[], Steps]

    def record(self, job: Job) -> Steps:
        """Publish one, and have it recorded. What fails is not tried again: the verifier takes it for an hour only.

        A crash between the transaction and the note of it has it recorded twice: nothing on chain forbids that.
        """
        inference, payer = inference_of(job.data), payer_in(job.data)
        payload = {
            "input": job.data["input"],
            "output": job.data["output"],
            "teeSignature": "0x" + inference.signature.hex(),
            "teeId": "0x" + inference.tee.hex(),
            "timestamp": str(inference.timestamp),
            "ethAddress": payer,
        }
        put = HttpRequest("PUT", BLOBS, {}, json.dumps(payload).encode(), {"epochs": str(EPOCHS)})
        blob = id_in((yield Request(self.blobs, put, CALL_TIMEOUT_S)))
        if blob is None:
            yield from self.end(job, {"error": "the blob store does not answer"})
            return
        asked = {"inference": inference.as_json(), "payer": payer, "blob": blob}
        request = HttpRequest("POST", "/single", {"content-type": JSON}, json.dumps(asked).encode())
        answer = yield Request(self.relayer, request, CALL_TIMEOUT_S)
        said = answer.json() if answer is not None else None
        done = said if isinstance(said, dict) else {"error": "the relayer does not answer"}
        place = {"walrusBlobId": blob, "transaction": done.get("txHash", "")}
        yield from self.end(job, {**place, **({"error": str(done["error"])} if done.get("error") else {})})

    def end(self, job: Job, result: dict[str, Any]) -> Steps:
        """Write down how a job ended."""
        self.jobs.move(job.id, FAILED if "error" in result else SUCCEEDED, (yield from self.unix()), result)
