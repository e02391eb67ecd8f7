"""Votes on the contracts: proposed, voted on, queued and carried out by the governor, each as soon as it may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from chain.deploy import ProtocolParameters
from chain.economy import ALLOCATIONS, vesting_name
from chain.evm import abi
from chain.hashing import keccak
from chain.quantities import Address
from chain.seam import Call, Chain, Receipt
from simnet.economy.votes import RULES, Ballot, Motion

FOR, AGAINST = 1, 0
MakeCall = Callable[..., Call]
"""Of sender, contract, function and arguments."""


class Mine(Protocol):
    """Mines calls no sooner than a time; of these errors none matters."""

    def __call__(self, calls: Sequence[Call], timestamp: int, *may_fail: str) -> list[Receipt]: ...


class Governing:
    """The governor, and the settlement's parameters as they stand."""

    def __init__(
        self, chain: Chain, mine: Mine, call: MakeCall, holders: Mapping[str, Address], protocol: ProtocolParameters
    ) -> None:
        self._chain, self._mine, self._call, self._holders = chain, mine, call, holders
        self._protocol = protocol

    def vote(self, motion: Motion, month: int, at: int) -> Ballot:
        """Everything from the proposal to its execution, or to where it fails."""
        self._take_vested([*motion.voters, *motion.against], at)
        changed = replace(self._protocol, **motion.changes)
        proposer, words = self._holders[motion.voters[0]], f"month {month}"
        what = self._proposal(changed)
        propose = self._call(proposer, "OPGGovernor", "propose", *what, words)
        (receipt,) = self._mine([propose], at + 60, "GovernorInsufficientProposerVotes")
        if receipt.revert is not None:
            return Ballot(0, 0, False)
        number = int(event(receipt, "ProposalCreated")["proposalId"])
        voted_for, voted_against = self._cast(motion, number)
        after = self._chain.read("OPGGovernor", "proposalDeadline", number) + 1
        queue, execute = (
            self._call(proposer, "OPGGovernor", name, *what, keccak(words.encode())) for name in ("queue", "execute")
        )
        (queued,) = self._mine([queue], after, "GovernorUnexpectedProposalState")
        if queued.revert is None:
            self._mine([execute], after + RULES.timelock_s)
            self._protocol = changed
        return Ballot(voted_for, voted_against, queued.revert is None)

    def _take_vested(self, names: Sequence[str], at: int) -> None:
        """Voters have what vested paid out, and vote for themselves."""
        opg, calls = self._chain.address_of("OPG"), []
        for one in ALLOCATIONS:
            if one.name in names:
                who = self._holders[one.name]
                if one.vesting:
                    calls.append(self._call(who, vesting_name(one), "release(address)", opg))
                calls.append(self._call(who, "OPG", "delegate", who))
        self._mine(calls, at)

    def _cast(self, motion: Motion, number: int) -> tuple[int, int]:
        """Votes for and against, in wei."""
        after, weights = self._chain.read("OPGGovernor", "proposalSnapshot", number) + 1, []
        for side, names in ((FOR, motion.voters), (AGAINST, motion.against)):
            calls = [self._call(self._holders[name], "OPGGovernor", "castVote", number, side) for name in names]
            weights.append(sum(int(event(receipt, "VoteCast")["weight"]) for receipt in self._mine(calls, after)))
        return weights[0], weights[1]

    def _proposal(self, changed: ProtocolParameters) -> tuple[list[Address], list[int], list[bytes]]:
        data = abi.load("GovernedSettlement").calldata("setParameters", [changed.settlement])
        return [self._chain.address_of("Settlement")], [0], [data]


def event(receipt: Receipt, name: str) -> Mapping[str, Any]:
    """The arguments of a receipt's event of that name."""
    return next(log.args for log in receipt.logs if log.event == name)
