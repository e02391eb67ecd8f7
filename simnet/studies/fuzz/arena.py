"""The protocol on a chain of its own, accounts by name, and every call that they made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chain.backends.revm import RevmChain
from chain.deploy import ProtocolParameters, deploy_protocol
from chain.formats.signing import Domain, Key
from chain.hashing import keccak
from chain.quantities import OPG, Address, Gas, Timestamp, Wei
from chain.seam import TRANSACTION_GAS_MAX, Call, Chain, Receipt
from simnet.studies.fuzz.cast import BALANCES, BUILDER, FULL, INFERENCE, NAMES
from simnet.studies.fuzz.governed import deploy_governed
from simnet.studies.fuzz.setting import Setting

BLOCK_CALLS = 4
"""Calls that a block has room for here."""

DEPLOYER = "deployer"
ROLES = {**dict.fromkeys(INFERENCE, 1), **dict.fromkeys(FULL, 2)}
UNLIMITED = 2**256 - 1

PARAMETERS = ProtocolParameters(
    min_stake_inference=Wei(1_000 * OPG),
    min_stake_full=Wei(1_000 * OPG),
    unbonding_s=50_000,
    slash_share_bps=1_000,
    slash_amount=Wei(3 * OPG),
    bounty_share_bps=4_000,
    jail_period_s=60,
    withdrawal_delay_s=300,
    finality_delay_s=120,
    expiry_s=20_000,
    beacon_round_s=60,
)
"""Unbonding outlasts expiry, as it must."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A call that somebody made."""

    at: Timestamp
    who: str
    call: Call
    outcome: str
    """``ok``, or the name of the error that it reverted with."""

    def __str__(self) -> str:
        args = ", ".join(map(shown, self.call.args))
        return f"{self.at}  {self.who}: {self.call}({args}) -> {self.outcome}"


class Arena:
    """A chain with the protocol under a setting, and everybody with a balance, a stake or an escrow."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.keys = {name: Key(name.encode()) for name in (*NAMES, DEPLOYER)}
        self.names = {key.address: name for name, key in self.keys.items()}
        self.calls: list[Sent] = []
        self.chain: Chain = RevmChain(block_gas_limit=Gas(BLOCK_CALLS * TRANSACTION_GAS_MAX))
        deployer = self.keys[DEPLOYER].address
        if setting.governed and setting.verifier is not None:
            deploy_governed(self.chain, deployer, PARAMETERS, setting.verifier, self.address(BUILDER))
        else:
            provers = setting.prepare(self.chain, deployer)
            deploy_protocol(self.chain, deployer, PARAMETERS, setting.verifier, {}, provers)
        self.domain = Domain(self.chain.chain_id, self.chain.address_of("Settlement"))
        self.contracts = setting.contracts
        for name in self.contracts:
            self.names[self.chain.address_of(name)] = name
        self.opening: list[Receipt] = []
        """What everybody did before the machine began."""
        self._hand_out()

    def _hand_out(self) -> None:
        """Give everybody what it begins with."""
        spenders = [
            name for name in self.contracts if name in ("Settlement", "Staking", "Rewards", self.setting.verifier_name)
        ]
        for name, (balance, stake, escrow) in BALANCES.items():
            self.setup(DEPLOYER, "OPG.transfer", self.address(name), balance + stake + escrow)
            for spender in spenders:
                self.setup(name, "OPG.approve", self.chain.address_of(spender), UNLIMITED)
            if stake:
                self.setup(name, "Staking.stake", ROLES[name], stake)
            if escrow:
                self.setup(name, "Settlement.deposit", escrow)

    def setup(self, who: str, target: str, *args: Any) -> None:
        """Make a call that must be good, before the machine begins."""
        (receipt,) = self.send([self.call(who, target, *args)])
        assert receipt.ok, f"{target}: {receipt.revert}"
        self.opening.append(receipt)
        self.calls.clear()

    def address(self, name: str) -> Address:
        """Of an account or a contract."""
        return self.keys[name].address if name in self.keys else self.chain.address_of(name)

    def name(self, address: str) -> str:
        """Of an address; the address itself where nobody known has it."""
        return self.names.get(Address(address), address)

    @property
    def now(self) -> Timestamp:
        """Timestamp of the last block."""
        return self.chain.head[1]

    def call(self, who: str, target: str, *args: Any) -> Call:
        """A call with as much gas as a transaction can have."""
        contract, function = target.split(".")
        return Call(self.address(who), contract, function, args, TRANSACTION_GAS_MAX)

    def send(self, calls: Sequence[Call]) -> tuple[Receipt, ...]:
        """Mine calls in one block, a second after the last."""
        block = self.chain.mine(calls, Timestamp(self.now + 1))
        self.calls += [
            Sent(block.timestamp, self.name(one.call.sender), one.call, one.revert.error if one.revert else "ok")
            for one in block.receipts
        ]
        return block.receipts

    def wait_until(self, timestamp: int) -> None:
        """Mine an empty block, so that views see the time."""
        self.chain.mine([], Timestamp(timestamp))

    def read(self, target: str, *args: Any) -> Any:
        """Call a view."""
        return self.chain.read(*target.split("."), *args)

    def sign(self, name: str, digest: bytes) -> bytes:
        """Signature of a named account."""
        return self.keys[name].sign(digest)


def shown(value: Any) -> str:
    """An argument as text, short where it is long."""
    if isinstance(value, bytes):
        return "0x" + value.hex() if len(value) <= 32 else f"0x{value[:8].hex()}… ({len(value)} bytes)"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(shown, value)) + "]"
    return str(value)


def digest(*parts: object) -> bytes:
    """32 bytes that stand for `parts`."""
    return keccak("/".join(map(str, parts)).encode())
