"""Indexed commitments: what agrees, what a copy is worth, who decides without agreement, who pays and is paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.deploy import VerifierSpec
from chain.errors import SimnetError
from chain.formats.claims import ClaimTree
from chain.seam import Receipt
from simnet.strategies.voting.indexed_commitment import commitment_to
from tests.contracts_world import FEE, PARAMETERS, STAKE, Batch, Committee, World, bits, event, events, hash_of
from tests.panels import NO, STAFF, YES, chain_of, next_round, seats_in, settle_in, votes_of

SHARE = FEE // 5
"""Of a fee, for its verification."""

ARBITERS = Committee(size=0, quorum_numerator=3, quorum_denominator=5, commit_reveal=False)


@dataclass(frozen=True)
class Rule:
    """Parameters of the IndexedCommitment contract besides the arbiters', in the order of its struct."""

    members: int = 5
    submit_window_s: int = 20
    show_window_s: int = 10

    def spec(self) -> VerifierSpec:
        return VerifierSpec("IndexedCommitment", (tuple(vars(ARBITERS).values()), tuple(vars(self).values())))


class Indexed(World):
    """A world under IndexedCommitment, whose first full node feeds the beacon."""

    def __init__(self, rule: Rule, full: Sequence[str] = STAFF) -> None:
        super().__init__(replace(PARAMETERS, jail_period_s=0), rule.spec())
        settle_in(self, full)
        self.rule = rule
        self.full = full
        self.secrets = chain_of("one", 64)
        self.ok(full[0], "Beacon.join", self.secrets.pop(0))
        self.seats: dict[str, int] = {}

    def draw(self, batch: Batch) -> Receipt:
        """Draw the members of a batch as soon as there is a seed."""
        next_round(self).ok(self.full[0], "Beacon.reveal", self.secrets.pop(0))
        next_round(self).tick()
        receipt = self.ok("anyone", "IndexedCommitment.draw", batch.id)
        names = {self.address(name): name for name in self.full}
        drawn = event(receipt, "MembersDrawn")["members"]
        self.seats = {names[member]: seat for seat, member in enumerate(drawn)}
        return receipt

    def made(self, name: str, result: bytes) -> tuple[bytes, bytes]:
        """What a member must submit for a result."""
        return commitment_to(result, self.seats[name] + 1, len(self.seats))

    def commit(self, batch: Batch, results: Mapping[str, bytes]) -> None:
        """Each commits to its result."""
        for name, result in results.items():
            self.ok(name, "IndexedCommitment.submit", batch.id, self.seats[name], self.made(name, result))

    def time_up(self) -> Indexed:
        """Let nobody be able to submit any more."""
        self.later(self.rule.submit_window_s + 1)
        return self

    def show(self, batch: Batch, result: bytes) -> Receipt:
        return self.ok("anyone", "IndexedCommitment.show", batch.id, result, [], [])

    def judge(self, batch: Batch, arbitration: Receipt, words: str) -> Receipt:
        """Have all arbiters say these words of each claim."""
        for name, seat in seats_in(self, arbitration).items():
            self.ok(name, "IndexedCommitment.vote", batch.id, seat, votes_of(words))
        _, rejected, voided, resolvable = self.read("IndexedCommitment.tally", batch.id)
        assert resolvable
        fallen = [i for i in range(len(batch.claims)) if (rejected | voided) >> i & 1]
        return self.ok("anyone", "IndexedCommitment.resolve", batch.id, batch.openings(*fallen), batch.charges)

    def rewarded(self, receipt: Receipt) -> dict[str, int]:
        names = {self.address(name): name for name in self.full}
        paid: dict[str, int] = {}
        for row in events(receipt, "Rewarded"):
            paid[names[row["member"]]] = paid.get(names[row["member"]], 0) + row["amount"]
        return paid

    def slashed(self, receipt: Receipt) -> dict[str, str]:
        """Why each was slashed, by name."""
        names = {self.address(name): name for name in ("node", *self.full)}
        return {names[row["node"]]: row["reason"].rstrip(b"\0").decode() for row in events(receipt, "Slashed")}


@pytest.fixture
def world() -> Indexed:
    return Indexed(Rule())


def post(world: World, claims: int = 2, tag: str = "") -> Batch:
    return world.paid_batch("node", ["cleo"] * claims, tag=tag)


def corrected(batch: Batch, index: int) -> bytes:
    """The root that the batch would have, were the output of this claim another."""
    claims = [replace(c, output_hash=hash_of("right")) if c.index == index else c for c in batch.claims]
    return ClaimTree(claims).root


def drawn_batch(world: Indexed, claims: int = 2) -> Batch:
    batch = post(world, claims)
    world.draw(batch)
    return batch


# -- commitments ---------------------------------------------------------------------------------------------


def test_nodes_make_the_same_commitments_as_the_contract() -> None:
    world = World(verifier=Rule().spec())

    @settings(max_examples=60, deadline=None)
    @given(result=st.binary(min_size=32, max_size=32), place=st.integers(1, 128), more=st.integers(0, 127))
    def agree(result: bytes, place: int, more: int) -> None:
        count = min(128, place + more)
        expected = world.read("IndexedCommitment.commitmentTo", result, place, count)
        assert tuple(expected) == commitment_to(result, place, count)

    agree()


def test_all_who_agree_share_the_first_part_and_nobody_the_second() -> None:
    made = [commitment_to(hash_of("result"), index, 5) for index in range(1, 6)]
    assert len({first for first, _ in made}) == 1
    assert len({second for _, second in made}) == 5


def test_a_member_submits_once_from_its_own_seat_and_in_time(world: Indexed) -> None:
    batch = drawn_batch(world)
    made = world.made("fa", batch.tree.root)
    seat, other = world.seats["fa"], world.seats["fb"]
    assert world.fails("fa", "IndexedCommitment.submit", bytes(32), seat, made).error == "NotDrawn"
    assert world.fails("fa", "IndexedCommitment.submit", batch.id, other, made).error == "NotSeated"
    closes = world.read("IndexedCommitment.inquiryOf", batch.id)[0]
    assert world.at(closes).send("fa", "IndexedCommitment.submit", batch.id, seat, made).ok
    assert world.fails("fb", "IndexedCommitment.submit", batch.id, other, made).error == "TooLate"


def test_a_commitment_cannot_be_replaced(world: Indexed) -> None:
    batch = drawn_batch(world)
    world.commit(batch, {"fa": batch.tree.root})
    again = world.fails("fa", "IndexedCommitment.submit", batch.id, world.seats["fa"], world.made("fa", bytes(32)))
    assert again.error == "AlreadySubmitted"


# -- agreement -----------------------------------------------------------------------------------------------


def test_a_batch_is_final_as_soon_as_all_have_committed_to_its_root_and_somebody_shows_it(world: Indexed) -> None:
    batch = drawn_batch(world)
    root = batch.tree.root
    world.commit(batch, dict.fromkeys(STAFF[:4], root))
    assert world.fails("anyone", "IndexedCommitment.show", batch.id, root, [], []).error == "TooEarly"
    world.commit(batch, {"fe": root})
    receipt = world.show(batch, root)
    assert event(receipt, "BatchFinal")["accepted"] == 2
    assert world.rewarded(receipt) == dict.fromkeys(STAFF, 2 * SHARE // 5)
    assert world.slashed(receipt) == {}


@pytest.mark.parametrize(("agreeing", "enough"), [(3, True), (2, False)])
def test_it_takes_a_quorum_of_all_members_stake_however_many_submitted(
    world: Indexed, agreeing: int, enough: bool
) -> None:
    batch = drawn_batch(world)
    world.commit(batch, dict.fromkeys(STAFF[:agreeing], batch.tree.root))
    receipt = world.time_up().send("anyone", "IndexedCommitment.show", batch.id, batch.tree.root, [], [])
    assert receipt.ok is enough
    if receipt.revert:
        assert receipt.revert.error == "NoQuorum"
    else:
        assert set(world.rewarded(receipt)) == set(STAFF[:agreeing])


def test_a_copied_commitment_counts_for_nothing_earns_nothing_and_costs_stake(world: Indexed) -> None:
    batch = drawn_batch(world)
    world.commit(batch, dict.fromkeys(STAFF[:4], batch.tree.root))
    copied = world.made("fa", batch.tree.root)
    world.ok("fe", "IndexedCommitment.submit", batch.id, world.seats["fe"], copied)
    receipt = world.show(batch, batch.tree.root)
    seats = event(receipt, "Agreed")["seats"]
    assert seats == bits(*(world.seats[name] for name in STAFF[:4]))
    assert world.slashed(receipt) == {"fe": "wrong_commitment"}
    assert set(world.rewarded(receipt)) == set(STAFF[:4])
    assert world.read("Staking.stakeOf", world.address("fe")) == STAKE - STAKE // 100


def test_copies_of_a_single_answer_never_make_a_quorum(world: Indexed) -> None:
    batch = drawn_batch(world)
    world.commit(batch, {"fa": batch.tree.root})
    for name in STAFF[1:]:
        made = world.made("fa", batch.tree.root)
        world.ok(name, "IndexedCommitment.submit", batch.id, world.seats[name], made)
    assert world.fails("anyone", "IndexedCommitment.show", batch.id, batch.tree.root, [], []).error == "NoQuorum"


PARTS = st.tuples(st.sampled_from(("root", "other")), st.integers(1, 5))


@settings(max_examples=15, deadline=None)
@given(made=st.lists(st.none() | st.tuples(PARTS, PARTS), min_size=5, max_size=5))
def test_whatever_parts_members_take_from_each_other_only_their_own_counts(
    made: list[tuple[tuple[str, int], tuple[str, int]] | None],
) -> None:
    world = Indexed(Rule())
    batch = drawn_batch(world)
    results = {"root": batch.tree.root, "other": hash_of("other")}
    names = sorted(world.seats, key=world.seats.__getitem__)
    for seat, (name, parts) in enumerate(zip(names, made, strict=True)):
        if parts is None:
            continue
        (one, i), (two, j) = parts
        mixed = commitment_to(results[one], i, 5)[0], commitment_to(results[two], j, 5)[1]
        world.ok(name, "IndexedCommitment.submit", batch.id, seat, mixed)
    world.time_up().tick()
    for result in ("root", "other"):
        own = [seat for seat, parts in enumerate(made) if parts and parts[0][0] == result == parts[1][0]]
        own = [seat for seat in own if (found := made[seat]) and found[1][1] == seat + 1]
        seats, quorum = world.read("IndexedCommitment.supportFor", batch.id, results[result])
        assert (seats, quorum) == (bits(*own), len(own) >= 3)


# -- without agreement on the root ---------------------------------------------------------------------------


def test_a_quorum_for_another_result_calls_arbiters_who_find_the_wrong_claim(world: Indexed) -> None:
    batch = drawn_batch(world)
    right = corrected(batch, 1)
    world.commit(batch, {**dict.fromkeys(STAFF[:4], right), "fe": batch.tree.root})
    receipt = world.judge(batch, world.show(batch, right), f"{YES} {NO}")
    assert event(receipt, "BatchFinal")["rejected"] == 1
    assert world.slashed(receipt) == {"node": "fraud", "fe": "wrong_commitment"}
    paid = world.rewarded(receipt)
    assert paid["fa"] > paid["fe"]  # who is paid as an arbiter alone


def test_a_quorum_that_the_arbiters_overrule_is_slashed(world: Indexed) -> None:
    batch = drawn_batch(world)
    made_up = corrected(batch, 0)
    world.commit(batch, {**dict.fromkeys(STAFF[:3], made_up), "fd": batch.tree.root})
    receipt = world.judge(batch, world.time_up().show(batch, made_up), f"{YES} {YES}")
    assert event(receipt, "BatchFinal")["accepted"] == 2
    assert world.slashed(receipt) == dict.fromkeys(STAFF[:3], "wrong_commitment")


def test_without_any_quorum_arbiters_are_called_after_the_time_to_show_one(world: Indexed) -> None:
    batch = drawn_batch(world)
    root, right = batch.tree.root, corrected(batch, 1)
    world.commit(batch, {"fa": root, "fb": root, "fc": right, "fd": right})
    copied = world.made("fa", root)
    world.ok("fe", "IndexedCommitment.submit", batch.id, world.seats["fe"], copied)
    until = world.read("IndexedCommitment.inquiryOf", batch.id)[0] + world.rule.show_window_s
    assert world.at(until).fails("anyone", "IndexedCommitment.arbitrate", batch.id).error == "TooEarly"
    arbitration = world.ok("anyone", "IndexedCommitment.arbitrate", batch.id)
    receipt = world.judge(batch, arbitration, f"{YES} {NO}")
    slashed = world.slashed(receipt)
    assert slashed == {"node": "fraud", "fa": "wrong_commitment", "fb": "wrong_commitment"}


def test_once_arbiters_sit_there_is_nothing_left_to_show(world: Indexed) -> None:
    batch = drawn_batch(world)
    world.commit(batch, dict.fromkeys(STAFF, corrected(batch, 0)))
    world.show(batch, corrected(batch, 0))
    for function, args in (("show", (batch.id, batch.tree.root, [], [])), ("arbitrate", (batch.id,))):
        assert world.fails("anyone", f"IndexedCommitment.{function}", *args).error == "InArbitration"


def test_where_arbiters_decide_nothing_clients_are_refunded_and_nobody_is_slashed(world: Indexed) -> None:
    batch = drawn_batch(world)
    world.commit(batch, dict.fromkeys(STAFF, corrected(batch, 0)))
    receipt = world.judge(batch, world.show(batch, corrected(batch, 0)), "- -")
    assert event(receipt, "BatchFinal")["voided"] == 2
    assert world.slashed(receipt) == {}
    assert world.rewarded(receipt) == {}


def test_a_claim_proven_wrong_meanwhile_is_opened_when_the_root_is_shown(world: Indexed) -> None:
    batch = drawn_batch(world)
    told = world.answer("node", batch.claims[0], output_hash=hash_of("other"))
    world.ok("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(0), *told)
    world.commit(batch, dict.fromkeys(STAFF, batch.tree.root))
    args = (batch.id, batch.tree.root, batch.openings(0), batch.charges)
    final = event(world.ok("anyone", "IndexedCommitment.show", *args), "BatchFinal")
    assert (final["accepted"], final["rejected"]) == (1, 1)


# -- around it -----------------------------------------------------------------------------------------------


def test_members_are_drawn_once_for_an_open_batch_by_a_seed_of_later() -> None:
    world = Indexed(Rule(members=2))
    batch = post(world)
    assert world.fails("anyone", "IndexedCommitment.draw", batch.id).error == "SeedNotReady"
    world.draw(batch)
    assert len(world.seats) == 2
    assert world.fails("anyone", "IndexedCommitment.draw", batch.id).error == "AlreadyDrawn"
    assert world.fails("anyone", "IndexedCommitment.draw", bytes(32)).error == "BatchNotOpen"


def test_a_final_batch_leaves_nothing_behind(world: Indexed) -> None:
    batch = drawn_batch(world)
    world.commit(batch, dict.fromkeys(STAFF, batch.tree.root))
    world.show(batch, batch.tree.root)
    assert not any(world.read("IndexedCommitment.inquiryOf", batch.id)[:4])
    assert world.balance("IndexedCommitment") == 0
    assert world.fails("anyone", "IndexedCommitment.show", batch.id, batch.tree.root, [], []).error == "NotDrawn"


def test_many_members_can_be_held_to_a_result_within_a_block() -> None:
    full = tuple(f"f{i}" for i in range(64))
    world = Indexed(Rule(members=64, submit_window_s=100), full)
    batch = drawn_batch(world)
    world.commit(batch, dict.fromkeys(full, batch.tree.root))
    assert world.show(batch, batch.tree.root).gas_used < 5_000_000


@pytest.mark.parametrize("members", [0, 129])
def test_a_number_of_members_that_cannot_sit_is_refused(members: int) -> None:
    with pytest.raises(SimnetError, match="InvalidParameters"):
        World(verifier=Rule(members=members).spec())
