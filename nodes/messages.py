"""What participants say to each other over the network.

Sizes decide how long a message takes over a link: tensors count in full, everything else as a small
fixed header.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from chain.formats.claims import Claim
from chain.quantities import BatchId, TaskId, Wei
from chain.seam import Log
from nodes.http import HttpChunk, HttpRequest, HttpResponse, HungUp

HEADER_BYTES = 256
"""Assumed size of a message without its tensors (assumption)."""


@dataclass(frozen=True, slots=True)
class ChainReorg:
    """The chain's last blocks were replaced: what they held is undone, until it is mined again."""

    depth: int


@dataclass(frozen=True, slots=True)
class Voucher:
    """A client's signed promise: `node` may draw up to `cumulative` in total from its escrow (EIP-712)."""

    client: str
    cumulative: Wei
    price: Wei
    """What each inference of the node's costs the client at least: its refund, whatever a claim says of its fee."""
    signature: bytes


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """A client asks for an inference."""

    task: TaskId
    model: str
    value: np.ndarray
    fee: Wei
    voucher: Voucher | None

    @property
    def size_bytes(self) -> int:
        """Bytes on the wire."""
        return HEADER_BYTES + self.value.nbytes


@dataclass(frozen=True, slots=True)
class InferenceAnswer:
    """An inference node's answer, signed over task, model, input hash and output hash."""

    task: TaskId
    output: np.ndarray
    signature: bytes
    attachments: tuple[bytes, ...] = ()
    """What proves the answer, where the strategy asks for it."""

    @property
    def size_bytes(self) -> int:
        """Bytes on the wire."""
        return HEADER_BYTES + self.output.nbytes + sum(map(len, self.attachments))


PAYMENT_REQUIRED = "payment required"
ESCROW_EMPTY = "escrow empty"
"""Reason of a refusal: the client has not promised enough."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An inference node will not do it, and says why."""

    task: TaskId | BatchId
    """Or the batch that it does not have."""
    reason: str
    size_bytes: int = HEADER_BYTES


@dataclass(frozen=True, slots=True)
class VoucherDelivery:
    """A client that pays after the answer pays."""

    task: TaskId
    voucher: Voucher
    size_bytes: int = HEADER_BYTES


@dataclass(frozen=True, slots=True)
class BatchQuery:
    """Somebody wants to see what is behind a batch's root."""

    batch: BatchId
    size_bytes: int = HEADER_BYTES


@dataclass(frozen=True, slots=True)
class BatchData:
    """Every claim of a batch with the tensors behind its hashes, in leaf order."""

    batch: BatchId
    claims: tuple[Claim, ...]
    inputs: tuple[np.ndarray, ...]
    outputs: tuple[np.ndarray, ...]
    attachments: tuple[bytes, ...] = ()
    """What proves the claims, each once; a claim's evidence hash says which is whose."""

    @property
    def size_bytes(self) -> int:
        """Bytes on the wire."""
        tensors = sum(tensor.nbytes for tensor in self.inputs + self.outputs)
        return HEADER_BYTES * (1 + len(self.claims)) + tensors + sum(map(len, self.attachments))


@dataclass(frozen=True, slots=True)
class ClaimQuery:
    """A client asks which claim was made of its task."""

    task: TaskId
    size_bytes: int = HEADER_BYTES


@dataclass(frozen=True, slots=True)
class ClaimProof:
    """The claim made of a task, with its Merkle proof against the batch's root."""

    batch: BatchId
    claim: Claim
    proof: tuple[bytes, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes on the wire."""
        return HEADER_BYTES + 32 * len(self.proof)


Message: TypeAlias = (
    InferenceRequest
    | InferenceAnswer
    | Refusal
    | VoucherDelivery
    | BatchQuery
    | BatchData
    | ClaimQuery
    | ClaimProof
    | HttpRequest
    | HttpResponse
    | HttpChunk
    | HungUp
)


class Envelope(NamedTuple):
    """What a mailbox holds: a message from a peer, or a log or a reorg from the chain (`sender` is ``chain``).

    A tuple, because one is made for every message.
    """

    sender: str
    message: Message | Log | ChainReorg
    request: int = 0
    """Number to reply to; 0 when no reply is waited for."""
    reply_to: int = 0
    """Number of the request that it answers; 0 if it answers none."""
