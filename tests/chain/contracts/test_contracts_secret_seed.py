"""Secret seeds: whose duty a batch is, what reports lead to, when seeds are shown, and who is paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.deploy import VerifierSpec
from chain.errors import SimnetError
from chain.formats.signing import Key
from chain.seam import Receipt
from simnet.strategies.voting.secret_seed_duty import FINALISE_GAS, SHOW_GAS, is_duty, paying_gas
from tests.contracts_world import (
    FEE,
    FULL,
    PARAMETERS,
    STAKE,
    Batch,
    Committee,
    World,
    bits,
    event,
    events,
    hash_of,
    reason,
)
from tests.panels import NO, STAFF, YES, chain_of, seats_in, settle_in, votes_of

UNIT = 10**9
SHARE = FEE // 5
"""Of a fee, for its verification."""


ARBITERS = Committee(size=0, commit_reveal=False)


@dataclass(frozen=True)
class Rule:
    """Parameters of the SecretSeed contract besides the arbiters', in the order of its struct."""

    probability: int = UNIT
    epoch_s: int = 300
    report_window_s: int = 20
    settle_window_s: int = 120
    seed_window_s: int = 30

    def spec(self, arbiters: Committee = ARBITERS) -> VerifierSpec:
        return VerifierSpec("SecretSeed", (tuple(vars(arbiters).values()), tuple(vars(self).values())))


class Seeded(World):
    """A world under SecretSeed in whose first epoch everybody has committed to seeds."""

    def __init__(self, rule: Rule, full: Sequence[str] = STAFF, arbiters: Committee = ARBITERS) -> None:
        super().__init__(replace(PARAMETERS, jail_period_s=0), rule.spec(arbiters))
        self.rule = rule
        settle_in(self, full)
        self.at(self.read("SecretSeed.genesis") + rule.epoch_s).tick()
        self.seeds = {name: chain_of(name, 16) for name in full}
        for name in full:
            self.ok(name, "SecretSeed.commitSeed", self.seeds[name][0])

    def seed_of(self, name: str, epoch: int) -> bytes:
        """A node's seed; it committed in epoch 1."""
        return self.seeds[name][epoch]

    def has_duty(self, name: str, batch: Batch, epoch: int = 1) -> bool:
        return is_duty(self.seed_of(name, epoch), self.address(name), batch.id, self.rule.probability)

    def report(self, batch: Batch, said: Mapping[str, Sequence[int]]) -> None:
        """Each calls these claims wrong."""
        for name, wrong in said.items():
            self.ok(name, "SecretSeed.report", batch.id, bits(*wrong))

    def close(self, *batches: Batch) -> None:
        """Make batches final that nobody disputes."""
        self.later(self.rule.report_window_s + 1).tick()
        for batch in batches:
            self.ok("anyone", "SecretSeed.finalise", batch.id, [], [])

    def judge(self, batch: Batch, words: str) -> Receipt:
        """Have all arbiters say these words of each claim."""
        self.later(self.rule.report_window_s + 1).tick()
        seats = seats_in(self, self.ok("anyone", "SecretSeed.arbitrate", batch.id))
        for name, seat in seats.items():
            self.ok(name, "SecretSeed.vote", batch.id, seat, votes_of(words))
        _, rejected, voided, resolvable = self.read("SecretSeed.tally", batch.id)
        assert resolvable
        fallen = [i for i in range(len(batch.claims)) if (rejected | voided) >> i & 1]
        return self.ok("anyone", "SecretSeed.resolve", batch.id, batch.openings(*fallen), batch.charges)

    def show_time(self, epoch: int = 1) -> Seeded:
        self.at(max(self.read("SecretSeed.shownFrom", epoch), self.now + 1))
        return self

    def show(self, *names: str, epoch: int = 1) -> dict[str, tuple[int, int]]:
        """Show seeds as soon as possible; each node's duties, and those it missed."""
        self.show_time(epoch).tick()
        shown = {n: self.ok(n, "SecretSeed.showSeed", epoch, self.seed_of(n, epoch)) for n in names}
        found = {name: event(receipt, "SeedShown") for name, receipt in shown.items()}
        return {name: (row["duties"], row["missed"]) for name, row in found.items()}

    def pay(self, epoch: int = 1) -> dict[str, int]:
        """Have an epoch paid as soon as possible; what each got."""
        self.at(self.read("SecretSeed.shownFrom", epoch) + self.rule.seed_window_s)
        names = {self.address(name): name for name in self.seeds}
        receipt = self.ok("anyone", "SecretSeed.payEpoch", epoch)
        return {names[row["member"]]: row["amount"] for row in events(receipt, "Rewarded")}


def post(world: World, claims: int = 1, tag: str = "") -> Batch:
    return world.paid_batch("node", ["cleo"] * claims, tag=tag)


def slashed(world: Seeded, receipt: Receipt) -> dict[str, str]:
    """Why each was slashed, by name."""
    names = {world.address(name): name for name in ("node", *world.seeds)}
    return {names[row["node"]]: row["reason"].rstrip(b"\0").decode() for row in events(receipt, "Slashed")}


@pytest.fixture
def world() -> Seeded:
    return Seeded(Rule())


# -- whose duty ----------------------------------------------------------------------------------------------


def test_nodes_work_out_the_same_duties_as_the_contract() -> None:
    world = Seeded(Rule(probability=UNIT // 3), full=())

    @settings(max_examples=100, deadline=None)
    @given(
        seed=st.binary(min_size=32, max_size=32), batch=st.binary(min_size=32, max_size=32), name=st.text(max_size=3)
    )
    def agree(seed: bytes, batch: bytes, name: str) -> None:
        member = world.address(name)
        assert world.read("SecretSeed.isDuty", seed, member, batch) == is_duty(seed, member, batch, UNIT // 3)

    agree()


def test_who_commits_to_anothers_chain_does_not_have_its_duties() -> None:
    duties = [
        [is_duty(hash_of("seed"), Key(name.encode()).address, hash_of("batch", i), UNIT // 2) for i in range(64)]
        for name in ("fa", "fb")
    ]
    assert duties[0] != duties[1]


def test_a_batch_posted_before_a_node_committed_is_not_its_duty(world: Seeded) -> None:
    early = post(world, tag="early")
    world.stake("late", FULL)
    world.seeds["late"] = chain_of("late", 8)
    world.ok("late", "SecretSeed.commitSeed", world.seeds["late"][0])
    world.close(early, post(world, tag="after"))
    assert world.show("late", "fa") == {"late": (1, 1), "fa": (2, 2)}


# -- reports -------------------------------------------------------------------------------------------------


def test_a_batch_is_final_when_the_window_for_reports_is_over_and_not_before(world: Seeded) -> None:
    batch = post(world)
    world.at(world.now + world.rule.report_window_s)
    assert world.fails("anyone", "SecretSeed.finalise", batch.id, [], []).error == "TooEarly"
    final = world.ok("anyone", "SecretSeed.finalise", batch.id, [], [])
    assert event(final, "BatchFinal")["accepted"] == 1


def test_reports_are_taken_until_the_window_closes_and_not_after(world: Seeded) -> None:
    batch = post(world)
    posted_at = world.now
    assert world.at(posted_at + world.rule.report_window_s).send("fa", "SecretSeed.report", batch.id, 0).ok
    assert world.fails("fb", "SecretSeed.report", batch.id, 0).error == "TooLate"


def test_a_node_reports_once_on_claims_that_exist_and_only_if_it_committed(world: Seeded) -> None:
    batch = post(world, claims=2)
    assert world.fails("fa", "SecretSeed.report", batch.id, bits(2)).error == "InvalidReport"
    world.report(batch, {"fa": [1]})
    assert world.fails("fa", "SecretSeed.report", batch.id, 0).error == "AlreadyReported"
    assert world.fails("anyone", "SecretSeed.report", batch.id, 0).error == "NotCommitted"
    assert world.fails("fb", "SecretSeed.report", bytes(32), 0).error == "BatchNotOpen"


def test_only_an_undisputed_batch_is_finalised_and_only_a_disputed_one_arbitrated(world: Seeded) -> None:
    calm, disputed = post(world, tag="calm"), post(world, tag="disputed")
    world.report(calm, {"fa": []})
    world.report(disputed, {"fa": [0]})
    world.later(world.rule.report_window_s + 1).tick()
    assert world.fails("anyone", "SecretSeed.finalise", disputed.id, [], []).error == "InDispute"
    assert world.fails("anyone", "SecretSeed.arbitrate", calm.id).error == "NotInDispute"
    world.ok("anyone", "SecretSeed.arbitrate", disputed.id)
    assert world.fails("anyone", "SecretSeed.arbitrate", disputed.id).error == "AlreadyDrawn"


def test_who_called_a_claim_right_that_falls_is_slashed_and_has_not_done_its_duty(world: Seeded) -> None:
    batch = post(world, claims=2)
    world.report(batch, {"fa": [1], "fb": [], "fc": [1]})
    receipt = world.judge(batch, f"- {NO}")
    assert slashed(world, receipt) == {"node": "fraud", "fb": "wrong_report"}
    assert event(receipt, "BatchFinal")["accepted"] == 1
    assert world.show("fa", "fb", "fc") == {"fa": (1, 0), "fb": (1, 1), "fc": (1, 0)}


def test_who_calls_a_right_claim_wrong_is_slashed_and_has_not_done_its_duty(world: Seeded) -> None:
    batch = post(world, claims=2)
    world.report(batch, {"fa": [0], "fb": []})
    receipt = world.judge(batch, f"{YES} -")
    assert slashed(world, receipt) == {"fa": "wrong_report"}
    assert event(receipt, "BatchFinal")["accepted"] == 2
    assert world.show("fa", "fb") == {"fa": (1, 1), "fb": (1, 0)}


def test_where_arbiters_decide_nothing_no_report_is_wrong(world: Seeded) -> None:
    batch = post(world)
    world.report(batch, {"fa": [0], "fb": []})
    receipt = world.judge(batch, "-")
    assert slashed(world, receipt) == {}
    assert world.show("fa", "fb") == {"fa": (1, 0), "fb": (1, 0)}


def test_who_has_nothing_left_at_stake_reports_nothing(world: Seeded) -> None:
    batch = post(world)
    world.ok("fe", "Staking.unbond", STAKE - PARAMETERS.min_stake_full)
    world.report(batch, {"fe": [0]})
    other = post(world, tag="other")
    world.ok("fe", "Staking.unbond", 1)
    assert world.fails("fe", "SecretSeed.report", other.id, bits(0)).error == "NotActiveFullNode"
    assert world.read("SecretSeed.reportsOf", other.id) == (0, 0)


def test_a_claim_proven_wrong_by_other_means_is_held_against_nobody_who_checked_it(world: Seeded) -> None:
    batch = post(world, claims=2)
    world.report(batch, {"fa": [1], "fb": []})
    told = world.answer("node", batch.claims[0], output_hash=hash_of("other"))
    world.ok("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(0), *told)
    assert slashed(world, world.judge(batch, f"- {YES}")) == {"fa": "wrong_report"}


# -- seeds ---------------------------------------------------------------------------------------------------


def test_seeds_are_shown_within_their_window_and_neither_before_nor_after(world: Seeded) -> None:
    seed = world.seed_of("fa", 1)
    start = world.read("SecretSeed.shownFrom", 1)
    assert world.at(start - 1).fails("fa", "SecretSeed.showSeed", 1, seed).error == "TooEarly"
    assert world.send("fa", "SecretSeed.showSeed", 1, seed).ok
    last = start + world.rule.seed_window_s - 1
    assert world.at(last).send("fb", "SecretSeed.showSeed", 1, world.seed_of("fb", 1)).ok
    assert world.fails("fc", "SecretSeed.showSeed", 1, world.seed_of("fc", 1)).error == "TooLate"


def test_no_other_seed_is_taken_than_the_one_committed_to(world: Seeded) -> None:
    world.show_time().tick()
    for wrong in (hash_of("made up"), world.seed_of("fa", 2), world.seeds["fa"][0], world.seed_of("fb", 1)):
        assert world.fails("fa", "SecretSeed.showSeed", 1, wrong).error == "WrongSeed"
    world.show("fa")
    assert world.fails("fa", "SecretSeed.showSeed", 1, world.seed_of("fa", 1)).error == "NotCommitted"
    assert world.fails("anyone", "SecretSeed.showSeed", 1, hash_of("any")).error == "NotCommitted"


def test_who_missed_showing_a_seed_can_show_the_next(world: Seeded) -> None:
    assert world.show("fa", epoch=2) == {"fa": (0, 0)}
    assert world.show("fa", epoch=5) == {"fa": (0, 0)}


def test_only_active_full_nodes_commit(world: Seeded) -> None:
    for who in ("node", "anyone"):
        assert world.fails(who, "SecretSeed.commitSeed", hash_of("tip")).error == "NotActiveFullNode"
    assert world.fails("fa", "SecretSeed.commitSeed", bytes(32)).error == "ZeroCommitment"


# -- pay -----------------------------------------------------------------------------------------------------


def test_an_epochs_pot_is_shared_by_duties_kept_and_a_missed_one_forfeits_all() -> None:
    world = Seeded(Rule(probability=UNIT // 2))
    batches = [post(world, tag=str(i)) for i in range(6)]
    duties = {name: [b for b in batches if world.has_duty(name, b)] for name in STAFF}
    idle = next(name for name in STAFF if len(duties[name]) > 1)
    for name in STAFF:
        for batch in duties[name][1:] if name == idle else duties[name]:
            world.report(batch, {name: []})
    world.close(*batches)
    assert world.show(*STAFF) == {n: (len(duties[n]), 1 if n == idle else 0) for n in STAFF}
    kept = {name: len(mine) for name, mine in duties.items() if mine and name != idle}
    assert world.pay() == {name: 6 * SHARE * n // sum(kept.values()) for name, n in kept.items()}


def test_who_does_not_show_its_seed_is_not_paid(world: Seeded) -> None:
    batch = post(world)
    world.report(batch, {"fa": [], "fb": []})
    world.close(batch)
    world.show("fa")
    assert world.pay() == {"fa": SHARE}


def test_a_pot_that_nobody_earned_goes_to_the_running_epoch(world: Seeded) -> None:
    world.close(post(world))
    world.show(*STAFF)
    assert world.pay() == {}
    assert world.read("SecretSeed.epochOf", world.read("SecretSeed.epochAt", world.now))[0] == SHARE


def test_an_epoch_is_paid_once_all_seeds_are_shown_and_leaves_nothing_behind(world: Seeded) -> None:
    batch = post(world)
    world.report(batch, {"fa": []})
    world.close(batch)
    world.show("fa")
    assert world.fails("anyone", "SecretSeed.payEpoch", 1).error == "TooEarly"
    world.pay()
    assert world.read("SecretSeed.epochOf", 1) == (0, (), ())
    assert world.read("SecretSeed.reportsOf", batch.id) == (0, 0)
    assert world.fails("anyone", "SecretSeed.payEpoch", 1).error == "NothingToPay"


def test_a_batch_settled_too_late_is_nobodys_duty_and_its_money_the_running_epochs(world: Seeded) -> None:
    batch = post(world)
    world.show_time().ok("anyone", "SecretSeed.finalise", batch.id, [], [])
    assert world.show("fa") == {"fa": (0, 0)}
    assert world.read("SecretSeed.epochOf", 2)[0] == SHARE
    assert world.read("SecretSeed.epochOf", 1)[1] == ()


def test_arbiters_are_paid_by_the_batch_that_they_judge_and_not_by_the_epoch(world: Seeded) -> None:
    batch = post(world)
    world.report(batch, {"fa": [0]})
    receipt = world.judge(batch, NO)
    paid = {row["member"] for row in events(receipt, "Rewarded")}
    assert paid == {world.address(name) for name in STAFF}
    assert world.read("SecretSeed.epochOf", 1)[0] < len(STAFF)


REPORTS = st.lists(st.fixed_dictionaries({name: st.sampled_from((None, (), (0,))) for name in STAFF}), max_size=3)


@settings(max_examples=12, deadline=None)
@given(rounds=REPORTS, right=st.booleans(), shown=st.sets(st.sampled_from(STAFF)))
def test_whatever_is_reported_only_the_dutiful_are_paid_and_no_wei_is_lost(
    rounds: list[dict[str, tuple[int, ...] | None]], right: bool, shown: set[str]
) -> None:
    world = Seeded(Rule(probability=UNIT // 2))
    dutiful = {name: 0 for name in STAFF if name in shown}
    for number, said in enumerate(rounds):
        batch = post(world, tag=str(number))
        reports = {name: wrong for name, wrong in said.items() if wrong is not None}
        world.report(batch, reports)
        if any(reports.values()):
            world.judge(batch, YES if right else NO)
        else:
            world.close(batch)
        disputed = any(reports.values())
        for name in list(dutiful):
            if not world.has_duty(name, batch):
                continue
            honest = name in reports and (not disputed or bool(reports[name]) is not right)
            dutiful[name] = dutiful[name] + 1 if honest else -100
    world.show(*(name for name in STAFF if name in shown))
    pots = sum(world.read("SecretSeed.epochOf", epoch)[0] for epoch in range(4))
    assert world.balance("SecretSeed") == pots
    if rounds:
        share = world.read("SecretSeed.epochOf", 1)[0]
        kept = {name: n for name, n in dutiful.items() if n > 0}
        earned = {name: share * n // sum(kept.values()) for name, n in kept.items()}
        assert world.pay() == {name: amount for name, amount in earned.items() if amount}
    assert world.balance("SecretSeed") == sum(world.read("SecretSeed.epochOf", epoch)[0] for epoch in range(6))


# -- limits --------------------------------------------------------------------------------------------------


def test_an_epoch_of_as_many_batches_as_count_is_shown_and_paid_within_a_nodes_gas() -> None:
    world = Seeded(replace(Rule(), epoch_s=2_000, report_window_s=1_000, settle_window_s=4_000), full=("fa",))
    batches = [world.post("node", world.claims(["cleo"], tag=str(i))) for i in range(257)]
    calls = [world.call("fa", "SecretSeed.report", batch.id, 0) for batch in batches]
    assert {reason(receipt) for receipt in world.send_all(calls)} == {None}
    world.later(1_001).tick()
    final = world.send_all([world.call("fa", "SecretSeed.finalise", batch.id, [], []) for batch in batches])
    assert max(receipt.gas_used for receipt in final) < FINALISE_GAS
    world.show_time().tick()
    shown = world.ok("fa", "SecretSeed.showSeed", 1, world.seed_of("fa", 1))
    assert event(shown, "SeedShown")["duties"] == 256
    assert shown.gas_used < SHOW_GAS
    world.at(world.read("SecretSeed.shownFrom", 1) + world.rule.seed_window_s)
    assert world.ok("fa", "SecretSeed.payEpoch", 1).gas_used < paying_gas(1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"probability": UNIT + 1},
        {"epoch_s": 0},
        {"settle_window_s": 19},
        {"seed_window_s": 0},
    ],
)
def test_parameters_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SimnetError, match="InvalidParameters"):
        World(verifier=replace(Rule(), **wrong).spec())


def test_a_wrong_report_costs_its_share_of_the_stake(world: Seeded) -> None:
    batch = post(world)
    world.report(batch, {"fa": [0]})
    world.judge(batch, YES)
    assert world.read("Staking.stakeOf", world.address("fa")) == STAKE - STAKE // 100
