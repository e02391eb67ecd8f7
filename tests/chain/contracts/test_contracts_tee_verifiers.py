"""TEEInferenceVerifier and TEEBatchVerifier: which answers an enclave in service stands by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest

from nodes.enclave.enclave import Enclave
from nodes.enclave.signing import response_message
from tests.conftest import open_backend
from tests.contracts_world import event
from tests.tee_world import GATEWAY, TeeWorld, enclave, fresh_world, pcr_hash

INPUT, OUTPUT = (hashlib.sha256(text).digest() for text in (b"question", b"answer"))
HOUR, FIVE_MINUTES = 3600, 300


@pytest.fixture
def world() -> Iterator[TeeWorld]:
    with fresh_world() as found:
        found.register(enclave("one"))
        yield found


def arguments(timestamp: int, signer: Enclave | None = None, **changes: Any) -> tuple[Any, ...]:
    response = (signer or enclave("one")).respond(INPUT, OUTPUT, timestamp)
    honest: Mapping[str, Any] = {
        "tee": response.tee,
        "input": INPUT,
        "output": OUTPUT,
        "at": timestamp,
        "signature": response.signature,
    }
    return tuple({**honest, **changes}.values())


def recent(world: TeeWorld, *args: Any) -> bool:
    verdicts = {world.read(f"{name}.verifySignature", *args) for name in ("TEEInferenceVerifier", "TEEBatchVerifier")}
    assert len(verdicts) == 1
    return bool(verdicts.pop())


def ever(world: TeeWorld, *args: Any) -> bool:
    verdict: bool = world.read("TEEBatchVerifier.verifySignatureNoTimestamp", *args)
    return verdict


def test_what_an_enclave_signs_is_hashed_alike_on_both_sides(world: TeeWorld) -> None:
    said = world.read("TEEInferenceVerifier.computeMessageHash", INPUT, OUTPUT, 7)
    assert said == response_message(INPUT, OUTPUT, 7)


def test_an_enclaves_answer_is_accepted_and_nothing_of_it_can_be_changed(world: TeeWorld) -> None:
    now = world.now
    assert recent(world, *arguments(now))
    assert ever(world, *arguments(now))
    for changed in (
        arguments(now, input=OUTPUT),
        arguments(now, output=INPUT),
        arguments(now, at=now - 1),
        arguments(now, tee=enclave("other").id),
        arguments(now, signer=enclave("other")),
        arguments(now, signer=enclave("other"), tee=enclave("one").id),
        arguments(now, signature=b""),
    ):
        assert not recent(world, *changed)
        assert not ever(world, *changed)


def test_an_answer_is_recent_from_five_minutes_before_its_time_to_an_hour_after(world: TeeWorld) -> None:
    now = world.now
    assert recent(world, *arguments(now - HOUR))
    assert not recent(world, *arguments(now - HOUR - 1))
    assert recent(world, *arguments(now + FIVE_MINUTES))
    assert not recent(world, *arguments(now + FIVE_MINUTES + 1))
    assert not recent(world, *arguments(now, at=2**256 - 1))
    assert ever(world, *arguments(now - 365 * 86_400))


def test_an_enclave_without_heartbeats_is_still_believed(world: TeeWorld) -> None:
    """As on OpenGradient, where the check is for enabled and not for active."""
    world.later(2 * HOUR).tick()
    assert not world.read("TEERegistry.isTEEActive", enclave("one").id)
    assert recent(world, *arguments(world.now))


def test_revocation_takes_the_whole_history_along(world: TeeWorld) -> None:
    before = arguments(world.now)
    assert ever(world, *before)
    world.ok("deployer", "TEERegistry.revokePCR", pcr_hash(world, "v1"), GATEWAY)
    assert not ever(world, *before)
    assert not recent(world, *before)


def test_a_verifier_can_be_pointed_at_another_registry(world: TeeWorld) -> None:
    other = world.chain.deploy("TEERegistry", [], world.address("deployer"), name="Other")
    assert world.fails("x", "TEEBatchVerifier.setRegistry", other).error == "AccessControlUnauthorizedAccount"
    assert world.fails("deployer", "TEEBatchVerifier.setRegistry", "0x" + "00" * 20).error == "InvalidRegistryAddress"
    logged = event(world.ok("deployer", "TEEBatchVerifier.setRegistry", other), "RegistryUpdated")
    assert logged == {"oldRegistry": world.chain.address_of("TEERegistry"), "newRegistry": other}
    assert not ever(world, *arguments(world.now))


def test_every_backend_comes_to_the_same_and_uses_the_same_gas() -> None:
    used = []
    for backend in ("anvil", "revm"):
        with closing(open_backend(backend)) as chain:
            world = TeeWorld(chain)
            used.append([world.register(enclave("one")).gas_used, world.beat(enclave("one")).gas_used])
            assert recent(world, *arguments(world.now))
    assert used[0] == used[1]
