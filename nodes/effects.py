"""What a participant can ask the world to do.

A participant is a generator: it yields an effect, the engine carries it out and sends the answer back.
Node code does nothing by itself, so it reads top to bottom, is the same at every pace and over every
transport, and is tested by sending answers into the generator. The last line of each docstring says
what the effect answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, TypeAlias

import numpy as np

from chain.formats.claims import Claim, task_name
from chain.quantities import TaskId, Wei
from chain.seam import Call
from nodes.gateway.completion import Generation
from nodes.messages import Envelope, Message
from nodes.records import Record


class Purpose(StrEnum):
    """Why a model is executed."""

    ANSWER = "answer"
    CHECK = "check"


class Verdict(IntEnum):
    """What a verifier says of a claim. To abstain is not to say no."""

    ABSTAIN = 0
    VALID = 1
    INVALID = 2


@dataclass(frozen=True, slots=True)
class Execute:
    """Run a model on an input, on this participant's own device.

    Answers `nodes.models.execution.Execution`, once the device has got round to it, or at once ``None`` for a circuit
    that cannot take the input.
    """

    model: str
    value: np.ndarray
    purpose: Purpose
    task: TaskId
    variant: str = "fp32"


@dataclass(frozen=True, slots=True)
class Arrange:
    """Arrange claims as the leaves of a batch's tree. Answers the claims, as they are laid out and numbered."""

    claims: tuple[Claim, ...]

    @property
    def subject(self) -> str:
        """Task of the first claim."""
        return task_name(self.claims[0].task)


@dataclass(frozen=True, slots=True)
class Check:
    """Form a verdict on a claim by following `procedure`, an honest verifier's own steps.

    Answers `Verdict`.
    """

    node: str
    """Who made the claim."""
    claim: Claim
    task: TaskId
    procedure: Callable[[], Steps]
    assigned: bool = True
    """Whether the protocol asks for the verdict; otherwise the node checks voluntarily, and may challenge."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message and forget it. Answers ``None`` at once."""

    peer: str
    message: Message


@dataclass(frozen=True, slots=True)
class Request:
    """Send a message and wait for its reply. Answers the reply, or ``None`` after `timeout_s`."""

    peer: str
    message: Message
    timeout_s: float
    again_s: float = math.inf
    """How often to send it again while there is no reply, for what may be asked twice: messages get lost."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer a request that was received. Answers ``None`` at once."""

    to: Envelope
    message: Message


@dataclass(frozen=True, slots=True)
class Receive:
    """Take the next message or chain log out of the mailbox. Answers `Envelope`, when there is one."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Have chain logs of these events put into the mailbox from now on. Answers ``None``."""

    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Read the logs of these events about batches that are not final, off the chain as it stands.

    They do not arrive again, even if they are on their way. Answers a tuple of `chain.seam.Log`, oldest first.
    """

    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Submit:
    """Put a transaction into the mempool and wait until it is in a block.

    Answers its `chain.seam.Receipt`; a revert is in the receipt.
    """

    call: Call
    subject: str = ""
    """Id of the task or batch that it is about."""


@dataclass(frozen=True, slots=True)
class Read:
    """Call a contract's view at the head. Answers what it returns, or ``None`` if it reverts."""

    contract: str
    function: str
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Simulate:
    """Try a transaction on the chain as it stands. Answers the `chain.seam.Revert` that it ends in, or ``None``."""

    call: Call


@dataclass(frozen=True, slots=True)
class Provide:
    """Give the stand-in of a native function its answer to calldata, or take it back (``None``). Answers ``None``."""

    question: bytes
    answer: bytes | None


@dataclass(frozen=True, slots=True)
class ProvideAgain:
    """Write what was given by `Provide`, or taken back, once more: a reorg has undone the last of it.

    Answers ``None``.
    """


@dataclass(frozen=True, slots=True)
class Look:
    """Look a model up among those at hand. Answers `nodes.models.described.Described`, or ``None``."""

    model: str


@dataclass(frozen=True, slots=True)
class Learn:
    """Take in an ONNX file as a model of that name. Answers what is wrong with it; empty if it can be used."""

    model: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Pending:
    """Wait for this producer's next slot with something in the mempool.

    Answers the pending calls, oldest first, as a tuple of `chain.seam.Call`.
    """


@dataclass(frozen=True, slots=True)
class Mine:
    """Build a block out of pending calls, and one's own; those left out stay pending. Answers `chain.seam.Block`."""

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """Sign a 32-byte digest with this participant's key. Answers 65 bytes."""

    digest: bytes


@dataclass(frozen=True, slots=True)
class Pay:
    """Sign a voucher that raises what `node` may draw in total from this client's escrow.

    Answers `nodes.messages.Voucher`, or ``None`` if the client does not pay.
    """

    node: str
    cumulative: Wei
    price: Wei
    """The least that an inference of the node's costs this client."""
    task: TaskId


@dataclass(frozen=True, slots=True)
class Attest:
    """Have this participant's enclave attested now, with a nonce of whoever wants to see that it is fresh.

    Answers `nodes.enclave.enclave.Attestation`, or ``None`` if it has no enclave.
    """

    nonce: bytes = b""


@dataclass(frozen=True, slots=True)
class SignResponse:
    """Have this participant's enclave stand by an answer that was computed in it, at a Unix second.

    Answers `nodes.enclave.signing.SignedResponse`, or ``None`` if the enclave did not compute that.
    """

    task: TaskId
    model: str
    model_hash: bytes
    input_hash: bytes
    output_hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Complete:
    """Have a language model answer an OpenAI request; wait for it. Answers `nodes.gateway.completion.Generation`."""

    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Begin:
    """Have a language model begin to answer an OpenAI request. Answers `nodes.gateway.completion.Generation`."""

    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NextPart:
    """Wait for the next part of an answer. Answers an OpenAI delta, or ``None`` when it is over."""

    generation: Generation


@dataclass(frozen=True, slots=True)
class StopGeneration:
    """Let a language model stop in the middle of an answer. Answers ``None``."""

    generation: Generation


@dataclass(frozen=True, slots=True)
class SignText:
    """Have this participant's enclave stand by a language model's answer, at a Unix second.

    Answers `nodes.enclave.signing.SignedResponse`, or ``None`` if it has no enclave.
    """

    canonical: Mapping[str, Any]
    """The request, in the form that is hashed; see `nodes.enclave.canonical`."""
    text: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class Unseal:
    """Have this participant's enclave open a request that came by way of a relay.

    Answers `nodes.enclave.ohttp.Opened`, or ``None`` if it has no enclave, or not the key.
    """

    sealed: bytes


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Have this participant's enclave show that it is alive. Answers timestamp and signature, or ``None``."""

    timestamp: int


@dataclass(frozen=True, slots=True)
class Prove:
    """Prove, on one of this participant's provers, that a model's circuit makes an output of an input.

    Answers `nodes.proofs.prover.Proof`, once a prover has got round to it and has made it.
    """

    task: TaskId
    model: str
    value: np.ndarray
    output: np.ndarray
    """What was claimed."""
    variant: str = "fp32"
    """Of the model, whose circuit to use."""
    forge: bool = False
    """Whether to write what was claimed into the witness, whatever the circuit makes of the input."""


@dataclass(frozen=True, slots=True)
class Verify:
    """Verify a packed proof off chain. Answers `nodes.proofs.prover.Verified`; the asker has to wait as long."""

    model: str
    value: np.ndarray
    output: np.ndarray
    proof: bytes


@dataclass(frozen=True, slots=True)
class Sleep:
    """Let simulated time pass. Answers ``None``, if at all."""

    seconds: float
    about: str = ""
    """What these steps are about, if there is nothing left for them to do once that is over: `Over` ends them then."""


@dataclass(frozen=True, slots=True)
class Over:
    """Something is over: end all steps that sleep with nothing else to do. Answers ``None``."""

    about: str


@dataclass(frozen=True, slots=True)
class Now:
    """Answers simulated seconds since the run began."""


@dataclass(frozen=True, slots=True)
class ChainTime:
    """Answers the Unix time that the chain is at, as far as this participant can tell: deadlines are in it.

    It goes by the blocks that it heard, however wrong its own clock is, and by its own clock before the first of them.
    """


@dataclass(frozen=True, slots=True)
class ReadPrice:
    """Answers what one OPG is worth now, over what it was worth when the run began."""


@dataclass(frozen=True, slots=True)
class Spawn:
    """Go on with other steps at the same time. Answers ``None`` at once."""

    steps: Steps
    duty: str = ""
    """What they are part of, for `Abandon`; that of the steps that spawn them if empty."""


@dataclass(frozen=True, slots=True)
class Abandon:
    """End all steps that are part of a duty, wherever they are. Answers ``None``."""

    duty: str


@dataclass(frozen=True, slots=True)
class Note:
    """Write a record into the event log. Answers ``None``."""

    record: Record


Effect: TypeAlias = (
    Execute
    | Arrange
    | Check
    | Send
    | Request
    | Reply
    | Receive
    | Subscribe
    | ReadBack
    | Submit
    | Read
    | Simulate
    | Provide
    | ProvideAgain
    | Look
    | Learn
    | Pending
    | Mine
    | Sign
    | Pay
    | Attest
    | SignResponse
    | SignText
    | Unseal
    | Complete
    | Begin
    | NextPart
    | StopGeneration
    | Heartbeat
    | Prove
    | Verify
    | Sleep
    | Over
    | Now
    | ChainTime
    | ReadPrice
    | Spawn
    | Abandon
    | Note
)

Steps: TypeAlias = Generator[Effect, Any, Any]
"""A participant's protocol, or a part of one."""
