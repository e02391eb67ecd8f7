"""One piece of ezkl's work in a process of its own: ``python -m nodes.proofs.circuits.worker JOB``.

ezkl holds Python's lock while it proves, and can end its process, so nothing long runs in ours. JOB is JSON:
``do`` and what that takes. The result is renamed into place when it is whole; the last line printed says what
went wrong. Work files go into the current directory.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from chain.files import write_whole
from nodes.proofs.circuits import library


def prove(ezkl: Any, job: dict[str, Any]) -> bytes:
    """Prove that the circuit maps ``input`` to its output; or try to for ``claimed`` outputs, which gives a bad proof.

    The result is JSON: ``proof`` and ``instances`` as hex, and the CPU seconds of witness, proof and verification.
    """
    Path("input.json").write_text(json.dumps({"input_data": [job["input"]]}))
    started = time.process_time()
    ezkl.gen_witness("input.json", job["compiled"], "witness.json")
    witnessed = time.process_time()
    if job["claimed"]:
        witness = json.loads(Path("witness.json").read_text())
        Path("witness.json").write_text(json.dumps({**witness, "outputs": [job["claimed"]]}))
    begun = time.process_time()
    ezkl.prove("witness.json", job["compiled"], job["pk"], "proof.json", job["srs"])
    proven = time.process_time()
    with suppress(RuntimeError):  # how ezkl refuses a proof
        ezkl.verify("proof.json", job["settings"], job["vk"], job["srs"])
    verified = time.process_time()
    made = json.loads(Path("proof.json").read_text())
    seconds = {"witness_s": witnessed - started, "prove_s": proven - begun, "verify_s": verified - proven}
    return json.dumps({"proof": made["hex_proof"], "instances": made["instances"][0], **seconds}).encode()


def setup(ezkl: Any, job: dict[str, Any]) -> bytes:
    """The proving key. It and the verifying key follow from circuit and SRS alone."""
    ezkl.setup(job["compiled"], "vk", "pk", job["srs"])
    return Path("pk").read_bytes()


def verifier(ezkl: Any, job: dict[str, Any]) -> bytes:
    """Solidity source of the contract that verifies a circuit's proofs."""

    async def create() -> None:
        # Fails for want of a compiler of its own, after it has written the source.
        with suppress(RuntimeError):
            await ezkl.create_evm_verifier(job["vk"], job["settings"], "verifier.sol", "abi.json", job["srs"], False)

    asyncio.run(create())
    return Path("verifier.sol").read_bytes()


JOBS = {work.__name__: work for work in (prove, setup, verifier)}


def main(text: str) -> int:
    """Do a job."""
    job = json.loads(text)
    target = Path(job["target"])
    try:
        result = JOBS[job["do"]](library.load(), job)
    except Exception as error:
        print(error, flush=True)
        return 1
    write_whole(target, result)
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1])
    os._exit(status)  # ezkl's threads may crash a process that ends in good order
