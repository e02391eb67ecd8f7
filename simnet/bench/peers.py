"""revm's chain path against verbs, another simulator of agents on an EVM in process (PyPI `verbs`, 0.4.1).

Both move the same OPG between the same accounts, in blocks of the same size, from Python values to known outcomes.
Arguments are encoded by our encoder on both sides, which is faster than verbs' own. verbs keeps logs undecoded, tells
no gas of a queued transaction, and its queue is Rust; our path decodes logs, and keeps old values for reorgs.

They take turns; what counts is the best time of each, in seconds of CPU. verbs is no dependency: who wants the figure
installs it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from chain.backends.revm import RevmChain
from chain.evm import abi
from chain.quantities import OPG, Address, Gas, Timestamp
from chain.seam import Call

ACCOUNTS = tuple(Address(f"0x{0xA000 + n:040x}") for n in range(100))
TRANSFERS = 20_000
PER_BLOCK = 100
ROUNDS = 3
GAS = Gas(200_000)
GAS_MONEY = 2**64
"""What each account holds of the chain's own coin, in wei: verbs would have it for gas."""

Transfer = tuple[Address, Address, int]
"""Who pays whom how much, in base units of OPG."""

Blocks = list[list[Transfer]]


@dataclass(frozen=True)
class PeerFigures:
    """Transfers a second of CPU."""

    ours: float
    verbs: float | None
    """None where verbs is not installed."""


def has_verbs() -> bool:
    """Whether verbs can be imported here."""
    return find_spec("verbs") is not None


def transfers(count: int = TRANSFERS) -> Blocks:
    """Everyone pays their neighbour in turn, another amount each time. `count` is a multiple of `PER_BLOCK`."""
    paid = [(ACCOUNTS[n % len(ACCOUNTS)], ACCOUNTS[(n + 1) % len(ACCOUNTS)], n + 1) for n in range(count)]
    return [paid[at : at + PER_BLOCK] for at in range(0, count, PER_BLOCK)]


def measure() -> PeerFigures:
    """Play the transfers on both, or on ours alone. Raises `ValueError` if the two end with other balances."""
    blocks = transfers()
    sides = [through_ours, through_verbs] if has_verbs() else [through_ours]
    rounds = [[side(blocks) for side in sides] for _ in range(ROUNDS)]
    if any(balances != rounds[0][0][1] for played in rounds for _, balances in played):
        raise ValueError("the same transfers left other balances")
    ours, *verbs = (TRANSFERS / min(seconds for seconds, _ in side) for side in zip(*rounds, strict=True))
    return PeerFigures(ours, verbs[0] if verbs else None)


def through_ours(blocks: Blocks) -> tuple[float, list[int]]:
    """CPU seconds, and what each account holds in the end."""
    chain = RevmChain()
    owner = ACCOUNTS[0]
    chain.deploy("OPG", [owner], owner)
    for to in ACCOUNTS[1:]:
        chain.mine([Call(owner, "OPG", "transfer", (to, OPG), GAS)], Timestamp(chain.head[1] + 1))

    def play() -> None:
        for block in blocks:
            calls = [Call(sender, "OPG", "transfer", (to, amount), GAS) for sender, to, amount in block]
            mined = chain.mine(calls, Timestamp(chain.head[1] + 1))
            assert all(receipt.ok and receipt.logs for receipt in mined.receipts)

    return cpu_seconds(play), [chain.balance(account) for account in ACCOUNTS]


def through_verbs(blocks: Blocks) -> tuple[float, list[int]]:
    """CPU seconds, and what each account holds in the end."""
    from verbs.envs import EmptyEnvGasPriority

    token, raw = abi.load("OPG"), {account: bytes.fromhex(account[2:]) for account in ACCOUNTS}
    owner = raw[ACCOUNTS[0]]
    world = EmptyEnvGasPriority(0)
    for account in raw.values():
        world.create_account(account, GAS_MONEY)
    at = world.deploy_contract(owner, "OPG", token.creation_code([ACCOUNTS[0]]))
    for to in ACCOUNTS[1:]:
        world.execute(owner, at, token.calldata("transfer", (to, OPG)), 0)

    def play() -> None:
        for block in blocks:
            for sender, to, amount in block:
                world.submit_transaction(raw[sender], at, token.calldata("transfer", (to, amount)), False)
            world.process_block()
            events = world.get_last_events()
            assert len(events) == len(block)
            assert all(succeeded for succeeded, *_ in events)

    def holds(account: Address) -> int:
        output, *_ = world.call(owner, at, token.calldata("balanceOf", (account,)), 0)
        return int.from_bytes(output, "big")

    return cpu_seconds(play), [holds(account) for account in ACCOUNTS]


def cpu_seconds(play: Callable[[], None]) -> float:
    """What `play` takes."""
    started = time.process_time()
    play()
    return time.process_time() - started
