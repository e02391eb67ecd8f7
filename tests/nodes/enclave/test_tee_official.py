"""OpenGradient's own client accepts what our enclaves sign, and refuses it once anything is changed.

`opengradient.client.tee_verify` runs as it is, in an environment of its own: the package pins far more than this
one module needs, so neither its dependencies nor its ``__init__`` files are loaded.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from nodes.enclave import canonical, nitro, signing
from nodes.enclave.enclave import Enclave
from nodes.enclave.vendor import Vendor
from tests.chain.contracts.test_contracts_tee_registry import OFFICIAL, functions_of
from tests.source import ROOT

pytestmark = pytest.mark.slow

AT = 1_767_225_600
ENCLAVE = Enclave(Vendor(b"vendor"), "i-1", nitro.measurement("v1"), b"enclave", AT)
OTHER = Enclave(Vendor(b"vendor"), "i-2", nitro.measurement("v1"), b"other", AT)

UNREACHABLE = re.compile("connection|Max retries|Name or service|Network is unreachable|timed out", re.IGNORECASE)

DRIVER = """
import json, sys, types
from importlib.util import find_spec
where = find_spec("opengradient").submodule_search_locations[0]
for name, place in (("opengradient", where), ("opengradient.client", where + "/client")):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [place]
from opengradient.client import tee_verify

def judge(case):
    try:
        canonical = tee_verify.build_inner_request(case["body"])[1]
        content = tee_verify.response_content_for_hash(case["response"])
        tee_verify.verify_response(canonical_request=canonical, response_body=case["response"],
            response_content=content, signing_key_pem=case["pem"], expected_tee_id=case["tee_id"])
    except tee_verify.VerificationError as error:
        return str(error)
    return "accepted"

json.dump([judge(case) for case in json.load(sys.stdin)], sys.stdout)
"""


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the official client's wheel, at its pinned hash, and what `tee_verify` imports."""
    home = tmp_path_factory.mktemp("official")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    python = home / "bin" / "python"
    pins = ROOT / "requirements" / "official.lock"
    install: list[str | Path] = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"]
    done = subprocess.run([*install, "--require-hashes", "-r", pins], capture_output=True, text=True, check=False)
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip("no package registry can be reached: the official client cannot be installed")
    assert done.returncode == 0, done.stderr
    return python


def chat(**changes: Any) -> dict[str, Any]:
    return {"model": "gpt", "messages": [{"role": "user", "content": "2 + 2?"}], **changes}


BODIES: list[dict[str, Any]] = [
    chat(),
    chat(temperature=1, max_tokens=5, top_p=0.5, seed=3, tool_choice="auto"),
    chat(stop=["\n"], web_search=True, response_format={"type": "json_object"}),
    chat(messages=[{"role": "developer", "content": "ä€😀"}, {"role": "user", "content": "\u2028"}]),
    chat(
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "see"}, {"type": "file", "file": {"filename": "a"}}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "f"}}]},
            {"role": "tool", "content": "4", "tool_call_id": "1"},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}, "loose"]},
        ],
        tools=[{"type": "function", "function": {"name": "f", "parameters": {"b": 1, "a": 2}}}],
    ),
]

TOOL_CALLS = [{"type": "function", "id": "1", "function": {"name": "f", "arguments": "{}"}}]


def answered(body: dict[str, Any], choice: dict[str, Any], signer: Enclave = ENCLAVE) -> dict[str, Any]:
    """What a gateway answers, signed by its enclave."""
    message = choice["message"]
    said = signing.canonical_json(message["tool_calls"]) if "tool_calls" in message else message["content"]
    return {"choices": [choice], **signer.answer_text(canonical.chat(body), said, AT).as_json()}


def case(body: dict[str, Any], response: dict[str, Any], signer: Enclave = ENCLAVE) -> dict[str, Any]:
    key = load_der_public_key(signer.key.spki)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return {"body": body, "response": response, "pem": pem, "tee_id": "0x" + ENCLAVE.id.hex()}


def judge(python: Path, cases: list[dict[str, Any]]) -> list[str]:
    command: list[str | Path] = [python, "-I", "-c", DRIVER]
    done = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    verdicts: list[str] = json.loads(done.stdout)
    return verdicts


def plain(content: str = "4") -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}


@pytest.mark.long
def test_the_official_client_accepts_our_enclaves_answers(official: Path) -> None:
    calls = {"message": {"content": "", "tool_calls": TOOL_CALLS}, "finish_reason": "tool_calls"}
    cases = [case(body, answered(body, choice)) for body in BODIES for choice in (plain(), plain("ä€😀"), calls)]
    assert judge(official, cases) == ["accepted"] * len(cases)


def test_the_official_client_refuses_whatever_was_changed(official: Path) -> None:
    body = BODIES[0]
    right = answered(body, plain())
    other = answered(chat(model="other"), plain())
    changes: dict[str, dict[str, Any]] = {
        "another answer": case(body, {**right, "choices": [plain("5")]}),
        "another question": case(chat(max_tokens=1), right),
        "another time": case(body, {**right, "tee_timestamp": AT + 1}),
        "another answer's signature": case(body, {**right, "tee_signature": other["tee_signature"]}),
        "another enclave's id": case(body, {**right, "tee_id": "0x" + OTHER.id.hex()}),
        "another enclave's key": case(body, right, OTHER),
        "another enclave": case(body, answered(body, plain(), OTHER), OTHER),
        "no signature": case(body, {key: part for key, part in right.items() if key != "tee_signature"}),
    }
    verdicts = dict(zip(changes, judge(official, list(changes.values())), strict=True))
    assert "output hash" in verdicts["another answer"]
    assert "request hash" in verdicts["another question"]
    assert "signature verification failed" in verdicts["another time"]
    assert "signature verification failed" in verdicts["another answer's signature"]
    assert all("tee_id mismatch" in verdicts[f"another enclave{end}"] for end in ("'s id", "'s key", ""))
    assert "tee_signature" in verdicts["no signature"]


def test_our_record_of_the_official_abi_is_the_wheels_own(official: Path) -> None:
    script = "from importlib.util import find_spec; print(find_spec('opengradient').submodule_search_locations[0])"
    where = subprocess.run([official, "-I", "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    abi = json.loads((Path(where) / "abi" / "TEERegistry.abi").read_text())
    assert functions_of(abi) == json.loads(OFFICIAL.read_text())["functions"]
