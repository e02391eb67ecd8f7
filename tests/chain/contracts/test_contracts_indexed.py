"""Indexed commitments: what agrees, what a copy is worth, who decides without agreement, who pays and is paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.deploy import VerifierSpec
from chain.errors import SimnetError
from chain.formats.claims import ClaimTree, vote_commitment
from chain.seam import Receipt
from tests.contracts_world import FEE, PARAMETERS, Batch, Committee, World, bits, event, events, hash_of, reason
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

    def spec(self, arbiters: Committee = ARBITERS) -> VerifierSpec:
        return VerifierSpec("IndexedCommitment", (tuple(vars(arbiters).values()), tuple(vars(self).values())))


class Indexed(World):
    """A world under IndexedCommitment, whose first full node feeds the beacon."""

    def __init__(self, rule: Rule, full: Sequence[str] = STAFF, arbiters: Committee = ARBITERS) -> None:
        super().__init__(replace(PARAMETERS, jail_period_s=0), rule.spec(arbiters))
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
        self.batch = batch
        names = {self.address(name): name for name in self.full}
        drawn = event(receipt, "MembersDrawn")["members"]
        self.seats = {names[member]: seat for seat, member in enumerate(drawn)}
        return receipt

    @property
    def submit_by(self) -> int:
        return int(self.read("IndexedCommitment.inquiryOf", self.batch.id)[0])

    def made(self, name: str, result: bytes) -> bytes:
        """What a member submits for a result."""
        return vote_commitment(self.batch.id, self.address(name), int.from_bytes(result), hash_of("salt", name))

    def submit(self, name: str, made: bytes) -> Receipt:
        """Let a member submit this from its own seat."""
        seat = self.seats[name]
        return self.send(name, "IndexedCommitment.submit", self.batch.id, seat, self.submit_by, made)

    def commit(self, results: Mapping[str, bytes]) -> None:
        """Each commits to its result."""
        for name, result in results.items():
            assert self.submit(name, self.made(name, result)).ok

    def show(self, name: str, result: bytes) -> Receipt:
        """Let a member show a result."""
        args = (self.batch.id, self.seats[name], result, hash_of("salt", name))
        return self.send(name, "IndexedCommitment.show", *args)

    def show_all(self, results: Mapping[str, bytes]) -> None:
        """Each shows its result."""
        for name, result in results.items():
            assert self.show(name, result).ok

    def agree(self, results: Mapping[str, bytes]) -> None:
        """Each commits to its result, and shows it when nobody can commit any more."""
        self.commit(results)
        if len(results) < len(self.seats):
            self.time_up()
        self.show_all(results)

    def time_up(self) -> Indexed:
        """Let nobody be able to submit any more."""
        self.later(self.rule.submit_window_s + 1)
        return self

    def conclude(self, batch: Batch) -> Receipt:
        return self.ok("anyone", "IndexedCommitment.conclude", batch.id, [], [])

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


def test_a_member_submits_once_from_its_own_seat_for_this_round_and_in_time(world: Indexed) -> None:
    batch = drawn_batch(world)
    made, closes = world.made("fa", batch.tree.root), world.submit_by
    seat, other = world.seats["fa"], world.seats["fb"]
    assert world.fails("fa", "IndexedCommitment.submit", bytes(32), seat, closes, made).error == "NotDrawn"
    assert world.fails("fa", "IndexedCommitment.submit", batch.id, other, closes, made).error == "NotSeated"
    for off in (-1, 1):
        stale = world.fails("fa", "IndexedCommitment.submit", batch.id, seat, closes + off, made)
        assert stale.error == "OtherSitting"
    assert world.at(closes).send("fa", "IndexedCommitment.submit", batch.id, seat, closes, made).ok
    assert world.fails("fa", "IndexedCommitment.submit", batch.id, seat, closes, bytes(32)).error == "TooLate"
    assert world.fails("fb", "IndexedCommitment.submit", batch.id, other, closes, made).error == "TooLate"


def test_a_commitment_cannot_be_replaced(world: Indexed) -> None:
    batch = drawn_batch(world)
    world.commit({"fa": batch.tree.root})
    assert reason(world.submit("fa", world.made("fa", bytes(32)))) == "AlreadySubmitted"


def test_nobody_can_tell_from_a_commitment_who_agrees(world: Indexed) -> None:
    batch = drawn_batch(world)
    root = batch.tree.root
    made = {world.made(name, root) for name in STAFF}
    assert len(made) == len(STAFF)
    guessed = {vote_commitment(batch.id, world.address(name), int.from_bytes(root), bytes(32)) for name in STAFF}
    assert made.isdisjoint(guessed)


def test_a_result_is_shown_once_when_nobody_can_commit_any_more_and_in_time(world: Indexed) -> None:
    batch = drawn_batch(world)
    root = batch.tree.root
    world.commit(dict.fromkeys(STAFF[:4], root))
    assert reason(world.show("fa", root)) == "TooEarly"
    world.time_up()
    assert reason(world.show("fa", hash_of("other"))) == "WrongReveal"
    assert reason(world.show("fe", root)) == "WrongReveal"
    assert world.show("fa", root).ok
    assert reason(world.show("fa", root)) == "AlreadyRevealed"
    closes = world.submit_by + world.rule.show_window_s
    world.at(closes)
    assert world.show("fb", root).ok
    world.at(closes + 1)
    assert reason(world.show("fc", root)) == "TooLate"


# -- agreement -----------------------------------------------------------------------------------------------


def test_a_batch_is_final_as_soon_as_all_have_shown_its_root(world: Indexed) -> None:
    batch = drawn_batch(world)
    root = batch.tree.root
    world.commit(dict.fromkeys(STAFF, root))
    world.show_all(dict.fromkeys(STAFF[:4], root))
    assert world.fails("anyone", "IndexedCommitment.conclude", batch.id, [], []).error == "TooEarly"
    world.show_all({"fe": root})
    receipt = world.conclude(batch)
    assert event(receipt, "BatchFinal")["accepted"] == 2
    assert world.rewarded(receipt) == dict.fromkeys(STAFF, 2 * SHARE // 5)
    assert world.slashed(receipt) == {}


@pytest.mark.parametrize(("agreeing", "enough"), [(3, True), (2, False)])
def test_it_takes_a_quorum_of_all_members_stake_however_many_submitted(
    world: Indexed, agreeing: int, enough: bool
) -> None:
    batch = drawn_batch(world)
    world.agree(dict.fromkeys(STAFF[:agreeing], batch.tree.root))
    receipt = world.conclude(batch)
    assert bool(events(receipt, "BatchFinal")) is enough
    assert bool(events(receipt, "CommitteeDrawn")) is not enough
    assert set(world.rewarded(receipt)) == (set(STAFF[:agreeing]) if enough else set())


def test_a_copied_commitment_cannot_be_shown_and_costs_stake(world: Indexed) -> None:
    batch = drawn_batch(world)
    root = batch.tree.root
    world.commit(dict.fromkeys(STAFF[:4], root))
    assert world.submit("fe", world.made("fa", root)).ok
    stolen = (batch.id, world.seats["fe"], root, hash_of("salt", "fa"))
    assert world.fails("fe", "IndexedCommitment.show", *stolen).error == "WrongReveal"
    world.show_all(dict.fromkeys(STAFF[:4], root))
    receipt = world.at(world.submit_by + world.rule.show_window_s + 1).conclude(batch)
    assert event(receipt, "Agreed")["seats"] == bits(*(world.seats[name] for name in STAFF[:4]))
    assert world.slashed(receipt) == {"fe": "missed_reveal"}
    assert set(world.rewarded(receipt)) == set(STAFF[:4])


def test_who_commits_and_shows_only_what_wins_is_slashed_where_another_result_wins(world: Indexed) -> None:
    batch = drawn_batch(world)
    right = corrected(batch, 1)
    world.commit({**dict.fromkeys(STAFF[:4], right), "fe": batch.tree.root})
    world.show_all(dict.fromkeys(STAFF[:4], right))
    arbitration = world.at(world.submit_by + world.rule.show_window_s + 1).conclude(batch)
    receipt = world.judge(batch, arbitration, f"{YES} {NO}")
    assert world.slashed(receipt) == {"node": "fraud", "fe": "missed_reveal"}


@settings(max_examples=15, deadline=None)
@given(said=st.lists(st.sampled_from(("root", "other", "hides", "stays away")), min_size=5, max_size=5))
def test_only_what_is_shown_counts(said: list[str]) -> None:
    world = Indexed(Rule())
    batch = drawn_batch(world)
    results = {"root": batch.tree.root, "other": hash_of("other"), "hides": batch.tree.root}
    words = dict(zip(sorted(world.seats, key=world.seats.__getitem__), said, strict=True))
    world.commit({name: results[word] for name, word in words.items() if word in results})
    world.time_up().show_all({name: results[word] for name, word in words.items() if word in ("root", "other")})
    world.at(world.submit_by + world.rule.show_window_s + 1).tick()
    winner = next((word for word in ("root", "other") if said.count(word) >= 3), None)
    receipt = world.conclude(batch)
    assert bool(events(receipt, "BatchFinal")) is (winner == "root")
    if winner:
        agreed = event(receipt, "Agreed")
        assert agreed["result"] == results[winner]
        assert agreed["seats"] == bits(*(seat for seat, word in enumerate(said) if word == winner))
    else:
        assert events(receipt, "Agreed") == []


# -- without agreement on the root ---------------------------------------------------------------------------


def test_a_quorum_for_another_result_calls_arbiters_who_find_the_wrong_claim(world: Indexed) -> None:
    batch = drawn_batch(world)
    right = corrected(batch, 1)
    world.agree({**dict.fromkeys(STAFF[:4], right), "fe": batch.tree.root})
    receipt = world.judge(batch, world.conclude(batch), f"{YES} {NO}")
    assert event(receipt, "BatchFinal")["rejected"] == 1
    assert world.slashed(receipt) == {"node": "fraud", "fe": "wrong_commitment"}
    paid = world.rewarded(receipt)
    assert paid["fa"] > paid["fe"]  # who is paid as an arbiter alone


def test_a_quorum_that_the_arbiters_overrule_is_slashed(world: Indexed) -> None:
    batch = drawn_batch(world)
    made_up = corrected(batch, 0)
    world.agree({**dict.fromkeys(STAFF[:3], made_up), "fd": batch.tree.root})
    receipt = world.judge(batch, world.conclude(batch), f"{YES} {YES}")
    assert event(receipt, "BatchFinal")["accepted"] == 2
    assert world.slashed(receipt) == dict.fromkeys(STAFF[:3], "wrong_commitment")


def test_without_any_quorum_arbiters_are_called(world: Indexed) -> None:
    batch = drawn_batch(world)
    root, right = batch.tree.root, corrected(batch, 1)
    world.agree({"fa": root, "fb": root, "fc": right, "fd": right})
    arbitration = world.conclude(batch)
    receipt = world.judge(batch, arbitration, f"{YES} {NO}")
    slashed = world.slashed(receipt)
    assert slashed == {"node": "fraud", "fa": "wrong_commitment", "fb": "wrong_commitment"}


def test_once_arbiters_sit_there_is_nothing_left_to_show(world: Indexed) -> None:
    batch = drawn_batch(world)
    world.agree(dict.fromkeys(STAFF, corrected(batch, 0)))
    world.conclude(batch)
    assert world.fails("anyone", "IndexedCommitment.conclude", batch.id, [], []).error == "InArbitration"


def test_where_arbiters_decide_nothing_clients_are_refunded_and_nobody_is_slashed(world: Indexed) -> None:
    batch = drawn_batch(world)
    world.agree(dict.fromkeys(STAFF, corrected(batch, 0)))
    receipt = world.judge(batch, world.conclude(batch), "- -")
    assert event(receipt, "BatchFinal")["voided"] == 2
    assert world.slashed(receipt) == {}
    assert world.rewarded(receipt) == {}


def test_a_claim_proven_wrong_meanwhile_is_opened_when_the_root_is_shown(world: Indexed) -> None:
    batch = drawn_batch(world)
    told = world.answer("node", batch.claims[0], output_hash=hash_of("other"))
    world.ok("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(0), *told)
    world.agree(dict.fromkeys(STAFF, batch.tree.root))
    args = (batch.id, batch.openings(0), batch.charges)
    final = event(world.ok("anyone", "IndexedCommitment.conclude", *args), "BatchFinal")
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
    world.agree(dict.fromkeys(STAFF, batch.tree.root))
    world.conclude(batch)
    assert not any(world.read("IndexedCommitment.inquiryOf", batch.id)[:5])
    assert world.balance("IndexedCommitment") == 0
    assert world.fails("anyone", "IndexedCommitment.conclude", batch.id, [], []).error == "NotDrawn"


def test_many_members_can_be_held_to_a_result_within_a_block() -> None:
    full = tuple(f"f{i}" for i in range(64))
    world = Indexed(Rule(members=64, submit_window_s=100, show_window_s=100), full)
    batch = drawn_batch(world)
    world.agree(dict.fromkeys(full, batch.tree.root))
    assert world.conclude(batch).gas_used < 5_000_000


@pytest.mark.parametrize("members", [0, 129])
def test_a_number_of_members_that_cannot_sit_is_refused(members: int) -> None:
    with pytest.raises(SimnetError, match="InvalidParameters"):
        World(verifier=Rule(members=members).spec())
