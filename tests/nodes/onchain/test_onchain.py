"""Contracts ask for a model's output: it is run before the block, by an inference node that may cheat."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chain.errors import CallReverted
from chain.formats.onchain import HUB, BadQuestion, PriceQuestion, fixed_point
from chain.seam import REORG_DEPTH_MAX, Call
from nodes.http import HttpRequest
from nodes.identity import BLOBS, NATIVE, Service
from nodes.models.devices import DEVICES
from nodes.models.execution import OnnxExecutor
from nodes.models.zoo import Zoo, default_zoo
from nodes.onchain.candles import tensor_of
from nodes.onchain.native import KEPT_S, NativeCode, asking
from nodes.onchain.records import ModelTaken, OnChainInference
from nodes.onchain.serving import serve
from nodes.serving import serve_each
from simnet.kernel.compute import ComputeTime
from simnet.kernel.conditions import HostConditions
from simnet.kernel.device import Device
from simnet.kernel.host import Host
from simnet.kernel.library import ModelLibrary
from simnet.kernel.mempool import Transaction
from simnet.log.events import TransactionMined
from simnet.up.specimens import write_specimens
from simnet.up.stage import NODE, Sender
from tests.services import CAST, Network402
from tests.stage import Script

PICTURE = np.linspace(0, 1, 64, dtype=np.float32)


@pytest.fixture(scope="module")
def zoo() -> Zoo:
    return default_zoo()


@pytest.fixture
def net(tmp_path: Path, zoo: Zoo) -> Iterator[Network402]:
    made = Network402(tmp_path)
    me = Service(NODE, "inference", CAST.deployer.address, "here")
    host = Host(me, lambda: Script(lambda: serve_each(partial(serve, NODE))))
    executor, compute = OnnxExecutor(zoo, "cpu"), ComputeTime(zoo, measured=False)
    host.install("device", Device(NODE, executor, DEVICES["cpu"], compute, HostConditions(), made.scheduler, made.log))
    host.install("models", ModelLibrary(zoo))
    made.engine.network.join(NODE, "here")
    made.engine.add(host)
    yield made
    made.close()


def numbers(name: str, values: Any) -> tuple[str, list[tuple[int, int]], list[int]]:
    """A tensor as opengradient's client writes it."""
    pairs = [fixed_point(float(value)) for value in np.ravel(values)]
    return name, pairs, list(np.shape(values))


ASKED: tuple[Any, ...] = ("digits_mlp", 0, ([numbers("input", PICTURE)], []))


def run(net: Network402, model: str, tensors: list[Any], texts: list[Any] | None = None, mode: int = 0) -> Any:
    """What the hub answers, once what it asks for was computed. Raises `CallReverted`."""
    args = (model, mode, (tensors, texts or []))
    with pytest.raises(CallReverted) as missing:
        net.mempool.chain.read("InferenceHub", "run", *args)
    assert missing.value.revert.error == "InferenceMissing"
    assert net.request(asking(missing.value.revert.args["question"]), NATIVE).answer.status == 200
    return net.mempool.chain.read("InferenceHub", "run", *args)


def test_the_hub_answers_what_the_model_says(net: Network402, zoo: Zoo) -> None:
    ((name, values, shape),) = run(net, "digits_mlp", [numbers("input", PICTURE)])[0]
    expected = OnnxExecutor(zoo, "cpu").run("digits_mlp", "fp32", PICTURE).output
    assert (name, shape) == ("output", (1, 10))
    assert np.array_equal(np.array([v / 10**d for v, d in values], np.float32), expected)
    (noted,) = net.of(OnChainInference)
    assert (noted.native, noted.node, noted.model, noted.reason) == (NATIVE, NODE, "digits_mlp", "")


def test_a_transaction_emits_what_was_simulated(net: Network402) -> None:
    output = run(net, "digits_mlp", [numbers("input", PICTURE)])
    call = Call(CAST.deployer.address, "InferenceHub", "run", ("digits_mlp", 0, ([numbers("input", PICTURE)], [])))
    chain = net.mempool.chain
    (receipt,) = chain.mine([call], type(chain.head[1])(chain.head[1] + 10_000)).receipts
    assert [log.event for log in receipt.logs] == ["ModelInferenceEvent", "InferenceResult"]
    assert receipt.logs[-1].args["output"] == output
    assert chain.address_of("InferenceHub") == HUB


def test_an_answer_is_taken_back_in_time(net: Network402) -> None:
    run(net, "digits_mlp", [numbers("input", PICTURE)])
    net.wait(KEPT_S + 1)
    with pytest.raises(CallReverted, match="InferenceMissing"):
        net.mempool.chain.read("InferenceHub", "run", "digits_mlp", 0, ([numbers("input", PICTURE)], []))


def ask_on_chain(net: Network402) -> None:
    """Have a transaction ask the hub, and be mined."""
    call = Call(CAST.deployer.address, "InferenceHub", "run", ASKED)
    net.mempool.add(Transaction(call, "", net.scheduler.now, Sender(), None, math.inf))
    net.wait(2)


def test_a_reorg_undoes_answers_and_they_are_written_again(net: Network402) -> None:
    ask_on_chain(net)
    output = run(net, "digits_mlp", [numbers("input", PICTURE)])
    ask_on_chain(net)
    assert net.mempool.reorg(REORG_DEPTH_MAX) == 2
    with pytest.raises(CallReverted, match="InferenceMissing"):
        net.mempool.chain.read("InferenceHub", "run", *ASKED)
    net.wait(3)
    assert net.mempool.chain.read("InferenceHub", "run", *ASKED) == output
    before, after, *again = [one.revert.partition("(")[0] for one in net.of(TransactionMined)]
    assert (before, after, again) == ("InferenceMissing", "", ["", ""]), "what was undone is mined again"


def test_a_reorg_does_not_bring_back_what_was_taken_back(net: Network402) -> None:
    ask_on_chain(net)
    run(net, "digits_mlp", [numbers("input", PICTURE)])
    net.wait(KEPT_S - 2)
    ask_on_chain(net)
    net.wait(1)
    net.mempool.reorg(1)
    net.wait(5)
    with pytest.raises(CallReverted, match="InferenceMissing"):
        net.mempool.chain.read("InferenceHub", "run", *ASKED)


def test_a_model_is_fetched_from_the_blob_store_and_takes_text(net: Network402, tmp_path: Path) -> None:
    write_specimens(tmp_path)
    content = (tmp_path / "opposite.onnx").read_bytes()
    stored = net.request(HttpRequest("PUT", "/v1/blobs", {}, content, {"epochs": "1"}), BLOBS).answer
    (blob,) = [json.loads(stored.body)["newlyCreated"]["blobObject"]["blobId"]]
    assert run(net, blob, [], [("word", ["cold", "wet"])])[1] == (("opposite", ("hot", "unknown")),)
    assert [taken.reason for taken in net.of(ModelTaken)] == [""]


@pytest.mark.parametrize(
    ("model", "tensors", "mode", "reason"),
    [
        ("digits_mlp", [numbers("input", np.zeros(63))], 0, "is of shape"),
        ("digits_mlp", [numbers("inputs", PICTURE)], 0, "the model takes input"),
        ("digits_mlp", [], 0, "not nothing"),
        ("digits_mlp", [numbers("input", PICTURE)], 1, "needs a proof or an attestation"),
        ("nothing", [numbers("input", PICTURE)], 0, "there is no model nothing"),
    ],
)
def test_what_cannot_be_run_reverts_with_the_reason(
    net: Network402, model: str, tensors: list[Any], mode: int, reason: str
) -> None:
    with pytest.raises(CallReverted) as refused:
        run(net, model, tensors, mode=mode)
    assert reason in refused.value.revert.args["reason"]
    assert reason in net.of(OnChainInference)[0].reason


def test_a_file_that_is_no_model_is_said_to_be_none(net: Network402) -> None:
    stored = net.request(HttpRequest("PUT", "/v1/blobs", {}, b"no model", {"epochs": "1"}), BLOBS).answer
    blob = json.loads(stored.body)["newlyCreated"]["blobObject"]["blobId"]
    with pytest.raises(CallReverted, match="cannot be used"):
        run(net, blob, [numbers("input", PICTURE)])


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": "0xzz"}', b'{"data": "0x01020304"}', b"{}"])
def test_nonsense_is_a_bad_request(net: Network402, body: bytes) -> None:
    assert net.request(HttpRequest("POST", "/run", {}, body), NATIVE).answer.status == 400


def test_candles_are_the_latest_that_are_over() -> None:
    asked = PriceQuestion("m", "candles", "ETH", "USD", 3, 2, False, (0, 1, 2, 3))
    early, late = tensor_of(asked, 1_800_000_000.0), tensor_of(asked, 1_800_000_119.0)
    assert early.values == late.values, "the same two minutes"
    assert tensor_of(asked, 1_800_000_120.0).values[:4] == early.values[4:8], "one candle on"
    assert early.shape == (3, 4)
    for high, low, opens, closes in np.array(early.values).reshape(3, 4):
        assert low <= min(opens, closes) <= max(opens, closes) <= high
    backwards = tensor_of(PriceQuestion("m", "candles", "ETH", "USD", 3, 2, True, (0, 1, 2, 3)), 1_800_000_000.0)
    assert backwards.values[:4] == early.values[-4:]


@pytest.mark.parametrize(
    ("candles", "minutes", "kinds"), [(0, 1, (0,)), (1_001, 1, (0,)), (1, 0, (0,)), (1, 1, (5,)), (1, 1, ())]
)
def test_candles_out_of_bounds_are_refused(candles: int, minutes: int, kinds: tuple[int, ...]) -> None:
    with pytest.raises(BadQuestion):
        tensor_of(PriceQuestion("m", "candles", "ETH", "USD", candles, minutes, False, kinds), 1_800_000_000.0)


def test_a_second_node_is_asked_where_the_first_is_silent(net: Network402) -> None:
    """By turns: the first of the two is nobody."""
    native = next(host for name, host in net.engine.hosts.items() if name == NATIVE)
    native.crash()
    native.begin = partial(NativeCode, native.identity, ("nobody-0", NODE), BLOBS, net.mempool.genesis)
    net.engine.network.join("nobody-0", "here")
    net.external.listen("nobody-0", lambda envelope: None)
    native.restart()
    args: tuple[Any, ...] = ("digits_mlp", 0, ([numbers("input", PICTURE)], []))
    with pytest.raises(CallReverted) as missing:
        net.mempool.chain.read("InferenceHub", "run", *args)
    net.request(asking(missing.value.revert.args["question"]), NATIVE, wait_s=30)
    assert net.of(OnChainInference)[0].node == NODE
