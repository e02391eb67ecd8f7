"""Event logs made by hand, row by row, so that what a metric or an invariant must find is known beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chain.quantities import OPG, TOTAL_SUPPLY
from simnet.log.tables import Row, Tables, make_tables
from simnet.measure.catalogue import figures, measure, readings
from simnet.measure.metric import Metric
from simnet.measure.state import State

MODEL_MACS = 1_000


def bytes32(word: str) -> str:
    """A word as the contracts write it."""
    return "0x" + word.encode().ljust(32, b"\0").hex()


class Handmade:
    """A log in the making. Names double as addresses, with an ``@`` in front."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.now = 0.0
        self.block = 0
        started = {"scenario": "handmade", "seed": 1, "strategy": "none", "comparator": "bitwise", "duration_s": 60.0}
        self.add("run_started", genesis=1_000, block_time_s=2.0, compute_price_wei=str(OPG), **started)
        self.add("model_served", name="m", sha256="00", macs=MODEL_MACS)

    def add(self, kind: str, **fields: Any) -> Handmade:
        """Append a row at the present time."""
        self.rows.append({"i": len(self.rows), "t": self.now, "kind": kind, **fields})
        return self

    def at(self, now: float) -> Handmade:
        """Let time pass."""
        self.now = now
        return self

    def join(self, role: str, *names: str, stake: int = 100) -> Handmade:
        """Participants with a stake in OPG."""
        for name in names:
            fields = {"region": "r", "persona": "", "behaviours": [], "dishonest": False}
            self.add("participant_joined", name=name, role=role, address="@" + name, stake=str(stake * OPG), **fields)
        return self

    def event(self, name: str, contract: str = "Settlement", subject: str = "", **args: Any) -> Handmade:
        """A contract event in the present block, its transaction about a batch if it names one."""
        about = {"transaction": 0, "subject": subject or args.get("batch", "")}
        return self.add("contract_event", block=self.block, **about, contract=contract, event=name, args=args)

    def mine(self, gas_used: int = 0, number: int | None = None) -> Handmade:
        """A block."""
        self.block = self.block + 1 if number is None else number
        timestamp = 1_000 + int(self.now)
        fields = {"timestamp": timestamp, "producer": "p", "transactions": 1, "gas_used": gas_used, "pending": 0}
        return self.add("block_mined", number=self.block, **fields)

    # -- a claim's way ---------------------------------------------------------------------------------------

    def sent(self, *tasks: str, client: str = "c", node: str = "n", fee: int = 1) -> Handmade:
        """Requests."""
        for task in tasks:
            self.add("task_sent", client=client, task=task, node=node, model="m", fee=str(fee * OPG))
        return self

    def answered(self, *tasks: str) -> Handmade:
        """Answers."""
        for task in tasks:
            self.add("task_answered", client="c", task=task, node="n")
        return self

    def executed(self, node: str, task: str, purpose: str, macs: int = MODEL_MACS) -> Handmade:
        """Work on a model."""
        return self.add("executed", node=node, task=task, model="m", variant="fp32", purpose=purpose, macs=macs)

    def posted(
        self, batch: str, *tasks: str, node: str = "n", charged: int | None = None, client: str = "c"
    ) -> Handmade:
        """A batch, its client charged a fee for each claim if not said otherwise."""
        self.add("batch_built", node=node, batch=batch, tasks=list(tasks))
        amount = len(tasks) if charged is None else charged
        charges = [["@" + client, str(amount * OPG)]]
        return self.event("BatchPosted", batch=batch, node="@" + node, count=len(tasks), charges=charges)

    def rejected(self, batch: str, index: int) -> Handmade:
        """A claim that fell."""
        return self.event("ClaimRejected", batch=batch, index=index, reason=bytes32("fraud"))

    def final(
        self, batch: str, accepted: int, rejected: int = 0, voided: int = 0, paid: int = 0, to_verifier: int = 0
    ) -> Handmade:
        """A batch that is final."""
        return self.event(
            "BatchFinal",
            batch=batch,
            node="@n",
            accepted=accepted,
            rejected=rejected,
            voided=voided,
            paid=str(paid * OPG),
            refunded="0",
            toVerifier=str(to_verifier * OPG),
        )

    def slashed(self, node: str, amount: int, reason: str = "fraud", batch: str = "") -> Handmade:
        """Stake taken, all of it burned."""
        fields = {"amount": str(amount * OPG), "burned": str(amount * OPG), "reason": bytes32(reason)}
        nobody = {"bounty": "0", "bountyTo": "@nobody"}
        return self.event("Slashed", "Staking", batch, node="@" + node, **fields, **nobody)

    def cheated(self, node: str, act: str, subject: str, behaviour: str = "quantize") -> Handmade:
        """Ground truth."""
        return self.add("cheated", node=node, behaviour=behaviour, act=act, subject=subject, detail="")

    def checked(self, node: str, batch: str, *tasks: str, verdict: str = "valid") -> Handmade:
        """Verdicts."""
        for task in tasks:
            self.add("claim_checked", node=node, batch=batch, task=task, verdict=verdict)
        return self

    def books(self, stakes: dict[str, int], burned: int = 0, accounted: int = TOTAL_SUPPLY) -> Handmade:
        """The token's books, read at the end."""
        self.add("supply_read", total=str(TOTAL_SUPPLY), accounted=str(accounted), burned=str(burned * OPG))
        for node, stake in stakes.items():
            self.add("stake_read", node=node, stake=str(stake * OPG))
        return self

    def ended(self, reason: str = "completed") -> Handmade:
        """The last line."""
        return self.add("run_ended", reason=reason)

    # -- what it amounts to ----------------------------------------------------------------------------------

    @property
    def tables(self) -> Tables:
        """The log, sorted."""
        return make_tables(self.rows)

    @property
    def state(self) -> State:
        """What it amounts to."""
        return measure(self.rows)

    @property
    def metrics(self) -> dict[str, Metric]:
        """Every metric."""
        return figures(self.state)

    def value(self, reading: str) -> Any:
        """One of them."""
        return readings(self.metrics)[reading]

    def values(self, *names: str) -> Sequence[Any]:
        """Several."""
        found = readings(self.metrics)
        return tuple(found[name] for name in names)
