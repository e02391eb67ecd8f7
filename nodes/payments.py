"""What gateway and facilitator record: payments from demand to settlement, and answers that a language model gave."""

from __future__ import annotations

from dataclasses import dataclass

from nodes.records import Record, event


@event(group="tasks", subjects=("gateway", "caller"), says="{gateway} asks {caller} to pay[: {reason}]")
@dataclass(frozen=True, slots=True)
class PaymentDemanded(Record):
    """A gateway answered 402. `reason` is empty where nothing was paid, and else what is wrong with the payment."""

    gateway: str
    caller: str
    reason: str


@event(
    group="tasks", subjects=("gateway",), says="{gateway} opens session {session} of {payer:who}, at most {cap:opg} OPG"
)
@dataclass(frozen=True, slots=True)
class SessionOpened(Record):
    """A payment was found good: answers are charged to it until it is settled."""

    gateway: str
    session: str
    payer: str
    cap: str
    deadline: int
    """Unix second at which the payer's signature expires."""


@event(
    group="tasks",
    subjects=("gateway", "caller"),
    says="{gateway} answers {caller}: {model}, {tokens_in} + {tokens_out} tokens, {cost:opg} OPG",
)
@dataclass(frozen=True, slots=True)
class TextServed(Record):
    """A language model answered, and it was signed. `cost` is what it is worth, whether or not it is paid."""

    gateway: str
    caller: str
    session: str
    model: str
    tokens_in: int
    tokens_out: int
    cost: str
    input_hash: str
    output_hash: str
    timestamp: int
    """Unix second that the enclave signed."""
    took_s: float
    """From the request's arrival to the end of the answer."""
    first_s: float
    """From the request's arrival to the first part of the answer; of an answer in one piece, to all of it."""
    model_s: float
    """Of that, how long the gateway waited for the language model, and its client for parts in their time."""
    streamed: bool
    heard: bool
    """Whether the client was there to the end, as far as it can be told."""


@event(
    group="tasks", subjects=("gateway",), says="{gateway} serves {cost:opg} OPG of session {session} unpaid: {reason}"
)
@dataclass(frozen=True, slots=True)
class ServedUnpaid(Record):
    """An answer went out, and nobody will pay for it: ``cap``, ``hung up``, or ``failed`` settlement."""

    gateway: str
    session: str
    cost: str
    reason: str


@event(
    group="tasks", subjects=("gateway",), says="{gateway} has session {session} settled at {amount:opg} OPG, job {job}"
)
@dataclass(frozen=True, slots=True)
class SessionClosed(Record):
    """A gateway handed a session to the facilitator, which took it on."""

    gateway: str
    session: str
    amount: str
    answers: int
    job: str


@event(
    group="tasks",
    subjects=("facilitator",),
    says="{facilitator} collects {amount:opg} OPG of {payer:who}: {status}[, {reason}] (job {job})",
)
@dataclass(frozen=True, slots=True)
class PaymentSettled(Record):
    """A job of the facilitator's ended: ``succeeded`` or ``failed``."""

    facilitator: str
    job: str
    payer: str
    amount: str
    status: str
    reason: str
    transaction: str
    """Its hash on the payment chain; empty if it never got there."""


@event(
    group="tasks",
    subjects=("facilitator",),
    says="{facilitator} moves channels by {function}, {amount:opg} OPG: {status}[, {reason}]",
)
@dataclass(frozen=True, slots=True)
class ChannelMoved(Record):
    """A transaction of a facilitator to the contract with the channels ended: ``succeeded`` or ``failed``.

    `amount` is the deposit, the payout or the refund; of claims, what is claimed on their channels all told.
    """

    facilitator: str
    function: str
    channel: str
    """Its id; empty if it is about several."""
    payer: str
    """Whose money moved; of a payout, who got it."""
    amount: str
    status: str
    reason: str
    transaction: str


@event(
    group="batches",
    subjects=("facilitator",),
    says="{facilitator} records {count} inferences under {root:id}, blob {blob}[: {error}]",
)
@dataclass(frozen=True, slots=True)
class BatchRecorded(Record):
    """A facilitator published inferences and had their root recorded; `error` is empty if that succeeded."""

    facilitator: str
    root: str
    blob: str
    count: int
    error: str
    outputs: list[tuple[str, int]]
    """Output hash and time of each inference, as its enclave signed them."""


@event(
    group="batches",
    subjects=("auditor",),
    says="{auditor} audits {count} inferences under {root:id}: {reason:or all signed}[, {unsigned} of them]",
)
@dataclass(frozen=True, slots=True)
class BatchAudited(Record):
    """An auditor held a batch against the blob store and the registry. `reason` is empty if nothing is wrong."""

    auditor: str
    root: str
    count: int
    unsigned: int
    """Leaves that no enclave in service signed."""
    reason: str
