"""What participants record in the event log, ground truth about cheating included.

A record's `kind` in the log is its class name in snake case. Fields are plain JSON values, so that
a reader needs no code of ours: ids and hashes are ``0x`` hex, amounts are wei as strings (they exceed
what JSON readers hold exactly), times are simulated seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar


class Record:
    """Base of everything that goes into the event log."""

    __slots__ = ()
    kind: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()


@dataclass(frozen=True, slots=True)
class TaskSent(Record):
    """A client sent a request. Soft latency begins."""

    client: str
    task: str
    node: str
    model: str
    fee: str


@dataclass(frozen=True, slots=True)
class TermsSet(Record):
    """On what terms a client is about to ask.

    `mode` is the proof that it wants, empty where it has no choice; `value` what the answer is worth to it, in wei; and
    `waits` whether it acts on the answer only when that is final.
    """

    client: str
    task: str
    mode: str
    value: str
    waits: bool


@dataclass(frozen=True, slots=True)
class TaskAnswered(Record):
    """A client holds a correctly signed answer. Soft latency ends."""

    client: str
    task: str
    node: str


@dataclass(frozen=True, slots=True)
class TaskFailed(Record):
    """A client got no usable answer: `reason` is ``timeout``, ``bad signature`` or the node's refusal."""

    client: str
    task: str
    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class ExtraTask(Record):
    """A client asks for `task` only to verify; no other participant reads this.

    `of` is the task to which it wants another node's answer too; it is empty for a probe.
    """

    client: str
    task: str
    of: str


@dataclass(frozen=True, slots=True)
class ClaimMade(Record):
    """An inference node put a claim into its open batch."""

    node: str
    task: str
    model: str
    output_hash: str


@dataclass(frozen=True, slots=True)
class BatchBuilt(Record):
    """An inference node closed a batch and is about to post its root. `tasks` are in leaf order."""

    node: str
    batch: str
    tasks: list[str]


@dataclass(frozen=True, slots=True)
class ClaimChecked(Record):
    """A full node formed a verdict on a claim: ``valid``, ``invalid`` or ``abstain``."""

    node: str
    batch: str
    task: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Sealed(Record):
    """An inference node showed evidence for an answer: that the enclave `tee` (its id) stands by it."""

    node: str
    task: str
    tee: str


@dataclass(frozen=True, slots=True)
class CircuitAnswered(Record):
    """A circuit answered in the place of its model.

    `deviation` is the largest distance of its outputs from the model's; `agrees`: whether both have the same largest.
    """

    node: str
    task: str
    deviation: float
    agrees: bool


@dataclass(frozen=True, slots=True)
class Proving(Record):
    """An inference node began to prove a claim: it waits so many seconds for a prover, which then takes so many."""

    node: str
    task: str
    model: str
    waits_s: float
    takes_s: float


@dataclass(frozen=True, slots=True)
class EvidenceChecked(Record):
    """A full node judged a claim's evidence without executing anything.

    `fault` is what it found wrong, empty if nothing; `seconds` is the modelled time that it took.
    """

    node: str
    batch: str
    task: str
    fault: str
    seconds: float


@dataclass(frozen=True, slots=True)
class DutyFailed(Record):
    """A full node could not do its duty on a batch, and why."""

    node: str
    batch: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cheated(Record):
    """Ground truth: a behaviour acted dishonestly. No strategy and no participant reads this.

    `act` is what was falsified (``answer``, ``check``, ``vote``, ``reveal``, ``inclusion``, ``payment``) or misused
    (``delay``, ``stake``, ``beacon``, ``ransom``, ``front_run``, ``wash``, ``flood``); `subject` is the task, batch,
    round or transaction concerned.
    """

    node: str
    behaviour: str
    act: str
    subject: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ErrorForced(Record):
    """Ground truth: a node posted a wrong claim because the protocol told it to. No other participant reads this."""

    node: str
    batch: str
    task: str


@dataclass(frozen=True, slots=True)
class SidePayment(Record):
    """Ground truth: money that changed hands off chain, such as a bribe.

    `payer` and `payee` are names; an empty one is somebody outside the network. `amount` is in wei.
    """

    payer: str
    payee: str
    amount: str
    why: str
    subject: str


@dataclass(frozen=True, slots=True)
class Decided(Record):
    """A participant with interests chose what to do about a task, or changed its mind.

    `expected` is what it believed each action to be worth, in OPG; an action it had never tried is missing.
    """

    node: str
    behaviour: str
    subject: str
    """The task; of a change of mind the kind of decision, which may be empty."""
    action: str
    explored: bool
    """Whether it chose against what it believed, to find out."""
    expected: dict[str, float]


@dataclass(frozen=True, slots=True)
class Perturbed(Record):
    """Ground truth: an output differs in its last digits, by an honest node's hardware or by an adversary's design."""

    node: str
    task: str
    deviation: float
    """Largest absolute difference over the standard deviation of the clean output."""
