"""An inference node's part in evidence of enclaves: register one, renew its attestation, have answers signed."""

from __future__ import annotations

from collections.abc import Sequence

from chain.hashing import keccak
from chain.quantities import Gas, Hash32
from chain.seam import Call
from nodes.effects import Attest, ChainTime, Heartbeat, Note, Now, Read, SignResponse, Sleep, Steps, Submit
from nodes.enclave import VALIDATOR
from nodes.enclave.evidence import Evidence
from nodes.enclave.signing import tee_id
from nodes.inference import Answered, InferenceNode, PosterHalf
from nodes.messages import InferenceRequest
from nodes.models.tensors import tensor_hash
from nodes.records import Sealed

REGISTER_GAS = Gas(2_500_000)
HEARTBEAT_GAS = Gas(150_000)
"""Gas that each step may use at the most."""

POST_WITHIN_S = 6.0
"""How long a batch may take to get into a block, if blocks are not full: some block times (assumption)."""

NEWS_S = 10.0
"""How old a node's news from the registry may be (assumption)."""


class EnclavePoster(PosterHalf):
    """Presents a node's enclave."""

    def __init__(self, node: InferenceNode, renew_s: float, heartbeat_s: float, posting_delay_s: float) -> None:
        super().__init__(node)
        self.posting_delay_s = posting_delay_s
        """From an answer to the post of its claim; what comes later is bad evidence, and costs stake."""
        self.renew_s = renew_s
        """How old an attestation may grow before the node asks for another."""
        self.heartbeat_s = heartbeat_s
        self.is_ready = False
        """Whether it is known if the enclave is registered."""
        self.tee: bytes = b""
        """Id of the enclave once it is registered; empty if it never was."""
        self.in_service = False
        self.ask_again_at = 0.0
        """When the registry is asked next whether the enclave is in service."""
        self.document = b""
        """The last attestation; empty without an enclave."""
        self.attest_again_at = 0.0

    def on_start(self) -> Steps:
        """Register the enclave, and show that it is alive from time to time."""
        yield from self.register()
        self.is_ready = True
        while self.tee:
            yield Sleep(self.heartbeat_s)
            beat = yield Heartbeat(int((yield ChainTime())))
            if beat is not None:
                call = Call(self.node.me.address, "TEERegistry", "heartbeat", (self.tee, *beat), HEARTBEAT_GAS)
                yield Submit(call, subject=self.node.me.name)

    def register(self) -> Steps:
        """Register the enclave with a new attestation; after a restart it is registered already."""
        attested = yield Attest()
        if attested is None:
            return
        me = self.node.me
        args = (attested.document, attested.spki, attested.tls_der, me.address, f"https://{me.name}", VALIDATOR)
        call = Call(me.address, "TEERegistry", "registerTEEWithAttestation", args, REGISTER_GAS)
        yield Submit(call, subject=me.name)
        tee = tee_id(attested.spki)
        if (yield Read("TEERegistry", "ownerOf", (tee,))) == me.address:
            self.tee = tee

    def precheck(self, request: InferenceRequest) -> Steps:
        """Waits for the enclave's registration; answers why not to answer: it was refused, or is out of service."""
        while not self.is_ready:
            yield Sleep(0.5)
        if not self.tee:
            return "no enclave"
        now = yield Now()
        if now >= self.ask_again_at:
            self.ask_again_at = now + NEWS_S
            self.in_service = yield Read("TEERegistry", "isTEEEnabled", (self.tee,))
        return "" if self.in_service else "enclave out of service"

    def compose(self, answered: list[Answered]) -> Steps:
        """Leave out what would come too late: nobody pays for it then, but it costs nothing."""
        now = yield ChainTime()
        return [one for one in answered if one.answered_at + self.posting_delay_s >= now + POST_WITHIN_S]

    def post_by(self, answered: Sequence[Answered]) -> int:
        """When the first of them is too late to be claimed."""
        return int(min(one.answered_at for one in answered) + self.posting_delay_s)

    def attach_evidence(self, answered: Answered) -> Steps:
        """Have the enclave sign an answer, and put its attestation beside it."""
        document = yield from self.recent_document()
        request, at = answered.request, answered.answered_at
        model, output = self.node.models[request.model], tensor_hash(answered.output)
        response = yield SignResponse(request.task, request.model, model, tensor_hash(request.value), output, at)
        if response is None or not document:
            return
        said = Evidence(response.tee, response.timestamp, Hash32(keccak(document)), response.signature).pack()
        answered.evidence, answered.attachments = keccak(said), (said, document)
        yield Note(Sealed(self.node.me.name, request.task, "0x" + response.tee.hex()))

    def recent_document(self) -> Steps:
        """Answers an attestation document that is young enough, a new one if need be; nothing without an enclave."""
        now = yield Now()
        if now >= self.attest_again_at:
            attested = yield Attest()
            self.document = attested.document if attested else b""
            self.attest_again_at = now + self.renew_s
        return self.document
