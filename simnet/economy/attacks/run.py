"""Carrying out an attack scenario: twice, each time on fresh contracts."""

from __future__ import annotations

from dataclasses import dataclass

from chain.quantities import Gas
from chain.seam import Chain
from simnet.economy.attacks.catalogue import ATTACKS
from simnet.economy.attacks.scenario import AttackScenario, Side
from simnet.economy.attacks.stage import Stage
from simnet.economy.ledger import in_process

BLOCK_GAS = Gas(30_000_000)


@dataclass(frozen=True)
class Outcome:
    """What an attack cost others."""

    remedy: bool
    lost: int
    expected: int
    """Both in wei."""

    @property
    def held(self) -> bool:
        """Whether it is what the scenario says, to the wei."""
        return self.lost == self.expected

    def as_json(self) -> dict[str, str | bool]:
        """Amounts in wei as text: JSON's numbers are too small for them."""
        return {"remedy": self.remedy, "lost": str(self.lost), "expected": str(self.expected), "held": self.held}


def attack(scenario: AttackScenario) -> tuple[Outcome, Outcome]:
    """Without the remedy, and with it."""
    return _once(scenario, scenario.without, False), _once(scenario, scenario.with_, True)


def _once(scenario: AttackScenario, side: Side, remedy: bool) -> Outcome:
    rules, chain = side.rules, _open_chain(scenario.backend)
    try:
        stage = Stage(chain, rules.protocol, rules.economy)
        lost = ATTACKS[scenario.attack](stage, rules.given(scenario.stake))
    finally:
        chain.close()
    return Outcome(remedy, lost, side.lost)


def _open_chain(backend: str) -> Chain:
    if backend == "revm":
        return in_process(BLOCK_GAS)
    from chain.backends.anvil import AnvilChain

    return AnvilChain(block_gas_limit=BLOCK_GAS)
