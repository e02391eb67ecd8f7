"""Clients that verify: refereed delegation and honeypots, by hand and in whole runs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from math import comb
from typing import Any, TypeVar

import numpy as np
import pytest

from chain.quantities import OPG, ZERO_HASH, BatchId, TaskId
from chain.seam import Log
from nodes.client import Answer, Client, ClientHalf, ClientPolicy, Order, SignedAnswer
from nodes.effects import Execute, Pay, Purpose, Request, Sleep, Spawn, Submit
from nodes.messages import ClaimProof, ClaimQuery, InferenceAnswer, InferenceRequest, Refusal
from nodes.models.tensors import tensor_hash
from nodes.records import ExtraTask, TaskAnswered
from simnet.comparators.relative import Relative
from simnet.scenario.errors import ScenarioErrors
from simnet.strategies.dispute.clients import Auditor, Delegator, parts
from simnet.theory import detected_within
from simnet.world.participants import client_policy
from simnet.world.plan import Plan
from tests.driving import (
    FEE,
    INPUT,
    MODEL,
    MODEL_HASH,
    MODELS,
    OUTPUT,
    PEOPLE,
    TASK,
    Course,
    always,
    any_claim,
    assert_alike,
    execution,
    follow,
    mined,
    signed_answer,
    task_id,
    voucher,
    who,
)
from tests.payments import payments
from tests.small import Played, play, scenario
from tests.stage import DOMAIN

POLICY = ClientPolicy(FEE, 10.0, pays_first=True, audits=True)
Half = TypeVar("Half", bound=ClientHalf)
BATCH = BatchId("0x" + "ba" * 32)
FULL_NODES = [f"full-{i}" for i in range(5)]
WRONG = OUTPUT[::-1].copy()


def half(make: Callable[[Client], Half]) -> Half:
    """A client's half of a strategy."""
    made: list[Half] = []

    def remember(client: Client) -> Half:
        made.append(make(client))
        return made[0]

    Client(who("client-0"), PEOPLE, DOMAIN, MODELS, POLICY, (), make_half=remember)
    return made[0]


def delegator(providers: int) -> Delegator:
    """A client that asks so many nodes."""
    return half(lambda client: Delegator(client, Relative(), "Optimistic", providers))


def auditor(probes: float) -> Auditor:
    """A client that sends so many probes."""
    return half(lambda client: Auditor(client, Relative(), "Optimistic", probes, secret=b"secret"))


def order(task: TaskId = TASK, choice: float = 0.0, node: str = "") -> Order:
    """What it is going to ask."""
    return Order(1.0, task, MODEL, INPUT, choice, node)


def answering(**outputs: np.ndarray) -> dict[type, Any]:
    """Nodes that answer the same to every client, and full nodes that have the claim made of it."""

    def reply(effect: Request) -> Any:
        if isinstance(effect.message, ClaimQuery):
            return ClaimProof(BATCH, any_claim(5, effect.message.task, output=OUTPUT), (ZERO_HASH,))
        assert isinstance(effect.message, InferenceRequest)
        output = outputs.get(effect.peer.replace("-", "_"), OUTPUT)
        if output is SILENCE:
            return None
        return InferenceAnswer(
            effect.message.task, output, signed_answer(output, effect.message.task, node=effect.peer)
        )

    def pay(effect: Pay) -> Any:
        return voucher(effect.cumulative, node=effect.node)

    return {Request: reply, Pay: pay, Submit: mined}


SILENCE = np.zeros(0)


def asked(client: Delegator, **outputs: np.ndarray) -> tuple[list[Course], list[Course]]:
    """An order carried out by all nodes in turn: the requests, and what follows from the last."""
    begun = follow(client.ask(order()))
    requests = [follow(spawn.steps, answering(**outputs)) for spawn in begun.of(Spawn)]
    after = [follow(spawn.steps, answering(**outputs)) for spawn in requests[-1].of(Spawn)]
    return requests, after


def challenges(courses: list[Course]) -> list[Any]:
    """Arguments of the challenges among what was done."""
    return [call.args for course in courses for call in course.calls if call.function == "challenge"]


# -- asking several nodes, by hand ---------------------------------------------------------------------------


@pytest.mark.parametrize("providers", [2, 3])
def test_a_request_goes_to_as_many_different_nodes_under_task_ids_that_do_not_show_each_other(providers: int) -> None:
    requests, _ = asked(delegator(providers))
    sent = [course.of(Request)[0] for course in requests]
    assert len({request.peer for request in sent}) == providers
    tasks = [request.message.task for request in sent]  # type: ignore[union-attr]
    assert tasks[0] == TASK
    assert len(set(tasks)) == providers
    assert all(np.array_equal(request.message.value, INPUT) for request in sent)  # type: ignore[union-attr]


def test_all_but_the_first_are_put_down_as_asked_only_to_verify() -> None:
    begun = follow(delegator(3).ask(order()))
    noted = [record for record in begun.records if isinstance(record, ExtraTask)]
    assert [(record.client, record.of) for record in noted] == [("client-0", TASK)] * 2
    assert [record.task for record in noted] == [part.task for part in islice(parts(order()), 1, 3)]


def test_answers_are_taken_when_the_last_is_there() -> None:
    requests, _ = asked(delegator(3))
    taken = [[r for r in course.records if isinstance(r, TaskAnswered)] for course in requests]
    assert [len(records) for records in taken] == [0, 0, 3]


def test_who_agrees_is_audited_and_not_challenged() -> None:
    _, after = asked(delegator(3))
    assert len(after) == 3
    assert challenges(after) == []


def test_where_two_differ_all_their_claims_are_challenged() -> None:
    first = delegator(2)
    _, after = asked(first, inference_0=WRONG)
    calls = [call for course in after for call in course.calls]
    assert [call.function for call in calls].count("challenge") == 1  # the liar's claim contradicts its own answer,
    assert [call.function for call in calls].count("proveEquivocation") == 1  # which needs no challenge
    assert challenges(after) == [(bytes.fromhex(BATCH[2:]), 1 << 5)]


def test_a_claim_that_is_posted_late_is_looked_for_when_its_node_posts_and_not_in_between() -> None:
    one = auditor(1.0)
    nothing = {Request: always(Refusal(TASK, "unknown task"))}
    suspected = Answer(SignedAnswer(TASK, MODEL_HASH, tensor_hash(INPUT), tensor_hash(OUTPUT), b""), OUTPUT)
    looked = follow(one.follow_up(who("inference-0"), suspected, wrong=True), nothing)
    assert len(looked.of(Sleep)) == POLICY.audit_attempts
    others, own = (Log("Settlement", "BatchPosted", {"node": who(f"inference-{i}").address}) for i in (1, 0))
    assert follow(one.on_log(others)).of(Spawn) == []
    (again,) = follow(one.on_log(own)).of(Spawn)
    assert challenges([follow(again.steps, answering())]) == [(bytes.fromhex(BATCH[2:]), 1 << 5)]
    assert follow(one.on_log(own)).of(Spawn) == [], "a claim is challenged once"


def test_noise_below_the_tolerance_is_no_disagreement() -> None:
    _, after = asked(delegator(2), inference_0=OUTPUT * np.float32(1 + 1e-6))
    assert challenges(after) == []


def test_an_answer_of_another_shape_is_a_disagreement() -> None:
    _, after = asked(delegator(2), inference_0=np.ones(7, np.float32))
    assert challenges(after) != []


def test_with_only_one_answer_there_is_nothing_to_compare() -> None:
    _, after = asked(delegator(2), inference_0=SILENCE)
    assert len(after) == 1
    assert challenges(after) == []


def test_jailed_nodes_are_left_out_and_fewer_are_asked_if_there_are_no_more() -> None:
    one = delegator(3)
    one.client.jailed = {"inference-1"}
    assert sorted(node.name for node in one.choose_several(order())) == ["inference-0", "inference-2"]


def test_an_order_for_a_certain_node_goes_there_alone() -> None:
    course = follow(delegator(3).ask(order(node="inference-2")), answering())
    assert [r.peer for r in course.of(Request) if isinstance(r.message, InferenceRequest)] == ["inference-2"]


# -- probes, by hand -----------------------------------------------------------------------------------------


def probed(output: np.ndarray, probes: float = 1.0) -> Course:
    """A client asks a node that answers this; its own device says `OUTPUT`."""
    answers = {**answering(inference_0=output), Execute: lambda _: execution(OUTPUT)}
    return follow(auditor(probes).ask(order()), answers)


def test_a_probe_is_executed_and_a_wrong_answer_challenged() -> None:
    course = probed(WRONG)
    assert course.one(Execute).purpose is Purpose.CHECK
    assert ExtraTask("client-0", TASK, of="") in course.records
    assert [call.function for call in course.calls] == ["proveEquivocation"]  # claimed right, answered wrong


def test_a_right_answer_to_a_probe_is_left_alone() -> None:
    course = probed(OUTPUT)
    assert len(course.of(Execute)) == 1
    assert course.calls == []


def test_a_request_that_is_no_probe_is_a_request_like_any_other() -> None:
    course = probed(WRONG, probes=0.0)
    assert course.of(Execute) == []
    assert not any(isinstance(record, ExtraTask) for record in course.records)


def test_on_the_wire_a_probe_and_a_plain_request_are_the_same() -> None:
    plain, probe = probed(OUTPUT, 0.0), probed(OUTPUT, 1.0)
    assert_alike(plain.of(Request)[0], probe.of(Request)[0])


def test_probes_come_at_their_rate_and_each_client_draws_its_own() -> None:
    tasks = [task_id(i) for i in range(1, 1001)]
    one, other = auditor(0.2), auditor(0.2)
    other.secret = b"another"
    drawn = [[client.is_probe(task) for task in tasks] for client in (one, other)]
    assert all(150 < sum(lots) < 250 for lots in drawn)
    assert drawn[0] != drawn[1]


# -- whole runs ----------------------------------------------------------------------------------------------

CHEAT = {"behaviour": "model_swap", "nodes": ["inference-0"], "probability": "20 %"}


def refereed(**parameters: Any) -> dict[str, Any]:
    """Two providers and a window of half a minute."""
    return {"kind": "refereed", "challenge_window": "30 s", **parameters}


def honeypot(**parameters: Any) -> dict[str, Any]:
    """Half of all requests are probes."""
    return {"kind": "honeypot", "challenge_window": "30 s", "probes": "50 %", **parameters}


def settled(**sections: Any) -> Played:
    """A run that is long enough for every dispute to end."""
    return play(**{"settle": "3 min", **sections})


@pytest.mark.parametrize("providers", [2, 3])
def test_k_providers_cost_k_times_as_much(providers: int) -> None:
    alone, several = settled(strategy={"kind": "none"}), settled(strategy=refereed(providers=providers))
    assert several["tasks_total"] == several["tasks_finalised"] == alone["tasks_total"]
    assert several["verification_overhead_ratio"] == pytest.approx(providers - 1)
    paid = [sum(int(row["paid"]) for row in run.tables.event("BatchFinal")) for run in (alone, several)]
    assert paid[1] == providers * paid[0]
    assert several["gas_per_inference"] > alone["gas_per_inference"]
    assert several["slashes_total"] == 0
    assert several.broken() == []


def test_soft_latency_is_that_of_the_slowest_provider() -> None:
    slow = [{"behaviour": "slow_loris", "nodes": ["inference-0"], "answers_after": "5 s"}]
    assert settled(strategy={"kind": "none"}, adversaries=slow)["soft_latency_ms.p50"] < 1_000
    assert settled(strategy=refereed(providers=3), adversaries=slow)["soft_latency_ms.p50"] > 5_000


def test_a_liar_falls_by_the_answers_of_the_others() -> None:
    run = settled(strategy=refereed(), adversaries=[CHEAT])
    assert run["fraud_committed"] == run["fraud_detected"] > 2
    assert run["false_slash_rate"] == run["fraud_finalised"] == 0
    challengers = {run.tables.names[row["challenger"]] for row in run.tables.event("Challenged")}
    assert challengers
    assert all(name.startswith("client-") for name in challengers)
    clients = [p.amount for p in payments(run.tables) if p.name.startswith("client-")]
    assert sum(clients) > 0  # what it loses on the honest claim, the liar's stake makes up for
    assert run.broken() == []


def test_liars_who_lie_alike_are_not_found_out_where_they_meet() -> None:
    both = {**CHEAT, "nodes": ["inference-0", "inference-1"], "probability": "100 %"}
    run = settled(
        strategy=refereed(bond="0.1 OPG"), adversaries=[both], economics={"jail": "1 s", "slash_share": "0.1 %"}
    )
    meet = comb(2, 2) / comb(3, 2)  # two liars of three nodes
    found = run["fraud_finalised"] / run["fraud_committed"]
    assert abs(found - 2 * meet / (2 * meet + (1 - meet))) < 0.15  # two frauds where they meet, otherwise one


def test_probes_look_after_themselves_and_nothing_else() -> None:
    run = settled(strategy=honeypot(), adversaries=[CHEAT])
    probes = {row["task"] for row in run.tables.of("extra_task")}
    frauds = {row["subject"]: row for row in run.tables.of("cheated") if row["act"] == "answer"}
    rejected = {row["task"] for row in run.tables.event("ClaimRejected")}
    assert rejected == probes & frauds.keys() != set()
    assert run["fraud_finalised"] == len(frauds.keys() - probes) > 0
    assert run["false_slash_rate"] == 0
    assert run.broken() == []


def test_the_share_of_probes_is_what_the_scenario_says() -> None:
    run = settled(strategy=honeypot(probes="20 %"), duration="5 min")
    probes, asked_for = len(run.tables.of("extra_task")), run["tasks_total"]
    assert 0.1 < probes / (probes + asked_for) < 0.3
    senders = {row["client"] for row in run.tables.of("extra_task")}
    assert senders == {"client-0"}  # one of four clients can send that many
    plain = [
        row for row in run.tables.of("task_sent") if row["client"] == "client-0" and row["task"] not in probes_of(run)
    ]
    assert plain, "an auditor sends ordinary requests too"


def probes_of(run: Played) -> set[str]:
    return {row["task"] for row in run.tables.of("extra_task")}


def test_probes_are_paid_for_and_count_as_verification() -> None:
    run = settled(strategy=honeypot())
    probes = len(run.tables.of("extra_task"))
    assert run["verification_overhead_ratio"] == pytest.approx(2 * probes / run["tasks_total"])
    assert len(run.tables.of("task_sent")) == probes + run["tasks_total"]


def test_lying_to_everybody_is_found_out_sooner_or_later() -> None:
    assert detected_within(0.5, 1) == 0.5
    liar = {**CHEAT, "probability": "100 %"}
    run = settled(strategy=honeypot(), adversaries=[liar])
    assert "inference-0" in {run.tables.names[row["node"]] for row in run.tables.event("Jailed")}


# -- the scenario --------------------------------------------------------------------------------------------


def test_clients_look_for_their_claims_often_enough_to_challenge_in_time() -> None:
    for strategy in (refereed(), honeypot()):
        policy = client_policy(Plan.of(scenario(strategy=strategy)), 0)
        assert policy.audit_every_s * 2 <= 30
        assert policy.audit_every_s * policy.audit_attempts >= 30 + 10
    ordinary = client_policy(Plan.of(scenario(strategy=honeypot(probes="25 %"))), 3)
    assert ordinary == client_policy(Plan.of(scenario(strategy={"kind": "none"})), 3)


@pytest.mark.parametrize(
    ("strategy", "complaint"),
    [
        (refereed(providers=4), "4 providers cannot be had from 3 inference nodes"),
        (refereed(bond="1_000 OPG"), "would lose 1_000 OPG of bonds to win 250 OPG"),
        (honeypot(probes=0), "nobody checks anything"),
    ],
)
def test_parameters_that_cannot_be_are_refused(strategy: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScenarioErrors, match=complaint):
        scenario(strategy=strategy)


def test_a_bond_worth_less_than_the_liars_stake_is_accepted() -> None:
    assert scenario(strategy=refereed(bond=f"{250 * OPG // OPG} OPG")).strategy.kind == "refereed"
