"""What participants record in the event log, ground truth about cheating included.

A record's `kind` in the log is its class name in snake case. Fields are plain JSON values, so that
a reader needs no code of ours: ids and hashes are ``0x`` hex, amounts are wei as strings (they exceed
what JSON readers hold exactly), times are simulated seconds. `event` says what readers show of a kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from string import Formatter
from types import MappingProxyType
from typing import ClassVar, TypeVar

from chain.quantities import BatchId, TaskId

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "run": "the run itself, what is on offer and who takes part",
        "tasks": "requests, answers and claims",
        "messages": "messages between participants",
        "work": "execution and re-execution of models",
        "blocks": "blocks and transactions",
        "batches": "batches from their making to finality",
        "duties": "who was drawn to check what",
        "votes": "what full nodes said about a batch",
        "disputes": "challenges, and what became of them",
        "evidence": "enclaves, attestations and proofs",
        "randomness": "secrets and seeds that draws come from",
        "money": "OPG that moves, stakes and balances",
        "fraud": "ground truth: dishonest acts, dishonest checks apart",
        "shirking": "ground truth: dishonest checks, which are `cheated` with the act `check`",
        "penalties": "rejected claims, slashes and jail",
        "faults": "faults of the network and of participants, reorgs, duties not done",
        "governance": "roles and parameters",
        "other": "whatever has no description",
    }
)
"""The groups by which readers sort records and contract events, and what is in each."""


@dataclass(frozen=True, slots=True)
class Description:
    """What readers show of a kind of record or of contract event.

    `says` is a sentence with fields in braces. After a colon stands how a field is written: ``id`` (shortened), ``who``
    (the participant at an address), ``opg`` (wei as OPG), ``count``, ``span`` (seconds), ``size`` (of a list), ``bits``
    (how many are set), ``text`` (a bytes32 that holds text), ``head`` (up to the first parenthesis), ``or X`` (X in
    place of an empty one), ``besides F`` (of a list what field F does not name), ``if`` (not at all), or a format of
    Python. What stands in brackets is left out when a
    field in it is empty, zero or false.
    """

    group: str
    says: str
    subjects: tuple[str, ...] = ()
    """Fields that name the participants, tasks and batches that it is about."""

    def __post_init__(self) -> None:
        if self.group not in GROUPS:
            raise ValueError(f"no group '{self.group}'; there are {', '.join(GROUPS)}")

    @property
    def named(self) -> tuple[str, ...]:
        """Fields that the sentence has."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.says) if name)


class Record:
    """Base of everything that goes into the event log."""

    __slots__ = ()
    kind: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()


AnyRecord = TypeVar("AnyRecord", bound=Record)

RECORDS: dict[str, tuple[type[Record], Description]] = {}
"""Every described record by its kind; those of the engine, too, once `simnet.log.events` is imported."""


def event(group: str, says: str, subjects: tuple[str, ...] = ()) -> Callable[[type[AnyRecord]], type[AnyRecord]]:
    """Describe a record. Raises `ValueError` for a group or a field that there is not."""

    def describe(record: type[AnyRecord]) -> type[AnyRecord]:
        description = Description(group, says, subjects)
        known = {field.name for field in fields(record)}  # type: ignore[arg-type]
        if unknown := {*description.named, *subjects} - known:
            raise ValueError(f"{record.__name__} has no field {', '.join(sorted(unknown))}")
        RECORDS[record.kind] = record, description
        return record

    return describe


@event(group="tasks", subjects=("client", "node", "task"), says="{client} asks {node} for {model} ({task:id})")
@dataclass(frozen=True, slots=True)
class TaskSent(Record):
    """A client sent a request. Soft latency begins."""

    client: str
    task: TaskId
    node: str
    model: str
    fee: str


@event(
    group="tasks",
    subjects=("client", "task"),
    says="{client} wants {mode:or any} proof of {task:id}[ and waits until it is final{waits:if}]",
)
@dataclass(frozen=True, slots=True)
class TermsSet(Record):
    """On what terms a client is about to ask.

    `mode` is the proof that it wants, empty where it has no choice; `value` what the answer is worth to it, in wei; and
    `waits` whether it acts on the answer only when that is final.
    """

    client: str
    task: TaskId
    mode: str
    value: str
    waits: bool


@event(group="tasks", subjects=("client", "node", "task"), says="{node} has answered {client} ({task:id})")
@dataclass(frozen=True, slots=True)
class TaskAnswered(Record):
    """A client holds a correctly signed answer. Soft latency ends."""

    client: str
    task: TaskId
    node: str


@event(
    group="tasks",
    subjects=("client", "node", "task"),
    says="{client} gets no usable answer from {node}: {reason} ({task:id})",
)
@dataclass(frozen=True, slots=True)
class TaskFailed(Record):
    """A client got no usable answer: `reason` is ``timeout``, ``bad signature`` or the node's refusal."""

    client: str
    task: TaskId
    node: str
    reason: str


@event(
    group="tasks",
    subjects=("client", "task", "of"),
    says="{client} will ask {task:id} only to verify[ the answer to {of:id}]",
)
@dataclass(frozen=True, slots=True)
class ExtraTask(Record):
    """A client asks for `task` only to verify; no other participant reads this.

    `of` is the task to which it wants another node's answer too; it is empty for a probe.
    """

    client: str
    task: TaskId
    of: str


@event(group="tasks", subjects=("node", "task"), says="{node} claims its answer to {task:id}")
@dataclass(frozen=True, slots=True)
class ClaimMade(Record):
    """An inference node put a claim into its open batch."""

    node: str
    task: TaskId
    model: str
    output_hash: str


@event(group="batches", subjects=("node", "batch"), says="{node} closes batch {batch:id} of {tasks:size}")
@dataclass(frozen=True, slots=True)
class BatchBuilt(Record):
    """An inference node closed a batch and is about to post its root. `tasks` are in leaf order."""

    node: str
    batch: BatchId
    tasks: list[TaskId]


@event(group="work", subjects=("node", "task", "batch"), says="{node} finds {task:id} {verdict}")
@dataclass(frozen=True, slots=True)
class ClaimChecked(Record):
    """A full node formed a verdict on a claim: ``valid``, ``invalid`` or ``abstain``."""

    node: str
    batch: BatchId
    task: TaskId
    verdict: str


@event(group="evidence", subjects=("node", "task"), says="{node} shows evidence of enclave {tee:id} for {task:id}")
@dataclass(frozen=True, slots=True)
class Sealed(Record):
    """An inference node showed evidence for an answer: that the enclave `tee` (its id) stands by it."""

    node: str
    task: TaskId
    tee: str


@event(
    group="evidence",
    subjects=("node", "task"),
    says="a circuit answers {task:id}, {deviation:.2g} from its model[, with the same largest output{agrees:if}]",
)
@dataclass(frozen=True, slots=True)
class CircuitAnswered(Record):
    """A circuit answered in the place of its model.

    `deviation` is the largest distance of its outputs from the model's; `agrees`: whether both have the same largest.
    """

    node: str
    task: TaskId
    deviation: float
    agrees: bool


@event(
    group="evidence",
    subjects=("node", "task"),
    says="{node} orders a proof of {task:id}: {takes_s:span} of work[ after {waits_s:span} in the queue]",
)
@dataclass(frozen=True, slots=True)
class Proving(Record):
    """An inference node began to prove a claim: it waits so many seconds for a prover, which then takes so many."""

    node: str
    task: TaskId
    model: str
    waits_s: float
    takes_s: float


@event(
    group="evidence", subjects=("node", "task", "batch"), says="{node} finds the evidence for {task:id} {fault:or good}"
)
@dataclass(frozen=True, slots=True)
class EvidenceChecked(Record):
    """A full node judged a claim's evidence without executing anything.

    `fault` is what it found wrong, empty if nothing; `seconds` is the modelled time that it took.
    """

    node: str
    batch: BatchId
    task: TaskId
    fault: str
    seconds: float


@event(group="faults", subjects=("node", "batch"), says="{node} cannot do its duty[ on {batch:id}]: {reason}")
@dataclass(frozen=True, slots=True)
class DutyFailed(Record):
    """A full node could not do its duty on a batch, and why."""

    node: str
    batch: BatchId
    reason: str


@event(
    group="fraud",
    subjects=("node", "subject"),
    says="{node} falsifies the {act} on {subject:id}: {behaviour}[ ({detail:id})]",
)
@dataclass(frozen=True, slots=True)
class Cheated(Record):
    """Ground truth: a behaviour acted dishonestly. No strategy and no participant reads this.

    `act` is what was falsified (``answer``, ``check``, ``vote``, ``reveal``, ``inclusion``, ``payment``) or misused
    (``batch``, ``delay``, ``stake``, ``beacon``, ``ransom``, ``front_run``, ``wash``, ``flood``); `subject` is the
    task, batch, round or transaction concerned.
    """

    node: str
    behaviour: str
    act: str
    subject: str
    detail: str = ""


@event(
    group="fraud",
    subjects=("node", "task", "batch"),
    says="{node} posts a wrong claim because the protocol told it to ({task:id})",
)
@dataclass(frozen=True, slots=True)
class ErrorForced(Record):
    """Ground truth: a node posted a wrong claim because the protocol told it to. No other participant reads this."""

    node: str
    batch: BatchId
    task: TaskId


@event(
    group="money",
    subjects=("payer", "payee", "subject"),
    says="{payer:or somebody outside} pays {payee:or somebody outside} {amount:opg} OPG off chain: {why}",
)
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


@event(
    group="tasks",
    subjects=("node", "subject"),
    says="{node} chooses {action}[, expecting {expected} OPG][, to find out what it pays{explored:if}]",
)
@dataclass(frozen=True, slots=True)
class Decided(Record):
    """A rational participant chose what to do about a task, or came to prefer another action.

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


@event(
    group="work",
    subjects=("node", "task"),
    says="{node}'s output for {task:id} differs from the reference by {deviation:.2g} σ",
)
@dataclass(frozen=True, slots=True)
class Perturbed(Record):
    """Ground truth: an output differs in its last digits, by an honest node's hardware or by an adversary's design."""

    node: str
    task: TaskId
    deviation: float
    """Largest absolute difference over the largest magnitude of the clean output."""
