"""What an enclave stands by in a run: its own computation, once, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chain.quantities import TaskId
from nodes.effects import Attest, Execute, Heartbeat, Purpose, SignResponse, Steps
from nodes.enclave import nitro
from nodes.enclave.enclave import Enclave
from nodes.enclave.evidence import request_hash
from nodes.enclave.sandbox import REMEMBERED, Sandbox
from nodes.enclave.signing import response_message
from nodes.enclave.vendor import Vendor
from nodes.models.tensors import tensor_hash
from simnet.world.genesis import GENESIS as RUN_GENESIS
from tests.stage import GENESIS, Stage
from tests.tee_world import verifies

VENDOR = Vendor(b"vendor")
ENCLAVE = Enclave(VENDOR, "i-1", nitro.measurement("v2"), b"enclave", RUN_GENESIS)
KEYS = (ENCLAVE.key.spki, ENCLAVE.tls.der)
TASK, MODEL = TaskId("0x" + "ab" * 32), b"\1" * 32
VALUE, OUTPUT = np.arange(3, dtype=np.float32), np.ones(2, dtype=np.float32)
ASK = Execute("digits", VALUE, Purpose.ANSWER, TASK)
SIGN = SignResponse(TASK, "digits", MODEL, tensor_hash(VALUE), tensor_hash(OUTPUT), 1_767_225_700)


def computed(effect: Execute = ASK) -> Sandbox:
    sandbox = Sandbox(ENCLAVE)
    sandbox.compute(effect, OUTPUT)
    return sandbox


def test_an_enclave_signs_what_it_computed() -> None:
    signed = computed().sign_response(SIGN)
    assert signed is not None
    assert verifies(signed, ENCLAVE)
    assert signed.input_hash == request_hash(bytes.fromhex(TASK[2:]), MODEL, tensor_hash(VALUE))
    message = response_message(signed.input_hash, tensor_hash(OUTPUT), SIGN.timestamp)
    assert ENCLAVE.key.sign(message) == signed.signature


def test_it_signs_it_once() -> None:
    sandbox = computed()
    assert sandbox.sign_response(SIGN) is not None
    assert sandbox.sign_response(SIGN) is None


@pytest.mark.parametrize(
    "asked",
    [
        replace(SIGN, task=TaskId("0x" + "cd" * 32)),
        replace(SIGN, model="other"),
        replace(SIGN, input_hash=bytes(32)),
        replace(SIGN, output_hash=bytes(32)),
    ],
)
def test_it_signs_nothing_that_it_did_not_compute(asked: SignResponse) -> None:
    sandbox = computed()
    assert sandbox.sign_response(asked) is None
    assert sandbox.sign_response(SIGN) is not None


@pytest.mark.parametrize("ran", [replace(ASK, variant="int8"), replace(ASK, purpose=Purpose.CHECK)])
def test_its_measurement_stands_for_the_reference_model_and_for_answers(ran: Execute) -> None:
    assert computed(ran).sign_response(SIGN) is None


def test_what_waits_for_a_signature_is_bounded() -> None:
    sandbox = computed()
    for number in range(REMEMBERED):
        sandbox.compute(replace(ASK, task=TaskId(f"0x{number:064x}")), OUTPUT)
    assert len(sandbox.computed) == REMEMBERED
    assert sandbox.sign_response(SIGN) is None


def test_the_engine_carries_out_what_a_participant_asks_of_its_enclave(stage: Stage) -> None:
    def protocol() -> Steps:
        value = np.array([0.5], dtype=np.float32)
        execution = yield Execute("digits", value, Purpose.ANSWER, TASK)
        asked = SignResponse(TASK, "digits", MODEL, tensor_hash(value), tensor_hash(execution.output), GENESIS)
        stage.say("sealed", (yield asked) is not None, (yield asked) is not None)
        attested = yield Attest()
        document = nitro.read(nitro.open_envelope(attested.document).payload)
        stage.say("attested", document.timestamp_ms, (attested.spki, attested.tls_der) == KEYS)
        stage.say("beats", (yield Heartbeat(GENESIS + 300))[0] - GENESIS)

    stage.host("with", protocol, sandbox=Sandbox(ENCLAVE))
    assert stage.run(5) == [(0.5, "sealed", True, False), (0.5, "attested", 1_000_500, True), (0.5, "beats", 0)]


def test_a_bare_machine_has_nothing_to_show(stage: Stage) -> None:
    def protocol() -> Steps:
        yield Execute("digits", np.array([0.5], dtype=np.float32), Purpose.ANSWER, TASK)
        stage.say((yield SIGN), (yield Attest()), (yield Heartbeat(GENESIS)))

    stage.host("without", protocol)
    assert stage.run(5) == [(0.5, None, None, None)]
