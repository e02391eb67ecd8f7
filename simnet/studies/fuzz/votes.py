"""Books of governance, from events: what was proposed, who voted for it, and what was changed by which vote."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from chain.evm import abi
from chain.hashing import keccak
from chain.seam import Log, Receipt
from simnet.studies.fuzz.arena import Arena
from simnet.studies.fuzz.cast import BALANCES, DELEGATOR
from simnet.studies.fuzz.governed import BOUNDS, DELAY_S, GOVERNANCE

RULED = "ruled"

CHANGES = {
    "Settlement": ("ParametersChanged", "VerifierReplaced", "VerifierSet"),
    "Rewards": ("CapSet", "SavedSpent"),
    "Timelock": ("MinDelayChange", "CallExecuted"),
    "OPGGovernor": ("QuorumNumeratorUpdated", "TimelockChange", "ProposalThresholdSet", "VotingDelaySet"),
}
"""Events of what only a vote can change."""

ROLES_CHANGE = ("RoleGranted", "RoleRevoked", "RoleAdminChanged")

Requirement: TypeAlias = Callable[[bool, str, str], None]


@dataclass
class Proposal:
    """What somebody wants to be done."""

    number: int
    proposer: str
    call: tuple[Any, ...]
    """Arguments of `queue`, `execute` and `cancel`."""
    starts: int
    votes: Counter[str] = field(default_factory=Counter)
    """Weight of each who voted."""
    has_consent: bool = False
    """Whether the holder of most OPG voted for it."""
    queued_at: int = 0
    is_over: bool = False


@dataclass
class Votes:
    """Proposals by number. `require` says what must hold."""

    arena: Arena
    require: Requirement
    proposals: dict[int, Proposal] = field(default_factory=dict)
    others: frozenset[str] = frozenset()
    """Addresses of all who hold OPG but the holder of most of it."""
    held: list[tuple[int, int]] = field(default_factory=list)
    """When their wallets changed, and what they held together from then on, wei: all that they can vote with."""

    def __post_init__(self) -> None:
        self.others = frozenset(self.arena.address(name) for name in BALANCES if name != DELEGATOR)
        self.held.append((0, sum(self.arena.read("OPG.balanceOf", address) for address in sorted(self.others))))

    def note(self, receipt: Receipt) -> None:
        """Take a call into the books. Raises `Violation`."""
        self._note_transfers(receipt)
        done = [log.args["proposalId"] for log in receipt.logs if log.event == "ProposalExecuted"]
        for log in receipt.logs:
            if log.contract in GOVERNANCE and log.event in _HANDLERS:
                _HANDLERS[log.event](self, log.args)
            if log.event in CHANGES.get(log.contract, ()) or log.event in ROLES_CHANGE:
                self._check_change(log, done)

    def _note_transfers(self, receipt: Receipt) -> None:
        change = 0
        for log in receipt.logs:
            if (log.contract, log.event) == ("OPG", "Transfer"):
                gained, lost = log.args["to"] in self.others, log.args["from"] in self.others
                change += log.args["value"] * (gained - lost)
        if change:
            self.held.append((self.arena.now, self.held[-1][1] + change))

    def _check_change(self, log: Log, done: list[int]) -> None:
        voted = [self.proposals[number] for number in done if number in self.proposals]
        fair = bool(voted) and all(one.has_consent and self._has_waited(one) for one in voted)
        self.require(fair, RULED, f"{log.contract}: {log.event} without a vote that passed, and waited")
        if log.event == "ParametersChanged":
            self.require(within_bounds(log.args["parameters"]), RULED, "a vote passed what no vote can")

    def _has_waited(self, proposal: Proposal) -> bool:
        return 0 < proposal.queued_at <= self.arena.now - DELAY_S

    def _on_created(self, args: Mapping[str, Any]) -> None:
        call = (args["targets"], args["values"], args["calldatas"], keccak(args["description"].encode()))
        proposer = self.arena.name(args["proposer"])
        self.proposals[args["proposalId"]] = Proposal(args["proposalId"], proposer, call, args["voteStart"])

    def _on_vote(self, args: Mapping[str, Any]) -> None:
        proposal, voter = self.proposals[args["proposalId"]], self.arena.name(args["voter"])
        self.require(voter not in proposal.votes, RULED, f"{voter} votes twice")
        proposal.votes[voter] = args["weight"]
        had = self.arena.read("OPG.getPastVotes", args["voter"], proposal.starts)
        self.require(args["weight"] == had, RULED, f"{voter} votes with {args['weight']} wei, and had {had}")
        proposal.has_consent |= voter == DELEGATOR and args["support"] == 1
        others = proposal.votes.total() - proposal.votes[DELEGATOR]
        _, most = self.held[bisect_right(self.held, proposal.starts, key=lambda change: change[0]) - 1]
        self.require(others <= most, RULED, f"votes of {others} wei, of {most} that there were")

    def _on_queued(self, args: Mapping[str, Any]) -> None:
        self.proposals[args["proposalId"]].queued_at = self.arena.now

    def _on_over(self, args: Mapping[str, Any]) -> None:
        self.proposals[args["proposalId"]].is_over = True


_HANDLERS: dict[str, Callable[[Votes, Mapping[str, Any]], None]] = {
    "ProposalCreated": Votes._on_created,
    "VoteCast": Votes._on_vote,
    "VoteCastWithParams": Votes._on_vote,
    "ProposalQueued": Votes._on_queued,
    "ProposalExecuted": Votes._on_over,
    "ProposalCanceled": Votes._on_over,
}


def within_bounds(parameters: tuple[int, ...]) -> bool:
    """Whether a settlement's parameters are what a vote may choose."""
    slash, _, bounty, verifier, _, _, finality, expiry = parameters
    least_slash, most_bounty, least_verifier, longest = BOUNDS
    shares = least_slash <= slash <= 10_000 and bounty <= most_bounty and least_verifier <= verifier <= 10_000
    return shares and finality < expiry <= longest


def action(arena: Arena, contract: str, function: str, *args: Any) -> tuple[list[str], list[int], list[bytes]]:
    """Targets, values and calldata of one call."""
    data = abi.load(arena.setting.artifact(contract)).calldata(function, args)
    return [arena.chain.address_of(contract)], [0], [data]
