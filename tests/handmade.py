"""Event logs made by hand, row by row, so that what a metric or an invariant must find is known beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from chain.quantities import OPG, TOTAL_SUPPLY
from simnet.log.tables import Row, Tables, make_tables
from simnet.measure.catalogue import figures, measure, readings
from simnet.measure.metric import Metric
from simnet.measure.state import State

MODEL_MACS = 1_000
FINALITY_BOUND_S = 20.0

Amounts = Mapping[str, int]
NOTHING: Amounts = MappingProxyType({})


def bytes32(word: str) -> str:
    """A word as the contracts write it."""
    return "0x" + word.encode().ljust(32, b"\0").hex()


class Handmade:
    """A log in the making. Names double as addresses, with an ``@`` in front."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.now = 0.0
        self.block = 0
        self.charged: dict[str, tuple[str, int]] = {}
        """Of each batch: by whom, and how much."""
        started = {"scenario": "handmade", "seed": 1, "strategy": "none", "comparator": "bitwise", "duration_s": 60.0}
        self.add(
            "run_started",
            genesis=1_000,
            finality_bound_s=FINALITY_BOUND_S,
            block_time_s=2.0,
            compute_price_wei=str(OPG),
            **started,
        )
        self.add("model_served", name="m", sha256="00", macs=MODEL_MACS, arithmetic="portable")

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
        self.charged[batch] = ("@" + client, amount)
        fees: dict[str, Any] = {"fees": str(amount * OPG), "charges": [["@" + client, str(amount * OPG)]]}
        return self.event("BatchPosted", batch=batch, node="@" + node, count=len(tasks), **fees)

    def rejected(self, batch: str, index: int) -> Handmade:
        """A claim that fell."""
        return self.event("ClaimRejected", batch=batch, index=index, reason=bytes32("fraud"))

    def final(
        self, batch: str, accepted: int, rejected: int = 0, voided: int = 0, paid: int = 0, to_verifier: int = 0
    ) -> Handmade:
        """A batch that is final. What it neither pays nor shares goes back to its client."""
        client, charged = self.charged.get(batch, ("", 0))
        refunded = max(0, charged - paid - to_verifier)
        if refunded:
            self.event("Refunded", batch=batch, client=client, amount=str(refunded * OPG))
        counts: dict[str, Any] = {"accepted": accepted, "rejected": rejected, "voided": voided}
        money = {"paid": paid, "refunded": refunded, "toVerifier": to_verifier}
        amounts = {key: str(amount * OPG) for key, amount in money.items()}
        return self.event("BatchFinal", batch=batch, node="@n", **counts, **amounts)

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

    def books(
        self, moment: str = "end", *, wallets: Amounts = NOTHING, bonded: Amounts = NOTHING, **others: int
    ) -> Handmade:
        """Balances, as read from the chain, in OPG: those named, stakes and escrows as they were put up, no others.

        `others` are ``fees`` (in open batches), ``escrow`` (of every client), ``bonds``, ``verifier``, ``burned``,
        and ``missing``, which nobody has.
        """
        people = [row for row in self.rows if row["kind"] == "participant_joined"]
        stakes = {row["name"]: int(row["stake"]) // OPG for row in people}
        clients = [row["name"] for row in people if row["role"] == "client"]
        nodes = [row["name"] for row in people if row["role"] in ("inference", "full")]
        escrows = [others.get("escrow", stakes[name]) for name in clients]
        held = [bonded.get(name, stakes[name]) for name in nodes]
        contracts = {
            "Settlement": sum(escrows) + others.get("fees", 0),
            "Staking": sum(held),
            "Committee": others.get("verifier", 0) + others.get("bonds", 0),
            "treasury": TOTAL_SUPPLY // OPG - sum(stakes.values()) - others.get("missing", 0),
            "burned": others.get("burned", 0),
        }
        return self.add(
            "balances_read",
            moment=moment,
            block=self.block,
            total=str(TOTAL_SUPPLY),
            wallets=[str(wallets.get(row["name"], 0) * OPG) for row in people],
            escrows=[str(amount * OPG) for amount in escrows],
            bonded=[str(amount * OPG) for amount in held],
            unbonding=["0"] * len(nodes),
            bonds=str(others.get("bonds", 0) * OPG),
            contracts=[[name, "@" + name, str(amount * OPG)] for name, amount in contracts.items()],
        )

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
