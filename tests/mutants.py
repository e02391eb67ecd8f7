"""Contracts with a defect put in on purpose: one line of a source is replaced, and what solc makes of it is committed.

``python -m tests.mutants`` compiles those that are out of date into ``tests/data/mutants``. Whether one is needs no
compiler: an artifact holds the hash of each source that it was made from.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from chain.evm import abi
from chain.evm import compile as compiler
from chain.hashing import keccak
from tests.source import ROOT

DIRECTORY = ROOT / "tests" / "data" / "mutants"


@dataclass(frozen=True)
class Mutant:
    """A contract, and what of which source is replaced by what."""

    name: str
    contract: str
    source: str
    old: str
    new: str
    more: tuple[tuple[str, str], ...] = ()
    """Further replacements, where one does not make the defect."""

    @property
    def mutated(self) -> str:
        """The source with the defect."""
        text = (compiler.CONTRACTS / self.source).read_text()
        for old, new in ((self.old, self.new), *self.more):
            assert text.count(old) == 1, f"{self.name}: {self.source} must have '{old}' once"
            text = text.replace(old, new)
        return text

    @property
    def sources(self) -> dict[str, str]:
        """Hash of each source that the mutant is made from: those of the sound contract, but for the one replaced."""
        sound = json.loads((abi.ARTIFACTS / f"{self.contract}.json").read_text())["sources"]
        return {**sound, self.source: "0x" + keccak(self.mutated.encode()).hex()}

    @property
    def artifact(self) -> dict[str, Any]:
        """What is committed of it; empty if nothing is."""
        path = DIRECTORY / f"{self.name}.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def is_up_to_date(self) -> bool:
        """Whether the artifact was made from these sources."""
        return bool(self.artifact.get("sources") == self.sources)

    def compile(self) -> None:
        """Write the artifact."""
        request = compiler.standard_input(generated=False)
        request["sources"][self.source]["content"] = self.mutated
        home = next(path for path in self.sources if path.endswith(f"/{self.contract}.sol"))
        request["settings"]["outputSelection"] = {home: {self.contract: ["abi", "evm.bytecode.object", "metadata"]}}
        output = compiler.run_solc(request)["contracts"][home][self.contract]
        made = {path: entry["keccak256"] for path, entry in json.loads(output["metadata"])["sources"].items()}
        document = {"bytecode": "0x" + output["evm"]["bytecode"]["object"], "sources": made}
        if output["abi"] != json.loads((abi.ARTIFACTS / f"{self.contract}.json").read_text())["abi"]:
            document["abi"] = output["abi"]
        (DIRECTORY / f"{self.name}.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")

    def deploy_instead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every chain deploy it in place of the sound contract."""
        load = abi.load
        sound = json.loads((abi.ARTIFACTS / f"{self.contract}.json").read_text())
        bytecode = bytes.fromhex(self.artifact["bytecode"].removeprefix("0x"))
        mutant = abi.Artifact(self.contract, self.artifact.get("abi", sound["abi"]), bytecode)
        monkeypatch.setattr(abi, "load", lambda name: mutant if name == self.contract else load(name))


MUTANTS = {
    mutant.name: mutant
    for mutant in (
        Mutant(
            "settlement_pays_half",
            "Settlement",
            "core/Settlement.sol",
            "opg.safeTransfer(batch.node, paid);",
            "opg.safeTransfer(batch.node, paid / 2);",
        ),
        Mutant(
            "settlement_slashes_half",
            "Settlement",
            "core/Settlement.sol",
            "Math.min(share + wrongs * slashAmount(), slashable)",
            "Math.min(share + wrongs * slashAmount() / 2, slashable)",
        ),
        Mutant(
            "beacon_is_constant",
            "Beacon",
            "randomness/Beacon.sol",
            "bytes32 mix = _mixes[round] ^ keccak256(abi.encode(msg.sender, preimage));",
            'bytes32 mix = keccak256("constant");',
        ),
        Mutant(
            "beacon_serves_a_constant",
            "Beacon",
            "randomness/Beacon.sol",
            "if (_mixes[next] != 0) return _mixes[next];",
            'if (_mixes[next] != 0) return keccak256("constant");',
        ),
        Mutant(
            "sampling_skips_the_first_claim",
            "Sampling",
            "verification/Sampling.sol",
            "for (uint256 i; i < count; ++i) {",
            "for (uint256 i = 1; i < count; ++i) {",
        ),
        Mutant(
            "sampling_draws_too_few",
            "Sampling",
            "verification/Sampling.sol",
            "% UNIT < rate)",
            "% UNIT < rate * 93 / 100)",
        ),
        Mutant(
            "panels_skip_two_nodes",
            "Committee",
            "verification/Panel.sol",
            "ranks[i] = keccak256(abi.encode(seed, subject, members[i]));",
            "ranks[i] = i < 2 ? bytes32(type(uint256).max) : keccak256(abi.encode(seed, subject, members[i]));",
        ),
        Mutant(
            "votes_count_by_heads",
            "Committee",
            "verification/Panel.sol",
            "_seats[batch][first + i] = Seat(members[i], uint96(weights[i]));\n            total += weights[i];",
            "_seats[batch][first + i] = Seat(members[i], 1);\n            total += 1;",
        ),
        Mutant(
            "jackpots_are_split_evenly",
            "ForcedError",
            "verification/ForcedError.sol",
            "Math.min(jackpot, pool()) >> (challengers - 1)",
            "Math.min(jackpot, pool()) / challengers",
        ),
        # What follows takes a mend out that ended an attack: see docs/security.md.
        Mutant(
            "malformed_batches_stand",
            "Settlement",
            "core/Settlement.sol",
            "if (position == opening.claim.index && isPlaced(opening, batch.root, batch.count)) {",
            "if (position < 2 ** 255) {",
        ),
        Mutant(
            "attention_takes_any_index",
            "AttentionChallenge",
            "core/Claims.sol",
            "return opening.claim.index < count && opening.proof.length == Math.log2(count, Math.Rounding.Ceil)",
            "return count > 0",
        ),
        Mutant(
            "dust_is_drawn_from",
            "Staking",
            "core/Staking.sol",
            "if (bonded >= minStakeOf(node.role)) _members",
            "if (bonded > 0) _members",
        ),
        Mutant(
            "another_input_is_an_equivocation",
            "Settlement",
            "core/Settlement.sol",
            "bytes32 outputHash, bytes calldata signature)",
            "bytes32 inputHash, bytes32 outputHash, bytes calldata signature)",
            (
                (
                    "if (claim.outputHash == outputHash) revert SameAnswer();",
                    "if (claim.inputHash == inputHash && claim.outputHash == outputHash) revert SameAnswer();",
                ),
                (
                    "abi.encode(ANSWER_TYPEHASH, claim.task, claim.model, claim.inputHash, outputHash)",
                    "abi.encode(ANSWER_TYPEHASH, claim.task, claim.model, inputHash, outputHash)",
                ),
            ),
        ),
        Mutant(
            "each_wrong_costs_a_share_of_what_is_left",
            "Settlement",
            "core/Settlement.sol",
            "uint256 base = left == 0 ? 0 : (slashable + earlier * slashAmount()) * BPS / left;",
            "uint256 base = slashable;",
        ),
        Mutant(
            "who_proves_first_has_the_bounty",
            "Settlement",
            "core/Settlement.sol",
            "if (upheld >> index & 1 != 0) {",
            "if (upheld >> index & 1 > 1) {",
        ),
        Mutant(
            "what_is_proven_is_not_judged",
            "Optimistic",
            "verification/Panel.sol",
            "count.verdict = _verdict(count);",
            "count.verdict = _verdict(count) & ~(uint256(proven) << 128 | proven);",
        ),
        Mutant(
            "claims_say_what_is_refunded",
            "Settlement",
            "core/Settlement.sol",
            "uint128 fee = uint128(Math.max(claim.fee, debt.price));",
            "uint128 fee = claim.fee;",
        ),
        Mutant(
            "attested_pays_the_caller",
            "Attested",
            "evidence/Attested.sol",
            "address payee = payeeOf(batch);",
            "address payee = msg.sender;",
        ),
        Mutant(
            "anybody_reports",
            "SecretSeed",
            "verification/SecretSeed.sol",
            "NotCommitted(msg.sender);\n        if (!staking.isActiveAs(msg.sender, Staking.Role.Full)) revert",
            "NotCommitted(msg.sender);\n        if (false) revert",
        ),
        Mutant(
            "accusations_repeat",
            "AttentionChallenge",
            "verification/AttentionChallenge.sol",
            "if (attendance.accused & claims != 0) revert",
            "if (claims == 0) revert",
        ),
        Mutant(
            "others_enclaves_will_do",
            "TEEEvidence",
            "evidence/TEEEvidence.sol",
            "if (registry.ownerOf(teeId) != node) return",
            "if (registry.ownerOf(teeId) == address(0) || node == address(0)) return",
        ),
        Mutant(
            "back_in_service_all_is_forgotten",
            "TEERegistry",
            "opengradient/TEERegistry.sol",
            "return _outages[teeId].upperLookupRecent(",
            "return tees[teeId].enabled ? 0 : _outages[teeId].upperLookupRecent(",
        ),
        Mutant(
            "anybody_disables_enclaves",
            "TEERegistry",
            "opengradient/TEERegistry.sol",
            "if (!isOwner && !hasRole(DEFAULT_ADMIN_ROLE, msg.sender)) revert",
            "if (!isOwner && tee.registeredAt == 0) revert",
        ),
        Mutant(
            "proofs_are_good_twice",
            "Proven",
            "evidence/Proven.sol",
            "if (_used[msg.sender][digest]) revert",
            "if (digest == 0) revert",
        ),
        Mutant(
            "proofs_are_not_verified",
            "ZKMLEvidence",
            "evidence/zkml/ZKMLEvidence.sol",
            "catch {\n            revert",
            "catch {\n            if (proof.length == 0) revert",
        ),
        Mutant(
            "order_of_reveals_counts",
            "Beacon",
            "randomness/Beacon.sol",
            "_mixes[round] ^ keccak256(abi.encode(msg.sender, preimage))",
            "keccak256(abi.encode(_mixes[round], msg.sender, preimage))",
        ),
        Mutant(
            "a_delegation_silences_its_node",
            "DelegatedStaking",
            "economy/DelegatedStaking.sol",
            "uint256 shares = _mint(node, who, amount);\n",
            "uint256 shares = _mint(node, who, amount);\n        _nodes[node].since = uint40(block.timestamp);\n",
        ),
        Mutant(
            "anybody_sets_parameters",
            "GovernedSettlement",
            "economy/GovernedSettlement.sol",
            "function setParameters(Parameters calldata p) external onlyRole(DEFAULT_ADMIN_ROLE) {",
            "function setParameters(Parameters calldata p) external {",
        ),
        Mutant(
            "votes_pass_all_bounds",
            "GovernedSettlement",
            "economy/GovernedSettlement.sol",
            "if (p.bountyShareBps > b.maxBountyShareBps) revert",
            "if (p.bountyShareBps > 10_000) revert",
        ),
        # What follows takes a rule of the economy out: see docs/economy.md.
        Mutant(
            "what_unbonds_is_slashed_last",
            "DelegatedStaking",
            "economy/DelegatedStaking.sol",
            "uint256 fromLeaving = Math.mulDiv(taken, leaving, bonded + leaving);",
            "uint256 fromLeaving = taken > bonded ? taken - bonded : 0;",
        ),
        Mutant(
            "bounties_are_of_others_stake",
            "GovernedSettlement",
            "economy/GovernedSettlement.sol",
            "return Math.min(super._bountyOn(node, amount), own);",
            "return own == 0 ? own : super._bountyOn(node, amount);",
        ),
        Mutant(
            "rewards_are_claimed_again",
            "Rewards",
            "economy/Rewards.sol",
            "_nextOf[node][who] = last;",
            "_nextOf[node][who] = first;",
        ),
        Mutant(
            "rewards_follow_the_last_moment",
            "Rewards",
            "economy/Rewards.sol",
            "staking.sharesBefore(node, who, begin), total)",
            "staking.sharesBefore(node, who, end), total)",
        ),
        Mutant(
            "votes_are_those_of_now",
            "OPGGovernor",
            "economy/OPGGovernor.sol",
            "    function _executor() internal",
            "    function _getVotes(address account, uint256, bytes memory)\n"
            "        internal\n        view\n        override(Governor, GovernorVotes)\n        returns (uint256)\n"
            "    {\n        return token().getVotes(account);\n    }\n\n    function _executor() internal",
        ),
        Mutant(
            "what_is_saved_is_forgotten",
            "Rewards",
            "economy/Rewards.sol",
            "saved += due - pot;",
            "saved += (due - pot) / 2;",
        ),
    )
}
"""By name."""


def main() -> None:
    """Compile what is out of date."""
    for mutant in MUTANTS.values():
        if not mutant.is_up_to_date():
            mutant.compile()
            print(f"written: {mutant.name}")


if __name__ == "__main__":
    main()
