"""A small world around the contracts, for their tests: named accounts on an in-process chain.

Every transaction is mined in a block of its own, a second after the last unless `at` says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import pytest
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak

from chain.deploy import SLASHER_ROLE, ProtocolParameters, ProverSpec, VerifierSpec, deploy_protocol
from chain.formats.claims import Claim, ClaimTree, batch_id, opening
from chain.formats.signing import Domain, Key, answer_digest, voucher_digest
from chain.quantities import NO_DEADLINE, OPG, ZERO_HASH, Address, Gas, Timestamp, Wei
from chain.seam import Block, Call, Chain, Receipt, Revert

INFERENCE, FULL = 1, 2
OPEN, FINAL = 1, 2
FEE = Wei(OPG // 50)
STAKE = Wei(10_000 * OPG)
GAS = Gas(30_000_000)
CHAIN_ID = 31337
BLOCK_GAS = Gas(40 * GAS)

PARAMETERS = ProtocolParameters(
    min_stake_inference=Wei(1_000 * OPG),
    min_stake_full=Wei(2_000 * OPG),
    unbonding_s=86_400,
    slash_share_bps=1_000,
    bounty_share_bps=4_000,
    verifier_share_bps=2_000,
    jail_period_s=600,
    withdrawal_delay_s=300,
    finality_delay_s=60,
    expiry_s=7_200,
    beacon_round_s=12,
)


@dataclass(frozen=True)
class Committee:
    """Parameters of the Committee contract, in the order of its struct."""

    size: int = 5
    quorum_numerator: int = 2
    quorum_denominator: int = 3
    commit_window_s: int = 20
    reveal_window_s: int = 20
    commit_reveal: bool = True
    wrong_vote_slash_bps: int = 100
    missed_reveal_slash_bps: int = 10

    def spec(self) -> VerifierSpec:
        return VerifierSpec("Committee", (tuple(vars(self).values()),))


@dataclass
class Batch:
    """A batch that was posted."""

    id: bytes
    node: str
    claims: list[Claim]
    charges: list[tuple[Address, int]]
    tree: ClaimTree = field(init=False)

    def __post_init__(self) -> None:
        self.tree = ClaimTree(self.claims)

    def opening(self, index: int) -> tuple[Any, ...]:
        return opening(self.claims[index], self.tree.proof(index))

    def openings(self, *indices: int) -> list[tuple[Any, ...]]:
        return [self.opening(index) for index in indices]


class World:
    """The protocol, ready to use. With `judge`, the account of that name is the verifier."""

    def __init__(
        self,
        parameters: ProtocolParameters = PARAMETERS,
        verifier: VerifierSpec | None = None,
        judge: str | None = None,
        chain: Chain | None = None,
        provers: Sequence[ProverSpec] = (),
    ) -> None:
        self.chain = chain or in_process()
        self.parameters = parameters
        self._keys: dict[str, Key] = {}
        self._next: int | None = None
        if judge is None:
            deploy_protocol(self.chain, self.address("deployer"), parameters, verifier, {}, provers)
        else:
            self._deploy_with_judge(judge)
        self.domain = Domain(CHAIN_ID, self.chain.address_of("Settlement"))

    def _deploy_with_judge(self, judge: str) -> None:
        p, deployer, chain = self.parameters, self.address("deployer"), self.chain
        opg = chain.deploy("OPG", [deployer], deployer)
        staking = chain.deploy("Staking", [opg, p.min_stake_inference, p.min_stake_full, p.unbonding_s], deployer)
        settlement = chain.deploy("Settlement", [opg, staking, p.settlement], deployer)
        self.ok("deployer", "Staking.grantRole", SLASHER_ROLE, settlement)
        self.ok("deployer", "Staking.grantRole", SLASHER_ROLE, self.address(judge))
        self.ok("deployer", "Settlement.setVerifier", self.address(judge))

    def key(self, name: str) -> Key:
        if name not in self._keys:
            self._keys[name] = Key(name.encode())
        return self._keys[name]

    def address(self, name: str) -> Address:
        return self.key(name).address

    @property
    def now(self) -> int:
        """Timestamp of the last block."""
        return self.chain.head[1]

    def at(self, timestamp: int) -> Self:
        """Let the next block have this timestamp."""
        self._next = timestamp
        return self

    def later(self, seconds: int) -> Self:
        return self.at(self.now + seconds)

    def tick(self) -> None:
        """Mine an empty block, so that views see the time."""
        self.mine([])

    def mine(self, calls: Sequence[Call]) -> Block:
        timestamp, self._next = self._next or self.now + 1, None
        return self.chain.mine(calls, Timestamp(timestamp))

    def call(self, who: str, target: str, *args: Any) -> Call:
        contract, function = target.split(".")
        return Call(self.address(who), contract, function, args, GAS)

    def send_all(self, calls: Sequence[Call]) -> list[Receipt]:
        """Send many transactions at the same time, in as few blocks as they fit."""
        room = self.chain.block_gas_limit // GAS
        blocks = [self.mine(calls[start : start + room]) for start in range(0, len(calls), room)]
        return [receipt for block in blocks for receipt in block.receipts]

    def send(self, who: str, target: str, *args: Any) -> Receipt:
        return self.mine([self.call(who, target, *args)]).receipts[0]

    def ok(self, who: str, target: str, *args: Any) -> Receipt:
        """Send a transaction that must take effect."""
        receipt = self.send(who, target, *args)
        assert receipt.ok, f"{target}: {receipt.revert}"
        assert receipt.logs, f"{target} said nothing"
        return receipt

    def fails(self, who: str, target: str, *args: Any) -> Revert:
        """Send a transaction that must revert; why it did."""
        receipt = self.send(who, target, *args)
        assert receipt.revert is not None, f"{target} should have reverted"
        return receipt.revert

    def read(self, target: str, *args: Any) -> Any:
        return self.chain.read(*target.split("."), *args)

    def balance(self, account: str) -> int:
        """OPG of a named account, a contract, or an address."""
        if account.startswith("0x"):
            return self.chain.balance(Address(account))
        if account[0].isupper():
            return self.chain.balance(self.chain.address_of(account))
        return self.chain.balance(self.address(account))

    def give(self, who: str, amount: int) -> None:
        self.ok("deployer", "OPG.transfer", self.address(who), amount)

    def stake(self, who: str, role: int = INFERENCE, amount: int = STAKE) -> None:
        self.give(who, amount)
        self.ok(who, "OPG.approve", self.chain.address_of("Staking"), amount)
        self.ok(who, "Staking.stake", role, amount)

    def deposit(self, who: str, amount: int) -> None:
        self.give(who, amount)
        self.ok(who, "OPG.approve", self.chain.address_of("Settlement"), amount)
        self.ok(who, "Settlement.deposit", amount)

    def claims(self, clients: Sequence[str], fee: int = FEE, tag: str = "") -> list[Claim]:
        """One claim for each client named, in order."""
        return [
            Claim(
                index=index,
                task=hash_of("task", tag, index),
                model=hash_of("model"),
                input_hash=hash_of("input", tag, index),
                output_hash=hash_of("output", tag, index),
                evidence_hash=ZERO_HASH,
                client=self.address(client),
                fee=Wei(fee),
                answered_at=self.now,
            )
            for index, client in enumerate(clients)
        ]

    def voucher(self, client: str, node: str, cumulative: int, price: int = FEE) -> tuple[Address, int, int, bytes]:
        """A client's word that it owes a node so much, and at least that price for each inference."""
        digest = voucher_digest(self.domain, self.address(client), self.address(node), Wei(cumulative), Wei(price))
        return self.address(client), cumulative, price, self.key(client).sign(digest)

    def answer(self, node: str, claim: Claim, **changes: bytes) -> tuple[bytes, bytes]:
        """What the node signed for a client, the claim with `changes`: the output's hash, and the signature."""
        told = replace(claim, **changes)  # type: ignore[arg-type]
        digest = answer_digest(self.domain, told.task, told.model, told.input_hash, told.output_hash)
        return told.output_hash, self.key(node).sign(digest)

    def post(
        self,
        node: str,
        claims: list[Claim],
        vouchers: Sequence[tuple[Address, int, int, bytes]] = (),
        count: int | None = None,
    ) -> Batch:
        """Post claims; with `count`, under a number that is not theirs."""
        root, said = ClaimTree(claims).root, len(claims) if count is None else count
        receipt = self.ok(node, "Settlement.postBatch", root, said, list(vouchers), NO_DEADLINE)
        posted = event(receipt, "BatchPosted")
        assert posted["batch"] == batch_id(self.address(node), root)
        return Batch(posted["batch"], node, claims, [(client, amount) for client, amount in posted["charges"]])

    def paid_batch(self, node: str, clients: Sequence[str], tag: str = "") -> Batch:
        """Post a batch in which everybody pays the full fee for each of its claims, on top of what was paid before."""
        vouchers = []
        for client in dict.fromkeys(clients):
            redeemed = self.read("Settlement.redeemedOf", self.address(client), self.address(node))
            vouchers.append(self.voucher(client, node, redeemed + FEE * clients.count(client)))
        return self.post(node, self.claims(clients, tag=tag), vouchers)


def in_process() -> Chain:
    """A fresh chain with large blocks. Skips the test where pyrevm has no wheel for this Python."""
    pytest.importorskip("pyrevm")
    from chain.backends.revm import RevmChain

    return RevmChain(block_gas_limit=BLOCK_GAS)


def hash_of(*parts: object) -> bytes:
    """32 bytes that stand for `parts`."""
    return Key("/".join(map(str, parts)).encode()).sign(bytes(32))[:32]


def event(receipt: Receipt, name: str) -> Mapping[str, Any]:
    """Arguments of the one event of that name."""
    found = events(receipt, name)
    assert len(found) == 1, f"{len(found)} {name} in {[log.event for log in receipt.logs]}"
    return found[0]


def events(receipt: Receipt, name: str) -> list[Mapping[str, Any]]:
    return [log.args for log in receipt.logs if log.event == name]


def typed_data_digest(domain: Mapping[str, Any], name: str, fields: str, message: Mapping[str, Any]) -> bytes:
    """EIP-712 by eth_account. `fields` are written as in Solidity: ``address client,uint128 amount``."""
    types = {name: [dict(zip(("type", "name"), part.split(), strict=True)) for part in fields.split(",")]}
    signable = encode_typed_data(dict(domain), types, dict(message))
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def reason(receipt: Receipt) -> str | None:
    """Name of the error that a transaction reverted with; ``None`` if it did not."""
    return receipt.revert.error if receipt.revert else None


def bits(*indices: int) -> int:
    return sum(1 << index for index in indices)
