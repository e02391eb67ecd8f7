"""Where a mend is taken out, the machine finds the attack that it ended."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

pytest.importorskip("pyrevm")

from simnet.studies.fuzz.books import BOOKS, GAS, LOST, PROMISE, REFUSED, SHAPE, STUCK, TWICE, Violation
from simnet.studies.fuzz.game import Broken, Game, play_game
from simnet.studies.fuzz.machine import Machine
from simnet.studies.fuzz.setting import SETTINGS
from simnet.studies.fuzz.votes import RULED
from tests.mutants import MUTANTS
from tests.simnet.studies.fuzz.stateful import SEEDED, state_machine

CALLS = 6_000
LONG = settings(SEEDED, max_examples=300, stateful_step_count=60, phases=[Phase.generate])


@dataclass(frozen=True)
class Attack:
    """Mends that are taken out, under which setting, and what the machine is to find."""

    mutants: tuple[str, ...]
    setting: str
    kind: str
    says: str
    moves: tuple[str, ...] = ()
    """Those that hypothesis is left with, where it takes several of one kind in a row; all if none are named."""


MALFORMED = "malformed_batches_stand"

ATTACKS = {
    "1: a batch whose count is not its leaves' hides claims": Attack(
        (MALFORMED,), "optimistic", SHAPE, "malformed batch is final"
    ),
    "1: nobody can say so": Attack((MALFORMED,), "committee", REFUSED, "proveMalformed"),
    "2: accusations that are never used up": Attack(
        (MALFORMED, "attention_takes_any_index"),
        "attention_challenge",
        LOST,
        "slashed for inattention",
        ("post", "accuse"),
    ),
    "3: dust lengthens every draw": Attack(("dust_is_drawn_from",), "committee", GAS, "a draw takes"),
    "4: one task, two inputs": Attack(("another_input_is_an_equivocation",), "unverified", LOST, "ina, who is honest"),
    "5: wrongs are cheaper one by one": Attack(
        ("each_wrong_costs_a_share_of_what_is_left",), "committee", PROMISE, "wrongs cost ivo"
    ),
    "5: a convict denounces itself": Attack(
        ("who_proves_first_has_the_bounty",), "committee", PROMISE, "a bounty goes to"
    ),
    "5: challengers of what is proven get nothing": Attack(
        ("what_is_proven_is_not_judged",), "optimistic", PROMISE, "a bounty goes to"
    ),
    "5: a claim says what is refunded": Attack(("claims_say_what_is_refunded",), "committee", LOST, "has"),
    "back in service, what an enclave said while out is good": Attack(
        ("back_in_service_all_is_forgotten",), "attested", PROMISE, "stand in a final batch"
    ),
    "evidence of somebody else's enclave": Attack(
        ("others_enclaves_will_do",), "attested", PROMISE, "stand in a final batch"
    ),
    "enclaves that anybody puts out of service": Attack(
        ("anybody_disables_enclaves",), "attested", LOST, "the enclave of ina"
    ),
    "one proof for two claims": Attack(("proofs_are_good_twice",), "circuit", TWICE, "proves two claims by one"),
    "proofs that nobody verifies": Attack(("proofs_are_not_verified",), "circuit", PROMISE, "is wrong, and proven"),
    "a little put behind those whom a poster fears": Attack(
        ("a_delegation_silences_its_node",), "economy", REFUSED, "has no seat"
    ),
    "parameters that anybody sets": Attack(("anybody_sets_parameters",), "economy", RULED, "without a vote"),
    "votes for what no vote can": Attack(("votes_pass_all_bounds",), "economy", RULED, "what no vote can"),
    "fees that vanish": Attack(("settlement_pays_half",), "unverified", BOOKS, "escrow"),
    "slashes that are too small": Attack(("settlement_slashes_half",), "committee", PROMISE, "wrongs cost"),
    "stake that leaves is slashed last": Attack(
        ("what_unbonds_is_slashed_last",), "economy", PROMISE, "after a slash, not"
    ),
    "a bounty out of others' stake": Attack(("bounties_are_of_others_stake",), "economy", LOST, "itself loses"),
    "rewards are paid again and again": Attack(("rewards_are_claimed_again",), "economy", TWICE, "paid twice"),
    "rewards for who comes last": Attack(("rewards_follow_the_last_moment",), "economy", TWICE, "more rewards"),
    "rewards that nobody gets": Attack(("what_is_saved_is_forgotten",), "economy", STUCK, "stuck in Rewards"),
    "votes that are lent count twice": Attack(("votes_are_those_of_now",), "economy", RULED, "wei, and had"),
}


SLOW = (
    "a bounty out of others' stake",
    "back in service, what an enclave said while out is good",
    "parameters that anybody sets",
    "rewards for who comes last",
)
"""Those that take two seconds and more: `make long` has the machine find them."""


@pytest.mark.parametrize(
    "attack",
    [pytest.param(attack, id=name, marks=[pytest.mark.long] * (name in SLOW)) for name, attack in ATTACKS.items()],
)
def test_the_machine_finds_it(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    found = search(attack, monkeypatch)
    assert found is not None
    assert found.kind == attack.kind
    assert attack.says in found.sentence


FINDINGS = {name[0]: attack for name, attack in reversed(ATTACKS.items()) if name[0].isdigit()}
"""The first attack of each finding, by its number."""


@pytest.mark.long
@pytest.mark.parametrize("attack", FINDINGS.values(), ids=FINDINGS.keys())
def test_hypothesis_finds_it(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = machine_without(attack, monkeypatch)
    with pytest.raises(Violation, match=attack.says) as found:
        run_state_machine_as_test(state_machine(machine, attack.moves), settings=LONG)
    assert found.value.kind == attack.kind


def search(attack: Attack, monkeypatch: pytest.MonkeyPatch, tries: int = 0) -> Broken | None:
    """What the machine finds in a game, with the mends taken out."""
    machine = machine_without(attack, monkeypatch)
    monkeypatch.setattr("simnet.studies.fuzz.game.machine_for", lambda setting: machine)
    played = play_game(Game(attack.setting, seed=0, calls=CALLS), tries=tries)
    assert played is not None
    print(f"found after {played.tally.total():,} calls")
    return played.broken


def machine_without(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine against contracts whose mends are taken out."""
    for name in attack.mutants:
        MUTANTS[name].deploy_instead(monkeypatch)
    return Machine(SETTINGS[attack.setting], judged=(attack.kind,))


def test_what_is_found_is_told_in_few_moves_and_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    attack = ATTACKS["4: one task, two inputs"]
    found = search(attack, monkeypatch, tries=60)
    assert found is not None
    assert found == search(attack, monkeypatch, tries=60)
    assert len(found.steps) <= 4
    assert "Settlement.proveEquivocation" in found.calls[-1]
