"""What must hold in every run, whatever the scenario: checked from the log, apart from the code it checks.

Each invariant is a fold: it takes the rows of a log one by one, and says at the end what it found. Events of blocks
that a reorg replaced are left out. Together they balance the books: the ledger is held against the balances that were
read from the chain, and what batches, claims and fees do against what they were when they were posted.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar

import numpy as np

from chain.quantities import OPG, TOTAL_SUPPLY
from simnet.log.events import ContractEvent
from simnet.measure.ledger import Ledger
from simnet.measure.rows import Rewinding, Row

Found = tuple[bool, str]
"""Whether an invariant held, and what was found in a sentence."""


@dataclass(frozen=True)
class Finding:
    """What an invariant's check found."""

    name: str
    held: bool
    detail: str


class Invariant:
    """Base of invariants. All of a run's share one ledger, which is folded before `on` is called."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]] = ()
    """Rows that it needs to see."""
    events: ClassVar[tuple[str, ...]] = ()
    """Contract events that it needs to see."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.broken = ""
        """The first offence, in a sentence."""

    def on(self, row: Row) -> None:
        """Take the next row that it needs."""

    def finding(self) -> Found:
        """The log is over: whether it holds, and what was found."""
        return not self.broken, self.broken or self.holds()

    def holds(self) -> str:
        """What there is to say if nothing offends it."""
        raise NotImplementedError

    def offend(self, sentence: str) -> None:
        """Remember an offence, unless there was one before."""
        self.broken = self.broken or sentence


class SupplyIsConstant(Invariant):
    """There are 10^27 wei of OPG, and at every reading somebody holds each of them."""

    name = "supply_is_constant"
    kinds = ("balances_read",)
    readings = 0

    def on(self, row: Row) -> None:
        self.readings += 1
        total = int(row["total"])
        held = sum(map(int, row["wallets"])) + sum(int(amount) for _, _, amount in row["contracts"])
        if not total == held == TOTAL_SUPPLY:
            self.offend(f"at {row['t']:g} s: total {total}, accounted for {held}, expected {TOTAL_SUPPLY}")

    def holds(self) -> str:
        return f"{TOTAL_SUPPLY // OPG:,} OPG, read {self.readings} times"

    def finding(self) -> Found:
        return super().finding() if self.ledger.complete else (False, "balances were not read at the end")


class LedgerAgreesWithChain(Invariant):
    """What every participant and contract holds on chain is what the contracts' events amount to, to the wei."""

    name = "ledger_agrees_with_chain"

    def finding(self) -> Found:
        for found in self.ledger.discrepancies:
            short = (found.expected - found.read) / OPG
            sentence = (
                f"at {found.t:g} s, {found.what}: {found.read} wei on chain, {found.expected} by the log's events"
            )
            return False, f"{sentence} ({short:+g} OPG are missing)"
        people = len(self.ledger.roles)
        return True, f"{people} participants and every contract, at {self.ledger.readings} readings"


class NothingIsPaidFromNothing(Invariant):
    """No account pays more than it holds: no reward without fees behind it, no refund of what was not charged."""

    name = "nothing_is_paid_from_nothing"

    def finding(self) -> Found:
        move = self.ledger.overdrawn
        if move is None:
            return True, f"{self.ledger.moves} moves of OPG"
        whose = f"{move.source.owner}'s {move.source.pocket.value}"
        return False, f"at {move.t:g} s, {move.kind} of {move.amount} wei to {move.target.owner} out of {whose}"


class FeesAreAccountedFor(Invariant):
    """What a batch charged is what it pays its node, its verification and, back, its clients; and no client is
    charged more by a node than it agreed to."""

    name = "fees_are_accounted_for"
    kinds = ("participant_joined", "task_sent")
    events = ("BatchPosted", "Refunded", "BatchFinal")

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._left: dict[str, int] = {}
        """Of each open batch: charged, and not refunded by name."""
        self._refunded: dict[str, int] = {}
        self._agreed: dict[tuple[str, str], int] = {}
        """By client and node: fees of what was asked for, less what was charged."""
        self._charged = 0

    def on(self, row: Row) -> None:
        if row["kind"] == "task_sent":
            self._agree(row["client"], row["node"], int(row["fee"]))
        elif row["kind"] == "contract_event":
            args = row["args"]
            {"BatchPosted": self._post, "Refunded": self._refund, "BatchFinal": self._close}[row["event"]](args)

    def _agree(self, client: str, node: str, amount: int) -> None:
        self._agreed[client, node] = self._agreed.get((client, node), 0) + amount

    def _post(self, args: Row) -> None:
        batch, node = args["batch"], self.ledger.name(args["node"])
        charged = sum(int(amount) for _, amount in args["charges"])
        self._charged += charged
        if charged != int(args["fees"]):
            self.offend(f"batch {batch[:10]} has {args['fees']} wei of fees, and charges {charged}")
        for address, amount in args["charges"]:
            client = self.ledger.name(address)
            self._agree(client, node, -int(amount))
            if self._agreed[client, node] < 0:
                self.offend(f"{node} charges {client} {-self._agreed[client, node]} wei more than it asked for")
        self._left[batch], self._refunded[batch] = charged, 0

    def _refund(self, args: Row) -> None:
        if args["batch"] in self._refunded:
            self._refunded[args["batch"]] += int(args["amount"])

    def _close(self, args: Row) -> None:
        batch = args["batch"]
        charged, refunded = self._left.pop(batch, 0), self._refunded.pop(batch, 0)
        spent = int(args["paid"]) + int(args["refunded"]) + int(args["toVerifier"])
        if spent != charged:
            self.offend(f"batch {batch[:10]} charged {charged} wei, and pays, shares and gives back {spent}")
        if refunded != int(args["refunded"]):
            self.offend(f"batch {batch[:10]} says that it refunds {args['refunded']} wei, and refunds {refunded}")

    def holds(self) -> str:
        return f"{self._charged / OPG:g} OPG charged, {sum(self._left.values()) / OPG:g} of them in open batches"


class FinalIsFinal(Invariant):
    """No batch becomes final twice, and no claim of a final batch is rejected."""

    name = "final_is_final"
    events = ("BatchFinal", "ClaimRejected")

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._final: dict[str, float] = {}

    def on(self, row: Row) -> None:
        batch = row["args"]["batch"]
        if row["event"] == "ClaimRejected":
            if row["t"] > self._final.get(batch, float("inf")):
                self.offend(f"claim {row['args']['index']} of batch {batch[:10]} was rejected after finality")
        elif batch in self._final:
            self.offend(f"batch {batch[:10]} became final twice")
        else:
            self._final[batch] = row["t"]

    def holds(self) -> str:
        return f"{len(self._final)} batches final"


@dataclass(slots=True)
class Posted:
    """A batch that is open."""

    node: str
    count: int
    rejected: int = 0
    """Bit per claim."""


class FinalWasPosted(Invariant):
    """Batches become final, and claims fall, that were posted: by that node, with so many claims, each once."""

    name = "final_was_posted"
    events = ("BatchPosted", "ClaimRejected", "ClaimVoided", "BatchMalformed", "BatchFinal")

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._open: dict[str, Posted] = {}
        self._claims = 0

    def on(self, row: Row) -> None:
        args, name = row["args"], f"batch {row['args']['batch'][:10]}"
        if row["event"] == "BatchPosted":
            self._open[args["batch"]] = Posted(args["node"], args["count"])
            self._claims += args["count"]
            return
        known = self._open.get(args["batch"])
        if known is None:
            self.offend(f"{name} is not open, and {row['event']} says something of it")
        elif row["event"] == "BatchFinal":
            del self._open[args["batch"]]
            self._close(name, known, args)
        elif row["event"] == "BatchMalformed":
            known.rejected = (1 << known.count) - 1
        elif args["index"] >= known.count:
            self.offend(f"claim {args['index']} of {name} was rejected, which has {known.count}")
        elif row["event"] == "ClaimRejected":
            if known.rejected >> args["index"] & 1:
                self.offend(f"claim {args['index']} of {name} was rejected twice")
            known.rejected |= 1 << args["index"]

    def _close(self, name: str, known: Posted, args: Row) -> None:
        judged = args["accepted"] + args["rejected"] + args["voided"]
        if judged != known.count:
            self.offend(f"{name} has {known.count} claims, and is final with {judged}")
        if known.rejected.bit_count() != args["rejected"]:
            self.offend(f"{name} is final with {args['rejected']} claims rejected, not {known.rejected.bit_count()}")
        if args["node"] != known.node:
            self.offend(f"{name} is final for another node than posted it")

    def holds(self) -> str:
        return f"{self._claims} claims posted"


class NoClaimPaidTwice(Invariant):
    """No task's claim stands in two final batches."""

    name = "no_claim_paid_twice"
    kinds = ("batch_built",)
    events = ("ClaimRejected", "ClaimVoided", "BatchFinal")

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._tasks: dict[str, list[str]] = {}
        self._fallen: dict[str, set[int]] = {}
        self._stood = array("Q")

    def on(self, row: Row) -> None:
        if row["kind"] == "batch_built":
            self._tasks[row["batch"]] = row["tasks"]
            return
        args, batch = row["args"], row["args"]["batch"]
        if row["event"] != "BatchFinal":
            self._fallen.setdefault(batch, set()).add(args["index"])
            return
        tasks, fallen = self._tasks.pop(batch, []), self._fallen.pop(batch, set())
        if args["accepted"]:
            self._stood.extend(word(task) for index, task in enumerate(tasks) if index not in fallen)

    def finding(self) -> Found:
        twice = repeated(self._stood)
        return twice == 0, f"{twice} of {len(self._stood)} claims that stand are about a task of another"


class NoTaskTwice(Invariant):
    """No task is answered to its client twice."""

    name = "no_task_twice"
    kinds = ("task_answered",)

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._answered = array("Q")

    def on(self, row: Row) -> None:
        self._answered.append(word(row["task"]))

    def finding(self) -> Found:
        twice = repeated(self._answered)
        return twice == 0, f"{twice} of {len(self._answered)} tasks answered twice"


class TimeNeverRunsBack(Invariant):
    """Block numbers grow by one, and timestamps with them. After a reorg the chain goes on from the same height."""

    name = "time_never_runs_back"
    kinds = ("block_mined", "chain_reorged")

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._head: int | None = None
        self._clock = -1
        self._blocks = 0

    def on(self, row: Row) -> None:
        if row["kind"] == "chain_reorged":
            self._head = row["first"] + row["depth"] - 1
            return
        self._blocks += 1
        number, clock = row["number"], row["timestamp"]
        if clock <= self._clock or (self._head is not None and number != self._head + 1):
            self.offend(f"block {number} at {clock} after block {self._head} at {self._clock}")
        self._head, self._clock = number, clock

    def holds(self) -> str:
        return f"{self._blocks} blocks"


class EveryBatchEnds(Invariant):
    """Every batch is final within the time that its strategy states, counted from its post or, where something
    disturbed the network afterwards, from the end of that: a fault, a dishonest act, transactions without room.

    While participants are down, cut off or impaired by a fault that does not end, nothing is due.
    """

    name = "every_batch_ends"
    kinds = ("run_started", "run_ended", "fault_injected", "fault_ended", "touched", "cheated", "block_mined")
    events = ("BatchPosted", "BatchFinal")

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._bound = 0.0
        self._quiet = self._now = 0.0
        self._lasting: dict[int, str] = {}
        """Faults under which participants are down, cut off or impaired, and what each says."""
        self._open: dict[str, float] = {}
        self._slow: list[tuple[str, float, float]] = []
        """Batches that took longer, with the times of their post and finality: something may have disturbed them."""
        self._final = 0

    def on(self, row: Row) -> None:
        self._now = max(self._now, row["t"])
        if row["kind"] == "run_started":
            self._bound = row.get("finality_bound_s", 0.0)
        elif row["kind"] == ContractEvent.kind:
            self._follow(row["event"], row["args"]["batch"], row["t"])
        elif row["kind"] != "run_ended" and row.get("pending", 1):
            self._quiet = max(self._quiet, row["t"])
        if row["kind"] == "fault_injected" and row["lasts"] and row["condition"]:
            self._lasting[row["fault"]] = row["says"]
        elif row["kind"] == "fault_ended" and row["whole"]:
            self._lasting.pop(row["fault"], None)

    def _follow(self, event: str, batch: str, time_s: float) -> None:
        if event == "BatchPosted":
            self._open[batch] = time_s
        elif batch in self._open:
            self._final += 1
            posted = self._open.pop(batch)
            if time_s > posted + self._bound:
                self._slow.append((batch, posted, time_s))

    def finding(self) -> Found:
        if not self._bound:
            return True, "the log states no time within which a batch is final"
        if self._lasting:
            return True, f"not judged, since a fault never ended: {next(iter(self._lasting.values()))}"
        ends = [*self._slow, *((batch, posted, float("inf")) for batch, posted in self._open.items())]
        overdue = [one for one in ends if min(one[2], self._now) > self._due(one[1])]
        if overdue:
            batch, posted, final = overdue[0]
            end = "still open" if final > self._now else f"final at {final:g} s"
            batches = f"{len(overdue)} of {self._final + len(self._open)} batches took longer than {self._bound:g} s"
            return False, f"{batches}: {batch[:10]}, posted at {posted:g} s, due at {self._due(posted):g} s, is {end}"
        waiting = f"; {len(self._open)} are open and not due yet" if self._open else ""
        return True, f"{self._final} batches final within {self._bound:g} s of their post or a disturbance{waiting}"

    def _due(self, posted: float) -> float:
        return max(posted, self._quiet) + self._bound


ALWAYS: tuple[type[Invariant], ...] = (
    LedgerAgreesWithChain,
    NothingIsPaidFromNothing,
    FeesAreAccountedFor,
    FinalIsFinal,
    FinalWasPosted,
    EveryBatchEnds,
    NoClaimPaidTwice,
    TimeNeverRunsBack,
    NoTaskTwice,
)
"""Invariants of every log, however short."""

AT_THE_END: tuple[type[Invariant], ...] = (SupplyIsConstant,)
"""Invariants that need a reading of balances after the last block, if the chain was still there."""


class Checks:
    """All of them, as one fold of a log without reorgs."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._all = [kind(self.ledger) for kind in (*AT_THE_END, *ALWAYS)]
        self._of_kind: dict[str, list[Invariant]] = {}
        for invariant in self._all:
            for key in (*invariant.kinds, *invariant.events):
                self._of_kind.setdefault(key, []).append(invariant)
        self._ended = ""

    def on(self, row: Row) -> None:
        """Take the next row of the log."""
        self.ledger.on(row)
        kind = row["kind"]
        if kind == "run_ended":
            self._ended = row["reason"]
        for invariant in self._of_kind.get(key_of(row), ()):
            invariant.on(row)

    def findings(self) -> list[Finding]:
        """The log is over: what was found by all that it can be held to."""
        complete = self._ended == "completed" or self.ledger.complete
        chosen = [one for one in self._all if complete or not isinstance(one, AT_THE_END)]
        return [Finding(one.name, *one.finding()) for one in chosen]


class Invariants:
    """All of them, as one fold of a log."""

    def __init__(self) -> None:
        self._checks = Rewinding(Checks())

    def on(self, row: Row) -> None:
        """Take the next row of the log."""
        self._checks.on(row)

    def findings(self) -> list[Finding]:
        """The log is over: what was found by all that it can be held to."""
        return self._checks.fold.findings()


def check_invariants(rows: Iterable[Row]) -> list[Finding]:
    """The findings of all invariants that a log can be held to."""
    invariants = Invariants()
    for row in rows:
        invariants.on(row)
    return invariants.findings()


def key_of(row: Row) -> str:
    """What a row is to those who wait for it: a contract event's name, or its kind."""
    return str(row["event"] if row["kind"] == ContractEvent.kind else row["kind"])


def word(task: str) -> int:
    """64 bits that stand for a task, so that a million of them fit into a few megabytes."""
    return int.from_bytes(blake2b(task.encode(), digest_size=8).digest())


def repeated(words: array[int]) -> int:
    """How many are there more than once, each time but the first counted."""
    return len(words) - len(np.unique(np.asarray(words)))
