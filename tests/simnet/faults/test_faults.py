"""Faults in whole scenarios: whatever breaks and mends, nothing is counted twice and no honest node is convicted."""

from __future__ import annotations

from typing import Any

import pytest

from simnet.log.figures import Figures
from tests.small import Played, play

COMMITTEE = {"kind": "committee", "size": 4}
CUT_OFF = {
    "two full nodes": ["full-0", "full-1"],
    "producer": ["producer-0"],
    "an inference node and the producer": ["inference-0", "producer-0"],
    "clients": ["client-0", "client-1"],
}


def assert_sound(run: Played) -> None:
    """What must hold whatever happened: a node may miss a deadline, but nobody honest is convicted of fraud."""
    assert run.finished.failure is None
    assert run.results.outcome == "pass"
    assert run.broken() == []
    assert [reason for reason in run.slashes() if reason != "missed_reveal"] == []


def undecided(run: Played) -> int:
    """Answered tasks whose claim is not final at the end."""
    claims = Figures(run.tables).claims
    return int((claims["posted"].notna() & claims["final"].isna()).sum())


def verbs(run: Played) -> list[tuple[float, str, list[str]]]:
    """What the log says of faults."""
    rows = sorted([*run.tables.of("fault_injected"), *run.tables.of("fault_ended")], key=lambda row: row["i"])
    return [(row["t"], f"{row['kind'].removeprefix('fault_')} {row['verb']}", row["targets"]) for row in rows]


@pytest.mark.parametrize("strategy", [{"kind": "full_reexecution"}, COMMITTEE], ids=["everybody", "committee"])
@pytest.mark.parametrize("who", CUT_OFF)
def test_a_minute_of_partition_convicts_nobody_and_everything_posted_is_settled(
    who: str, strategy: dict[str, Any]
) -> None:
    run = play(strategy=strategy, faults=[{"at": "38 s", "partition": CUT_OFF[who], "for": "60 s"}])
    assert_sound(run)
    assert undecided(run) == 0
    assert verbs(run) == [(38, "injected partition", CUT_OFF[who]), (98, "ended partition", CUT_OFF[who])]
    assert run["messages_lost_rate"] > 0 or who == "producer"
    assert run["tasks_finalised"] > 30


@pytest.mark.parametrize("at", ["24 s", "52 s", "80 s", "87 s"])
def test_a_member_cut_off_while_its_vote_is_closed_finds_it_closed(at: str) -> None:
    run = play(strategy=COMMITTEE, faults=[{"at": at, "partition": ["full-0", "full-1"], "for": "60 s"}])
    assert_sound(run)
    assert undecided(run) == 0


@pytest.mark.parametrize("who", [["full-0"], ["inference-1"], ["full-0", "inference-1"], ["producer-0"], ["client-3"]])
def test_nodes_that_crash_and_come_back_take_part_again(who: list[str]) -> None:
    run = play(strategy=COMMITTEE, faults=[{"at": "30 s", "crash": who, "for": "20 s"}])
    assert_sound(run)
    assert undecided(run) == 0
    seen = [(at, verb, sorted(names)) for at, verb, names in verbs(run)]
    assert seen == [(30, "injected crash", who), (50, "ended crash", who)]
    for name in who:
        assert acts_between(run, name, 31, 50) == []
        assert acts_between(run, name, 50, 300) != []


def acts_between(run: Played, name: str, start_s: float, end_s: float) -> list[dict[str, Any]]:
    """What a participant did between two times, by its messages, checks and blocks."""
    rows = [
        *(row for row in run.tables.of("message_sent") if row["sender"] == name),
        *(row for row in run.tables.of("claim_checked") if row["node"] == name),
        *(row for row in run.tables.of("block_mined") if row["producer"] == name),
    ]
    return [row for row in rows if start_s <= row["t"] < end_s]


@pytest.mark.long
@pytest.mark.parametrize("who", ["full-0", "producer-0"])
def test_the_beacon_recovers_from_a_partition_and_a_crash(who: str) -> None:
    """A node that missed rounds goes on with the secret that the chain expects."""
    for verb in ("partition", "crash"):
        run = play(strategy=COMMITTEE, faults=[{"at": "30 s", verb: [who], "for": "30 s"}])
        late = [
            row
            for row in run.tables.of("transaction_mined")
            if (row["contract"], row["function"]) == ("Beacon", "reveal") and row["t"] > 70
        ]
        assert len(late) > 50
        assert sum(bool(row["revert"]) for row in late) == 0


def test_held_messages_delay_a_fetch_until_they_are_released() -> None:
    run = play(faults=[{"at": "20 s", "hold": {"from": "inference-0", "to": "full-1"}, "for": "40 s"}])
    assert_sound(run)
    withheld = [row for row in run.tables.of("duty_failed") if row["reason"] == "data withheld"]
    assert {row["node"] for row in withheld} == {"full-1"}
    voted = {(run.tables.names[row["member"]], row["batch"]) for row in run.tables.event("Committed")}
    missing = {("full-1", row["batch"]) for row in withheld}
    assert missing - voted  # without the data it abstains
    assert missing & voted  # it asks again, and votes if that is in time
    assert run.slashes() == []
    assert run["tasks_finalised"] == run["tasks_total"]


@pytest.mark.long
@pytest.mark.parametrize("strategy", [{"kind": "full_reexecution"}, COMMITTEE, {"kind": "none"}])
def test_after_a_reorg_the_same_claims_are_settled(strategy: dict[str, Any]) -> None:
    calm = play(strategy=strategy)
    run = play(
        strategy=strategy, faults=[{"at": "40 s", "reorg": 8}, {"at": "41 s", "reorg": 8}, {"at": "80 s", "reorg": 8}]
    )
    assert_sound(run)
    before, after = Figures(calm.tables).claims, Figures(run.tables).claims
    assert list(after.index) == list(before.index)
    assert set(after["outcome"]) == set(before["outcome"]) == {"accepted"}
    assert len(run.tables.of("chain_reorged")) == 3
    assert sum(row["transactions"] for row in run.tables.of("chain_reorged")) > 0


@pytest.mark.parametrize("at", ["34 s", "46 s", "52 s"])
def test_members_of_a_panel_that_a_deep_reorg_undid_wait_for_no_votes_of_it(at: str) -> None:
    run = play(strategy=COMMITTEE, faults=[{"at": at, "reorg": 8}])
    assert_sound(run)
    assert run["tasks_finalised"] > 80


def test_a_reorg_undoes_a_conviction_and_the_chain_pronounces_it_again() -> None:
    cheat = [{"behaviour": "random_output", "nodes": ["inference-0"], "probability": "20 %"}]
    calm = play(adversaries=cheat)
    first = calm.tables.event("ClaimRejected")[0]
    run = play(adversaries=cheat, faults=[{"at": f"{first['t'] + 0.5:g} s", "reorg": 1}])
    assert_sound(run) if not run.slashes() else None
    again = [row for row in run.tables.event("ClaimRejected") if row["task"] == first["task"]]
    assert len(again) == 1
    assert again[0]["t"] > first["t"]
    assert run.broken() == []
    assert run["fraud_finalised"] == 0
    assert run["false_slash_rate"] == 0


def test_gas_of_blocks_that_a_reorg_undid_is_not_counted() -> None:
    run = play(faults=[{"at": "80 s", "reorg": 3}])
    undone = run.tables.of("chain_reorged")[0]
    numbers = range(undone["first"], undone["first"] + 3)
    mined = run.tables.of("block_mined")
    orphaned = sum(row["gas_used"] for row in mined if row["number"] in numbers)
    assert orphaned > 0
    assert run["gas_total"] == sum(row["gas_used"] for row in mined) - orphaned
    assert run["blocks"] == len(mined) - 3


ALL_AT_ONCE: list[dict[str, Any]] = [
    {"at": "30 s", "rpc": {"nodes": ["full-0", "inference-0"], "how": "fail"}, "for": "30 s"},
    {"at": "30 s", "rpc": {"nodes": ["full-1", "inference-1", "client-0"]}, "for": "30 s"},
    {"at": "40 s", "skew": {"nodes": ["full-2", "inference-2"], "behind": "60 s"}, "for": "30 s"},
    {"at": "75 s", "skew": {"nodes": ["full-3", "inference-0", "client-1"], "ahead": "60 s"}, "for": "20 s"},
    {"at": "80 s", "congestion": "90 %", "for": "20 s"},
    {"at": "85 s", "gas_price": 20, "for": "10 s"},
    {"at": "90 s", "latency": {"add": "1 s"}, "for": "10 s"},
    {"at": "100 s", "censor": {"senders": ["full-0", "full-1"]}, "for": "10 s"},
    {"at": "105 s", "slow": {"nodes": ["full-4", "inference-1"], "times": 1e5}, "for": "10 s"},
    {"at": "110 s", "outage": {"share": "40 %", "role": "full"}, "for": "5 s"},
]
"""What may befall honest nodes, some of it at the same time."""

NO_FRAUD = {"missed_reveal", "posted_late"}
"""What a node that is cut off, slow or late may be slashed for."""


@pytest.mark.parametrize(
    "kind", ["posp", *(pytest.param(kind, marks=pytest.mark.long) for kind in ("full_reexecution", "forced_error"))]
)
def test_honest_nodes_get_through_whatever_breaks_and_are_convicted_of_no_fraud(kind: str) -> None:
    many = {"inference": {"count": 4}, "full": {"count": 7}}
    run = play(strategy={"kind": kind}, nodes=many, faults=ALL_AT_ONCE, settle="5 min")
    assert run.finished.failure is None
    assert run.broken() == []
    assert set(run.slashes()) <= NO_FRAUD
    assert run.tables.event("ClaimRejected") == []
    assert run["tasks_finalised"] > 50
    assert len(run.tables.of("fault_ended")) == len(ALL_AT_ONCE)


def test_a_partition_of_eighty_seconds_lasts_eighty_seconds_whatever_happens_beside_it() -> None:
    faults = [{"at": "10 s", "partition": ["eu"], "for": "80 s"}, {"at": "20 s", "partition": ["ap"], "for": "10 s"}]
    run = play(network={"regions": ["us", "eu", "ap"]}, faults=faults)
    lost = [row for row in run.tables.of("message_sent") if row["lost"]]
    region = {name: row["region"] for name, row in run.tables.participants.items()}
    for row in run.tables.of("message_sent"):
        ends = {region[row["sender"]], region[row["receiver"]]}
        apart = [who for who, (start, end) in {"eu": (10, 90), "ap": (20, 30)}.items() if start <= row["t"] < end]
        assert bool(row["lost"]) == any(who in ends and len(ends) == 2 for who in apart), row
    assert max(row["t"] for row in lost) > 85
    assert_sound(run)


def test_two_crashes_keep_a_node_down_until_both_are_over() -> None:
    faults = [
        {"at": "30 s", "crash": ["full-0", "full-3"], "for": "20 s"},
        {"at": "40 s", "crash": ["full-0"], "for": "40 s"},
        {"at": "42 s", "crash": ["full-0", "full-4"], "for": "5 s"},  # of which full-4 alone notices
    ]
    run = play(strategy=COMMITTEE, faults=faults)
    assert_sound(run)
    assert acts_between(run, "full-0", 31, 80) == []
    assert acts_between(run, "full-3", 31, 50) == []
    assert acts_between(run, "full-3", 51, 80) != []
    assert acts_between(run, "full-0", 80, 300) != []


@pytest.mark.long
def test_an_outage_strikes_a_share_of_the_honest_nodes_of_a_role_drawn_by_the_seed() -> None:
    lazy = [{"behaviour": "lazy_accept", "nodes": ["full-1"]}]
    outage = [{"at": "40 s", "outage": {"share": "50 %", "role": "full"}, "for": "20 s"}]
    struck = [play(seed=seed, strategy=COMMITTEE, adversaries=lazy, faults=outage) for seed in range(1, 6)]
    names = [run.tables.of("fault_injected")[0]["targets"] for run in struck]
    assert {len(found) for found in names} == {2}
    assert all("full-1" not in found for found in names)
    assert len({tuple(found) for found in names}) > 1
    for run, found in zip(struck, names, strict=True):
        assert all(acts_between(run, name, 41, 60) == [] for name in found)


def test_a_censored_node_gets_nothing_on_chain_until_it_is_over() -> None:
    run = play(strategy=COMMITTEE, faults=[{"at": "30 s", "censor": {"senders": ["inference-0"]}, "for": "30 s"}])
    address = run.tables.participants["inference-0"]["address"]
    mined = [row["t"] for row in run.tables.of("transaction_mined") if row["sender"] == address]
    assert [at for at in mined if 32 < at < 60] == []
    assert any(at > 60 for at in mined)
    assert run.broken() == []
