"""Attacks that are best responses: whoever cheats here does so because it pays, and as long as it does.

The decisions are modelled; what they hang on is read from the contracts, and what they cost happens there.
"""

from __future__ import annotations

from collections import deque

from chain.hashing import keccak
from chain.quantities import BASIS_POINTS, OPG
from simnet.economy.attacks.stage import Given, Stage
from simnet.theory.dilemma import jackpot_needed, verifies_if_it_pays

BOND = 10_000 * OPG
DELEGATED = 90_000 * OPG
FEE = 100 * OPG
PRICE, PRICE_LEFT = 0.1, 0.34
"""Dollars for one OPG, and what a fall by 66 % leaves of it."""

COMPUTE_USD = 1.0
"""What a fraud saves."""

FOUND = 0.008
"""Probability that a fraud is found: one in a hundred is checked, by somebody honest in four of five cases."""

CHECK = 10 * OPG
"""What checking a claim costs its verifier."""

SAVED = 50 * OPG
"""What a fraud saves its node, where both are counted in OPG."""

ROUNDS = 60
REMEMBERED = 10
"""Claims by which a verifier judges how rare frauds are."""

FRAUDS = 5


def follow_price_out(stage: Stage, _: Given) -> int:
    """The price falls by 66 %, and who delegated leaves. Four hours later the node weighs what a fraud saves against
    what it costs by all that a slash still reaches, and commits five if they pay."""
    stage.validator("cheat", BOND)
    stage.delegate("delegators", "cheat", DELEGATED)
    stage.give("victim", FRAUDS * FEE)
    stage.escrow("victim", FRAUDS * FEE)
    before = _taken(stage)
    if _fraud_pays(stage, PRICE):
        return 0  # it would not need the fall
    stage.must("delegators", "Staking.undelegate", stage.address("cheat"), DELEGATED)
    stage.wait(4 * 3_600)
    stage.send("delegators", "Staking.withdraw")
    for number in range(FRAUDS):
        if _fraud_pays(stage, PRICE * PRICE_LEFT):
            stage.judge(stage.post("cheat", "victim", FEE, number), wrong=_is_found(number))
    return _taken(stage) - before


def dilemma(stage: Stage, given: Given) -> int:
    """Sixty claims, each with two decisions: the verifier checks while what it finds pays for it, the node cheats
    while it is not checked. Forced errors give a verifier something to find when nobody cheats."""
    stage.validator("node", BOND)
    stage.give("victim", ROUNDS * FEE)
    stage.escrow("victim", ROUNDS * FEE)
    seen: deque[bool] = deque([False] * REMEMBERED, REMEMBERED)
    was_checked, lost = False, 0
    for number in range(ROUNDS):
        slash = stage.chain.read("Staking", "slashableOf", stage.address("node")) * stage.protocol.slash_share_bps
        bounty = slash // BASIS_POINTS * stage.protocol.bounty_share_bps // BASIS_POINTS
        jackpot = jackpot_needed(CHECK, given.forced) * 1.01 if given.forced else 0.0
        rate = sum(seen) / REMEMBERED
        earned = rate * bounty + given.forced * jackpot
        checks = verifies_if_it_pays(1.0, earned, float(CHECK)) == 1.0
        cheats = float(was_checked) * (FEE + slash // BASIS_POINTS) < SAVED
        posted = stage.post("node", "victim", FEE, number)
        stage.judge(posted, wrong=cheats and checks)
        lost += FEE if cheats and not checks else 0
        seen.append(cheats)
        was_checked = checks
    return lost


def _fraud_pays(stage: Stage, price: float) -> bool:
    """Whether C > p (1 - r)(R + S), with what a slash reaches now, in dollars."""
    reachable = stage.chain.read("Staking", "slashableOf", stage.address("cheat"))
    slash = reachable * stage.protocol.slash_share_bps // BASIS_POINTS
    reward = FEE * (BASIS_POINTS - stage.protocol.verifier_share_bps) // BASIS_POINTS
    return bool(FOUND * (reward + slash) / OPG * price < COMPUTE_USD)


def _is_found(number: int) -> bool:
    return int.from_bytes(keccak(f"check {number}".encode()), "big") < FOUND * 2**256


def _taken(stage: Stage) -> int:
    """What the node and who checks it have of the victim's fees."""
    return stage.balance("cheat") + stage.balance("auditor")
