"""Books of the economy: who stands behind whom, what epochs pay, and what holders have decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chain.quantities import TOTAL_SUPPLY
from chain.seam import Log, Receipt
from simnet.studies.fuzz.books import BOOKS, LOST, PROMISE, ROUNDING_WEI, TWICE, Books, Handler
from simnet.studies.fuzz.cast import DELEGATED, DELEGATOR, HONEST_NODE
from simnet.studies.fuzz.governed import REWARDS, TREASURY

SLASH_SHARE, SLASH_AMOUNT = 0, 1
"""Where these stand among the parameters of the settlement."""


@dataclass
class EconomyBooks(Books):
    """Stakes are those of a node and of all who stand behind it, with what unbonds from there."""

    leaving: Counter[str] = field(default_factory=Counter)
    """What unbonds from a node."""
    backers: dict[tuple[str, str], None] = field(default_factory=dict)
    """Nodes, and who has ever stood behind each."""
    pots: int = 0
    """Of closed epochs, claimed or not."""
    claimed: int = 0
    claims: Counter[tuple[str, str]] = field(default_factory=Counter)
    """The first epoch that a backer has not been paid for, by node and backer."""
    endowed: int = 0
    saved_spent: int = 0
    treasury_spent: int = 0

    def __post_init__(self) -> None:
        self._slashed: dict[str, None] = {}
        super().__post_init__()

    def handlers(self) -> dict[str, Handler]:
        return {
            **super().handlers(),
            "Staked": self._on_stake,
            "Delegated": self._on_delegated,
            "Undelegated": self._on_undelegated,
            "Withdrawn": self._on_release,
            "Slashed": self._on_slash,
            "EpochClosed": self._on_epoch_closed,
            "Claimed": self._on_claimed,
            "Endowed": self._on_endowed,
            "SavedSpent": self._on_saved_spent,
            "ParametersChanged": self._on_parameters_changed,
            "Transfer": self._on_move,
        }

    def note(self, receipt: Receipt) -> None:
        super().note(receipt)
        for node in self._slashed:
            self._check_slash(node, receipt)
        self._slashed.clear()

    # ---- stakes ----

    def _on_stake(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self._on_staked(log, args, receipt)
        self.backers[self.name(args["node"]), self.name(args["node"])] = None

    def _on_delegated(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.stakes[self.name(args["node"])] += args["amount"]
        self.backers[self.name(args["node"]), self.name(args["delegator"])] = None

    def _on_undelegated(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.leaving[self.name(args["node"])] += args["amount"]

    def _on_release(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        """Events do not say from where stake leaves: what all nodes have must be less by what left, or arrived."""
        if log.contract != "Staking":
            self._on_withdrawn(log, args, receipt)
            return
        arrived = sum(other.args["amount"] for other in receipt.logs if other.event == "Arrived")
        before = sum(self.stakes.values())
        for name in [name for name, amount in self.stakes.items() if amount]:
            address = self.arena.address(name)
            self.stakes[name] = self.arena.read("Staking.slashableOf", address)
            _, self.leaving[name], _ = self.arena.read("Staking.poolOf", address)
        self._same("stakes after a release", sum(self.stakes.values()), before - arrived - args["amount"])

    def _on_slash(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        """It takes the same part of what unbonds as of the rest: see `_check_slash`."""
        node = self.name(args["node"])
        stake = self.stakes[node]
        self.leaving[node] -= args["amount"] * self.leaving[node] // stake
        self._slashed[node] = None
        self._on_slashed(log, args, receipt)

    def _check_slash(self, node: str, receipt: Receipt) -> None:
        address = self.arena.address(node)
        _, leaving, _ = self.arena.read("Staking.poolOf", address)
        within = abs(leaving - self.leaving[node]) <= ROUNDING_WEI
        self.require(within, PROMISE, f"{leaving} wei unbond from {node} after a slash, not {self.leaving[node]}")
        self.leaving[node] = leaving
        left = self.stakes[node]
        own = self.arena.read("Staking.valueOf", address, address)
        for log in receipt.logs:
            if log.event == "Slashed" and self.name(log.args["node"]) == node and left > ROUNDING_WEI:
                most = log.args["amount"] * own // left + ROUNDING_WEI
                bounty = log.args["bounty"]
                self.require(bounty <= most, LOST, f"a bounty of {bounty} wei: {node} itself loses {most}")

    # ---- rewards ----

    def _on_epoch_closed(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.pots += args["pot"]

    def _on_claimed(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        key = self.name(args["node"]), self.name(args["delegator"])
        self.require(args["upTo"] > self.claims[key], TWICE, f"{key[1]} has an epoch of {key[0]} paid twice")
        self.claims[key] = args["upTo"]
        self.claimed += args["amount"]
        self.require(self.claimed <= self.pots, TWICE, "more rewards are claimed than epochs have")

    def _on_endowed(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.endowed += args["amount"]

    def _on_saved_spent(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.saved_spent += args["amount"]

    # ---- votes ----

    def _on_parameters_changed(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self.slash_share_bps = args["parameters"][SLASH_SHARE]
        self.slash_amount = args["parameters"][SLASH_AMOUNT]
        for punishment in self.punishments.values():
            punishment.is_comparable = False

    def _on_move(self, log: Log, args: Mapping[str, Any], receipt: Receipt) -> None:
        self._on_transfer(log, args, receipt)
        self.treasury_spent += args["value"] if self.name(args["from"]) == "Timelock" else 0

    # ---- audit ----

    def audit(self) -> None:
        super().audit()
        balance = self.arena.chain.balance
        worth = self.arena.read("Staking.valueOf", self.arena.address(HONEST_NODE), self.arena.address(DELEGATOR))
        whole = not self.stakes[HONEST_NODE] or worth >= DELEGATED - ROUNDING_WEI
        self.require(whole, LOST, f"{DELEGATOR}, who is honest, has {worth} wei left")
        held = balance(self.arena.address("Rewards")) - self.donated["Rewards"]
        self._same("rewards", held, REWARDS + self.endowed - self.claimed - self.saved_spent)
        treasury = balance(self.arena.address("Timelock")) - self.donated["Timelock"]
        self._same("treasury", treasury, TREASURY - self.treasury_spent)
        self.require(self.arena.read("OPG.totalSupply") == TOTAL_SUPPLY, BOOKS, "the supply is another")

    def unclaimed(self) -> int:
        """What the contract of rewards holds and has promised to nobody: not in the schedule, not saved, in wei."""
        closed = self.arena.read("Rewards.closed")
        future = sum(self.arena.read("Rewards.scheduled", epoch) for epoch in range(closed, 96))
        held = REWARDS + self.endowed - self.claimed - self.saved_spent
        return int(held - future - self.arena.read("Rewards.saved"))
