"""TEERegistry: who gets in, who stays active, what revocation does; and the ABI that the official client reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from chain.evm.abi import ARTIFACTS, load
from nodes.enclave import nitro
from nodes.enclave.signing import OhttpConfig
from nodes.enclave.vendor import Vendor
from tests.contracts_world import event, events, reason
from tests.source import ROOT
from tests.tee_world import GATEWAY, VALIDATOR, VENDOR, TeeWorld, enclave, fresh_world, pcr_hash, pcrs

OFFICIAL = ROOT / "tests" / "data" / "opengradient-1.1.4-TEERegistry.json"
ZERO = "0x" + "00" * 20


@pytest.fixture
def world() -> Iterator[TeeWorld]:
    with fresh_world() as found:
        yield found


# -- ABI ---------------------------------------------------------------------------------------------------


def described(parameter: Mapping[str, Any]) -> str:
    """An ABI parameter in one line, names included."""
    kind: str = parameter["type"]
    if kind.startswith("tuple"):
        inside = ",".join(map(described, parameter["components"]))
        kind = f"({inside}){kind.removeprefix('tuple')}"
    return f"{kind} {parameter['name']}".strip()


def functions_of(abi: list[Any]) -> dict[str, Any]:
    """Every function of an ABI, as the fixture describes them."""
    return {
        item["name"]: {
            "inputs": [described(part) for part in item["inputs"]],
            "outputs": [described(part) for part in item["outputs"]],
            "stateMutability": item["stateMutability"],
        }
        for item in abi
        if item["type"] == "function"
    }


def test_the_registry_has_every_function_that_the_official_client_calls() -> None:
    ours = functions_of(json.loads((ARTIFACTS / "TEERegistry.json").read_text())["abi"])
    official = json.loads(OFFICIAL.read_text())["functions"]
    assert len(official) == 6
    assert {name: ours[name] for name in official} == official


SELECTORS = {
    "TEERegistry": {
        "registerTEEWithAttestation": "15c9bdb4",
        "heartbeat": "42830ad8",
        "approvePCR": "4c4c8e8b",
        "revokePCR": "a041ff51",
        "getActiveTEEs": "4b6014da",
        "getEnabledTEEs": "63b86b89",
        "getTEEsByType": "b82644b7",
        "getTEE": "418b207d",
        "isTEEActive": "a3bf31f1",
        "isTEEEnabled": "927d3c95",
    },
    "TEEInferenceVerifier": {"verifySignature": "58db61a8"},
    "TEEBatchVerifier": {"verifySignature": "58db61a8", "verifySignatureNoTimestamp": "810f2337"},
    "TEENative": {"verifyAttestation": "f7cf40d3", "verifyRSAPSS": "7e26679a"},
}
"""As OpenGradient's contracts and node have them (og-evm)."""


@pytest.mark.parametrize("contract", SELECTORS)
def test_functions_have_the_selectors_of_opengradients(contract: str) -> None:
    functions = load(contract).functions
    assert {name: functions[name].selector.hex() for name in SELECTORS[contract]} == SELECTORS[contract]


# -- registration ------------------------------------------------------------------------------------------


def test_an_attested_enclave_is_registered_with_all_that_was_attested(world: TeeWorld) -> None:
    one = enclave("one")
    logged = event(world.register(one), "TEERegistered")
    assert logged == {"teeId": one.id, "owner": world.address("operator"), "teeType": GATEWAY}
    assert world.tee(one) == {
        "owner": world.address("operator"),
        "paymentAddress": world.address("operator"),
        "endpoint": "https://127.0.0.1:8443",
        "publicKey": one.key.spki,
        "tlsCertificate": one.tls.der,
        "pcrHash": pcr_hash(world, "v1"),
        "teeType": GATEWAY,
        "enabled": True,
        "registeredAt": world.now,
        "lastHeartbeatAt": world.now,
        "ohttpConfig": (0, 0, 0, 0, b"", b"", 0),
    }
    assert world.read("TEERegistry.getTEEPublicKey", one.id) == one.key.spki
    assert world.read("TEERegistry.computeTEEId", one.key.spki) == one.id


def test_only_operators_register(world: TeeWorld) -> None:
    assert world.refused(enclave("one"), who="stranger") == "AccessControlUnauthorizedAccount"


def test_an_enclave_is_registered_once(world: TeeWorld) -> None:
    world.register(enclave("one"))
    assert world.refused(enclave("one")) == "TEEAlreadyExists"


def test_a_kind_must_exist_and_trust_the_image(world: TeeWorld) -> None:
    assert world.refused(enclave("one"), kind=7) == "InvalidTEEType"
    assert world.refused(enclave("one"), kind=VALIDATOR) == "PCRNotApproved"
    world.ok("deployer", "TEERegistry.approvePCR", pcrs("v1"), "1.0", VALIDATOR)
    world.register(enclave("one"), kind=VALIDATOR)


def test_an_image_must_be_trusted(world: TeeWorld) -> None:
    assert world.refused(enclave("two", "v2")) == "PCRNotApproved"
    world.ok("deployer", "TEERegistry.approvePCR", pcrs("v2"), "2.0", GATEWAY)
    world.register(enclave("two", "v2"))


def test_what_the_attestation_does_not_prove_is_refused(world: TeeWorld) -> None:
    one, other = enclave("one"), enclave("other")
    forged = replace(one, vendor=Vendor(b"stranger"))
    wrongs: tuple[dict[str, Any], ...] = (
        {"spki": other.key.spki},
        {"tls": other.tls.der},
        {"document": b""},
        {"document": other.attest(world.now)},
        {"document": one.attest(world.now - 400)},
        {"document": one.attest(world.now + 100)},
        {"document": forged.attest(world.now)},
    )
    for wrong in wrongs:
        assert world.refused(one, **wrong) == "AttestationInvalid", wrong
    world.register(one)


def test_the_administrator_says_which_vendor_is_trusted(world: TeeWorld) -> None:
    stranger = Vendor(b"stranger")
    theirs = enclave("other", vendor=stranger)
    assert world.refused(theirs) == "AttestationInvalid"
    world.ok("deployer", "TEERegistry.setAWSRootCertificate", stranger.root_pem)
    world.register(theirs)
    assert world.refused(enclave("one")) == "AttestationInvalid"
    world.ok("deployer", "TEERegistry.setAWSRootCertificate", b"")
    assert world.refused(enclave("one")) == "AttestationInvalid"


# -- heartbeats and activity -------------------------------------------------------------------------------


def active(world: TeeWorld, name: str) -> bool:
    listed = [row[3] for row in world.read("TEERegistry.getActiveTEEs", GATEWAY)]
    found: bool = world.read("TEERegistry.isTEEActive", enclave(name).id)
    assert (enclave(name).key.spki in listed) == found
    return found


def test_an_enclave_is_active_for_half_an_hour_after_a_heartbeat(world: TeeWorld) -> None:
    world.register(enclave("one"))
    registered = world.now
    world.at(registered + 1800).tick()
    assert active(world, "one")
    world.later(1).tick()
    assert not active(world, "one")
    assert world.read("TEERegistry.isTEEEnabled", enclave("one").id)
    assert event(world.beat(enclave("one")), "HeartbeatReceived")["teeId"] == enclave("one").id
    assert active(world, "one")


def test_a_heartbeat_must_be_signed_by_the_enclave_itself(world: TeeWorld) -> None:
    world.register(enclave("one"))
    timestamp, signature = enclave("other").heartbeat(world.now)
    assert reason(world.send("x", "TEERegistry.heartbeat", enclave("one").id, timestamp, signature)) == (
        "HeartbeatSignatureInvalid"
    )
    timestamp, signature = enclave("one").heartbeat(world.now)
    assert reason(world.send("x", "TEERegistry.heartbeat", enclave("one").id, timestamp + 1, signature)) == (
        "HeartbeatSignatureInvalid"
    )
    assert reason(world.beat(enclave("other"))) == "TEENotFound"


def test_a_heartbeat_must_be_young_and_not_from_the_future(world: TeeWorld) -> None:
    """Enclaves date them 300 s back."""
    world.register(enclave("one"))
    now = world.now + 10_000
    assert reason(world.at(now).beat(enclave("one"), now + 301)) == "HeartbeatTimestampInFuture"
    assert world.at(now + 1).beat(enclave("one"), now + 301).ok
    assert reason(world.at(now + 2).beat(enclave("one"), now + 2 + 300 - 1801)) == "HeartbeatTimestampTooOld"
    assert world.at(now + 3).beat(enclave("one"), now + 3 + 300 - 1800).ok


def test_an_old_heartbeat_can_be_shown_again_while_it_is_young_enough(world: TeeWorld) -> None:
    """As on OpenGradient: a dead enclave can be made to look alive for an hour after its last word."""
    world.register(enclave("one"))
    last = enclave("one").heartbeat(world.now + 300)
    said = world.now
    assert world.at(said + 1800).send("relayer", "TEERegistry.heartbeat", enclave("one").id, *last).ok
    world.at(said + 3600).tick()
    assert active(world, "one")
    assert reason(world.send("relayer", "TEERegistry.heartbeat", enclave("one").id, *last)) == (
        "HeartbeatTimestampTooOld"
    )


def test_the_age_of_heartbeats_is_the_administrators_choice(world: TeeWorld) -> None:
    world.register(enclave("one"))
    assert world.fails("operator", "TEERegistry.setHeartbeatMaxAge", 10).error == "AccessControlUnauthorizedAccount"
    world.ok("deployer", "TEERegistry.setHeartbeatMaxAge", 10)
    world.later(30).tick()
    assert not active(world, "one")


# -- disabling, enabling, revoking -------------------------------------------------------------------------


def test_an_owner_or_the_administrator_disables_and_enables(world: TeeWorld) -> None:
    one = enclave("one")
    world.register(one)
    for who in ("operator", "deployer"):
        assert event(world.ok(who, "TEERegistry.disableTEE", one.id), "TEEDisabled") == {"teeId": one.id}
        assert not active(world, "one")
        assert world.fails(who, "TEERegistry.disableTEE", one.id).error == "TEENotEnabled"
        assert event(world.ok(who, "TEERegistry.enableTEE", one.id), "TEEEnabled") == {"teeId": one.id}
        assert active(world, "one")
    assert world.fails("stranger", "TEERegistry.disableTEE", one.id).error == "NotTEEOwner"
    assert world.fails("deployer", "TEERegistry.disableTEE", bytes(32)).error == "TEENotFound"


def test_an_owner_who_is_no_operator_any_more_has_no_say(world: TeeWorld) -> None:
    world.register(enclave("one"))
    world.ok("deployer", "TEERegistry.revokeRole", world.role("TEE_OPERATOR"), world.address("operator"))
    assert world.fails("operator", "TEERegistry.disableTEE", enclave("one").id).error == "NotTEEOwner"


def test_a_disabled_enclave_sends_no_heartbeats(world: TeeWorld) -> None:
    world.register(enclave("one"))
    world.ok("operator", "TEERegistry.disableTEE", enclave("one").id)
    assert reason(world.beat(enclave("one"))) == "TEENotEnabled"


def test_revoking_an_image_disables_every_enclave_that_runs_it_and_no_other(world: TeeWorld) -> None:
    world.ok("deployer", "TEERegistry.approvePCR", pcrs("v2"), "2.0", GATEWAY)
    for name, version in (("one", "v1"), ("two", "v2"), ("three", "v1")):
        world.register(enclave(name, version))
    receipt = world.ok("deployer", "TEERegistry.revokePCR", pcr_hash(world, "v1"), GATEWAY)
    disabled = {logged["teeId"] for logged in events(receipt, "TEEDisabled")}
    assert disabled == {enclave("one").id, enclave("three").id}
    assert event(receipt, "PCRRevoked") == {"pcrHash": pcr_hash(world, "v1"), "teeType": GATEWAY}
    assert world.read("TEERegistry.getEnabledTEEs", GATEWAY) == (enclave("two", "v2").id,)
    assert world.fails("operator", "TEERegistry.enableTEE", enclave("one").id).error == "PCRNotApproved"
    assert world.refused(enclave("other")) == "PCRNotApproved"


def test_an_image_approved_again_lets_its_enclaves_back_one_by_one(world: TeeWorld) -> None:
    world.register(enclave("one"))
    world.ok("deployer", "TEERegistry.revokePCR", pcr_hash(world, "v1"), GATEWAY)
    world.ok("deployer", "TEERegistry.approvePCR", pcrs("v1"), "1.0", GATEWAY)
    assert not active(world, "one")
    world.ok("operator", "TEERegistry.enableTEE", enclave("one").id)
    assert active(world, "one")


def test_an_image_approved_twice_has_the_later_version_and_is_listed_once(world: TeeWorld) -> None:
    one = pcr_hash(world, "v1")
    approved_at = world.read("TEERegistry.pcrRecords", GATEWAY, one)[2]
    receipt = world.ok("deployer", "TEERegistry.approvePCR", pcrs("v1"), "1.0.1", GATEWAY)
    assert event(receipt, "PCRApproved")["version"] == "1.0.1"
    assert world.read("TEERegistry.pcrRecords", GATEWAY, one) == (True, GATEWAY, approved_at, "1.0.1")
    assert world.read("TEERegistry.getApprovedPCRs").count((one, GATEWAY)) == 1


def test_images_are_approved_and_revoked_by_the_administrator(world: TeeWorld) -> None:
    one = pcr_hash(world, "v1")
    assert world.fails("deployer", "TEERegistry.approvePCR", pcrs("v1"), "", 7).error == "InvalidTEEType"
    assert world.fails("deployer", "TEERegistry.revokePCR", one, VALIDATOR).error == "PCRNotApproved"
    for function, args in (
        ("approvePCR", (pcrs("v2"), "2.0", GATEWAY)),
        ("revokePCR", (one, GATEWAY)),
        ("addTEEType", (7, "x")),
        ("setAWSRootCertificate", (b"",)),
    ):
        assert world.fails("operator", f"TEERegistry.{function}", *args).error == "AccessControlUnauthorizedAccount"


def test_the_registry_lists_what_it_trusts(world: TeeWorld) -> None:
    world.ok("deployer", "TEERegistry.approvePCR", pcrs("v2"), "2.0", VALIDATOR)
    one, two = pcr_hash(world, "v1"), pcr_hash(world, "v2")
    assert world.read("TEERegistry.getApprovedPCRs") == ((one, GATEWAY), (two, VALIDATOR))
    assert world.read("TEERegistry.pcrRecords", GATEWAY, one)[3] == "1.0"
    world.ok("deployer", "TEERegistry.revokePCR", one, GATEWAY)
    assert world.read("TEERegistry.getApprovedPCRs") == ((two, VALIDATOR),)
    numbers, infos = world.read("TEERegistry.getTEETypes")
    assert numbers == (GATEWAY, VALIDATOR)
    assert [name for name, _ in infos] == ["LLMProxy", "Validator"]
    assert world.fails("deployer", "TEERegistry.addTEEType", GATEWAY, "again").error == "TEETypeExists"


def test_enclaves_are_found_by_kind_and_by_owner(world: TeeWorld) -> None:
    for name in ("one", "two"):
        world.register(enclave(name))
    ids = (enclave("one").id, enclave("two").id)
    assert world.read("TEERegistry.getTEEsByType", GATEWAY) == ids
    assert world.read("TEERegistry.getTEEsByOwner", world.address("operator")) == ids
    assert world.read("TEERegistry.getTEEsByOwner", ZERO) == ()


# -- OHTTP -------------------------------------------------------------------------------------------------


def config_args(config: OhttpConfig) -> tuple[Any, ...]:
    return config.key_id, config.kem_id, config.kdf_id, config.aead_id, config.public_key, config.key_config


def test_an_enclave_publishes_the_key_for_requests_that_no_relay_can_read(world: TeeWorld) -> None:
    one, config = enclave("one"), OhttpConfig(bytes(range(32)), b"config")
    world.register(one)
    assert world.read("TEERegistry.computeOHTTPConfigHash", one.id, *config_args(config)) == config.message(one.id)
    world.ok("operator", "TEERegistry.setOHTTPConfig", one.id, *config_args(config), one.bind(config))
    assert world.tee(one)["ohttpConfig"] == (*config_args(config), world.now)
    assert world.read("TEERegistry.getActiveTEEs", GATEWAY)[0][10][4] == bytes(range(32))


def test_a_key_that_the_enclave_did_not_sign_is_refused(world: TeeWorld) -> None:
    one, config = enclave("one"), OhttpConfig(bytes(range(32)), b"config")
    world.register(one)
    forged = enclave("other").bind(config)
    refused = world.fails("operator", "TEERegistry.setOHTTPConfig", one.id, *config_args(config), forged)
    assert refused.error == "OHTTPConfigSignatureInvalid"
    mine = one.bind(config)
    assert world.fails("x", "TEERegistry.setOHTTPConfig", one.id, *config_args(config), mine).error == "NotTEEOwner"


def test_measurements_are_named_as_the_verifier_names_them(world: TeeWorld) -> None:
    registers = nitro.measurement("v1")
    document = nitro.issue(VENDOR, "m", registers, b"", world.now)
    assert nitro.read(nitro.open_envelope(document).payload).pcrs == registers
    assert world.read("TEERegistry.isPCRApproved", GATEWAY, pcr_hash(world, "v1"))
