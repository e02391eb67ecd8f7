"""Accounts that hold money on a local network. Their keys are known to everybody: those of Foundry's test mnemonic."""

from __future__ import annotations

from dataclasses import dataclass

from chain.quantities import OPG, Address, Wei


@dataclass(frozen=True, slots=True)
class Account:
    """An account with its key. Never send anything of worth to it."""

    address: Address
    key: str


ACCOUNTS = (
    Account(
        Address("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"),
        "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    ),
    Account(
        Address("0x70997970c51812dc3a010c7d01b50e0d17dc79c8"),
        "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    ),
    Account(
        Address("0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc"),
        "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    ),
)
"""From the mnemonic "test test test test test test test test test test test junk"."""

FUNDS = Wei(1_000 * OPG)
"""What each holds on the payment chain at the start."""
