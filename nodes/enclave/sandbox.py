"""The inside of a simulated enclave: it stands by what was computed in it, and by nothing else.

Isolation cannot be real here, so it is a rule of the engine: an enclave signs an answer if its own device computed
it, from that input, by the reference model, which is what its measurement stands for. Behaviours that break this
rule say so in the ground truth: they hold a key that should never have left an enclave.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nodes.effects import Execute, Purpose, SignResponse
from nodes.enclave.enclave import Enclave
from nodes.enclave.evidence import request_hash
from nodes.enclave.signing import SignedResponse
from nodes.models.tensors import tensor_hash

REFERENCE = "fp32"
REMEMBERED = 10_000
"""Answers that may wait for their signature; the oldest go first."""


@dataclass(slots=True)
class Sandbox:
    """An enclave at work."""

    enclave: Enclave
    computed: dict[str, tuple[str, bytes, bytes]] = field(default_factory=dict)
    """Model, input hash and output hash of each task not signed yet, oldest first."""

    def compute(self, effect: Execute, output: np.ndarray) -> None:
        """Remember what the device computed, if it is the kind of thing that the enclave answers for."""
        if effect.purpose is not Purpose.ANSWER or effect.variant != REFERENCE:
            return
        self.computed[effect.task] = (effect.model, tensor_hash(effect.value), tensor_hash(output))
        if len(self.computed) > REMEMBERED:
            del self.computed[next(iter(self.computed))]

    def sign_response(self, effect: SignResponse) -> SignedResponse | None:
        """Sign an answer once; ``None`` for one that was not computed here."""
        claimed = (effect.model, effect.input_hash, effect.output_hash)
        if self.computed.get(effect.task) != claimed:
            return None
        del self.computed[effect.task]
        return sign_response(self.enclave, effect)


def sign_response(enclave: Enclave, effect: SignResponse) -> SignedResponse:
    """Sign an answer without asking where it comes from: for a sandbox, and for who holds its key."""
    request = request_hash(bytes.fromhex(effect.task[2:]), effect.model_hash, effect.input_hash)
    return enclave.respond(request, effect.output_hash, effect.timestamp)
