"""Every attack: a function that carries it out, and says what others lost by it, in wei.

Each happens on contracts whose parameters the scenario gives twice. Whether it works, the contracts say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from chain.quantities import BURN_ADDRESS, OPG
from simnet.economy.attacks.images import poison_pcrs
from simnet.economy.attacks.responses import dilemma, follow_price_out
from simnet.economy.attacks.stage import Action, Attack, Given, Stage

BOND = 10_000 * OPG
DELEGATED = 100_000 * OPG
FEE = 100 * OPG
FRAUDS = 5
PROOF_TAKES_S = 7_200
"""From a fraud to the verdict (assumption)."""

WARNED_S = 86_400
"""How long before a change takes effect others must know of it, so that they can act (assumption)."""


def drain_treasury(stage: Stage, given: Given) -> int:
    """Who holds enough OPG while few others vote has the treasury sent to itself."""
    stage.give("attacker", given.stake)
    stage.must("attacker", "OPG.delegate", stage.address("attacker"))
    stage.wait(1)
    return _take_treasury(stage)


def borrow_votes(stage: Stage, given: Given) -> int:
    """The same with OPG that was borrowed for two blocks, over the snapshot, and given back before the vote."""
    stage.give("attacker", stage.economy.rules.threshold)  # to propose with
    stage.must("attacker", "OPG.delegate", stage.address("attacker"))
    stage.wait(1)
    actions = [_to_attacker(stage)]
    rules = stage.economy.rules
    loan_at = stage.now + 1 + rules.voting_delay_s

    def lend() -> None:
        stage.wait_until(loan_at - 2)
        stage.give("borrower", given.stake)
        stage.must("borrower", "OPG.delegate", stage.address("borrower"))

    before = stage.balance("Timelock")
    proposed = stage.propose("attacker", actions, lend)
    stage.must("borrower", "OPG.transfer", stage.address("liquidity"), given.stake)
    if stage.pass_vote(proposed, ["attacker", "borrower"], actions):
        stage.execute(actions)
    return before - stage.balance("Timelock")


def borrow_votes_within_a_block(stage: Stage, given: Given) -> int:
    """A flash loan: borrowed, voted with and given back at once, while the vote is on."""
    stage.give("attacker", stage.economy.rules.threshold)
    stage.must("attacker", "OPG.delegate", stage.address("attacker"))
    stage.wait(1)
    actions = [_to_attacker(stage)]
    before = stage.balance("Timelock")
    proposed = stage.propose("attacker", actions)
    stage.give("borrower", given.stake)
    stage.must("borrower", "OPG.delegate", stage.address("borrower"))
    if stage.pass_vote(proposed, ["attacker", "borrower"], actions):
        stage.execute(actions)
    return before - stage.balance("Timelock")


def bribe_delegate(stage: Stage, given: Given) -> int:
    """Holders have entrusted their votes to a delegate, who is bribed and has the treasury sent to the attacker. Who is
    warned before the snapshot takes its votes back."""
    stage.give("holders", given.stake)
    stage.must("holders", "OPG.delegate", stage.address("delegate"))
    stage.wait(1)

    def take_back() -> None:
        if stage.economy.rules.voting_delay_s >= WARNED_S:
            stage.must("holders", "OPG.delegate", stage.address("holders"))

    before, actions = stage.balance("Timelock"), [_to_attacker(stage)]
    if stage.pass_vote(stage.propose("delegate", actions, take_back), ["delegate"], actions):
        stage.execute(actions)
    return before - stage.balance("Timelock")


def poison_slash(stage: Stage, given: Given) -> int:
    """A vote sets the slash share to zero, and a validator of the voter's commits frauds. What its stake should have
    lost by the old share, and did not, is lost to everybody."""
    stage.validator("cheat", BOND)
    stage.give("attacker", given.stake)
    stage.must("attacker", "OPG.delegate", stage.address("attacker"))
    stage.wait(1)
    kept = (10_000 - stage.protocol.slash_share_bps) ** FRAUDS
    due: int = BOND - BOND * kept // 10_000**FRAUDS
    poison: list[Action] = [("Settlement", "setParameters", (replace(stage.protocol, slash_share_bps=0).settlement,))]
    if stage.vote("attacker", poison):
        stage.execute(poison)
    burned = _frauds(stage, "cheat", FRAUDS)
    return max(0, due - burned)


def race_timelock(stage: Stage, given: Given) -> int:
    """A vote makes the attacker the verifier, with all of the fees for its share. Who is warned in time posts nothing
    more and has the old verifier settle what is open; who is not loses the fees of the open batches."""
    stage.validator("honest", BOND)
    stage.give("client", 10 * FEE)
    stage.escrow("client", 10 * FEE)
    stage.give("attacker", given.stake)
    stage.must("attacker", "OPG.delegate", stage.address("attacker"))
    stage.wait(1)
    everything = replace(stage.protocol, verifier_share_bps=10_000).settlement
    actions: list[Action] = [
        ("Settlement", "setParameters", (everything,)),
        ("Settlement", "replaceVerifier", (stage.address("attacker"),)),
    ]
    passed = stage.vote("attacker", actions)
    opened = [stage.post("honest", "client", FEE, number) for number in range(10)]
    if stage.economy.rules.timelock_s >= WARNED_S:
        for one in opened:
            stage.judge(one, wrong=False)
    if passed:
        stage.execute(actions)
    before = stage.balance("attacker")
    for one in opened:
        stage.judge(one, wrong=False, who="attacker")
    return stage.balance("attacker") - before


def delegate_to_cheat(stage: Stage, given: Given) -> int:
    """A validator with little of its own and much of others' commits frauds: what its delegators lose."""
    names = ["cheat", *(f"honest {i}" for i in range(1, given.validators))]
    for name in names:
        stage.validator(name, BOND)
        stage.delegate("delegator", name, DELEGATED // given.validators)
    _frauds(stage, "cheat", FRAUDS)
    left = sum(stage.chain.read("Staking", "valueOf", stage.address(n), stage.address("delegator")) for n in names)
    return DELEGATED - int(left)


def leave_before_proof(stage: Stage, _: Given) -> int:
    """Stake leaves between a fraud and its verdict. What the slash should have taken of it, and did not, is lost."""
    return _escape(stage, ())


def redelegate_before_proof(stage: Stage, _: Given) -> int:
    """The same, to another validator instead of out."""
    stage.validator("other", BOND)
    return _escape(stage, (stage.address("other"),))


def ask_oneself(stage: Stage, _: Given) -> int:
    """A lone validator asks itself: what it gets of the month's rewards, beyond what that cost it."""
    stage.validator("attacker", BOND)
    stage.next_month()
    stage.give("attacker", FEE)
    before = stage.balance("attacker")
    stage.escrow("attacker", FEE)
    stage.judge(stage.post("attacker", "attacker", FEE), wrong=False)
    stage.next_month()
    me = stage.address("attacker")
    stage.must("anyone", "Rewards.claim", me, me, 2)
    return max(0, stage.balance("attacker") - before)


ATTACKS: Mapping[str, Attack] = MappingProxyType(
    {
        one.__name__: one
        for one in (
            drain_treasury,
            borrow_votes,
            borrow_votes_within_a_block,
            bribe_delegate,
            poison_slash,
            race_timelock,
            delegate_to_cheat,
            leave_before_proof,
            redelegate_before_proof,
            ask_oneself,
            poison_pcrs,
            follow_price_out,
            dilemma,
        )
    }
)


def _to_attacker(stage: Stage) -> Action:
    return "OPG", "transfer", (stage.address("attacker"), stage.balance("Timelock"))


def _take_treasury(stage: Stage) -> int:
    before, actions = stage.balance("Timelock"), [_to_attacker(stage)]
    if stage.vote("attacker", actions):
        stage.execute(actions)
    return before - stage.balance("Timelock")


def _frauds(stage: Stage, node: str, count: int) -> int:
    """Post wrong claims, each of which is rejected; what was burned for them."""
    stage.give("victim", count * FEE)
    stage.escrow("victim", count * FEE)
    before = stage.chain.balance(BURN_ADDRESS)
    for number in range(count):
        stage.judge(stage.post(node, "victim", FEE, number), wrong=True)
    return stage.chain.balance(BURN_ADDRESS) - before


def _escape(stage: Stage, to: tuple[str, ...]) -> int:
    stage.validator("cheat", BOND)
    stage.delegate("accomplice", "cheat", DELEGATED)
    stage.give("victim", FEE)
    stage.escrow("victim", FEE)
    posted = stage.post("cheat", "victim", FEE)
    due = (BOND + DELEGATED) * stage.protocol.slash_share_bps // 10_000
    stage.must("accomplice", f"Staking.{'redelegate' if to else 'undelegate'}", stage.address("cheat"), *to, DELEGATED)
    stage.wait(PROOF_TAKES_S)
    stage.send("accomplice", "Staking.withdraw")
    before = stage.chain.balance(BURN_ADDRESS)
    stage.judge(posted, wrong=True)
    return due - (stage.chain.balance(BURN_ADDRESS) - before)
