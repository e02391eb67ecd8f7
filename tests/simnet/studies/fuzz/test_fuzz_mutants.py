"""Where a mend is taken out, the machine finds the attack that it ended."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

pytest.importorskip("pyrevm")

from simnet.studies.fuzz.books import BOOKS, GAS, LOST, PROMISE, REFUSED, SHAPE
from simnet.studies.fuzz.game import Broken, Game, play_game
from simnet.studies.fuzz.machine import Machine
from simnet.studies.fuzz.setting import SETTINGS
from tests.mutants import MUTANTS

CALLS = 6_000


@dataclass(frozen=True)
class Attack:
    """Mends that are taken out, under which setting, and what the machine is to find."""

    mutants: tuple[str, ...]
    setting: str
    kind: str
    says: str


MALFORMED = "malformed_batches_stand"

ATTACKS = {
    "1: a batch whose count is not its leaves' hides claims": Attack(
        (MALFORMED,), "optimistic", SHAPE, "malformed batch is final"
    ),
    "1: nobody can say so": Attack((MALFORMED,), "committee", REFUSED, "proveMalformed"),
    "2: accusations that are never used up": Attack(
        (MALFORMED, "attention_takes_any_index"), "attention_challenge", LOST, "slashed for inattention"
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
    "fees that vanish": Attack(("settlement_pays_half",), "unverified", BOOKS, "escrow"),
    "slashes that are too small": Attack(("settlement_slashes_half",), "committee", PROMISE, "wrongs cost"),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_the_machine_finds_it(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    found = search(attack, monkeypatch)
    assert found is not None
    assert found.kind == attack.kind
    assert attack.says in found.sentence


def search(attack: Attack, monkeypatch: pytest.MonkeyPatch, tries: int = 0) -> Broken | None:
    """What the machine finds in a game, with the mends taken out."""
    for name in attack.mutants:
        MUTANTS[name].deploy_instead(monkeypatch)
    machine = Machine(SETTINGS[attack.setting], judged=(attack.kind,))
    monkeypatch.setattr("simnet.studies.fuzz.game.machine_for", lambda setting: machine)
    played = play_game(Game(attack.setting, seed=0, calls=CALLS), tries=tries)
    assert played is not None
    print(f"found after {played.tally.total():,} calls")
    return played.broken


def test_what_is_found_is_told_in_few_moves_and_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    attack = ATTACKS["4: one task, two inputs"]
    found = search(attack, monkeypatch, tries=60)
    assert found is not None
    assert found == search(attack, monkeypatch, tries=60)
    assert len(found.steps) <= 4
    assert "Settlement.proveEquivocation" in found.calls[-1]
