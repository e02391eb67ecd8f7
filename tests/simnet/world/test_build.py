"""A world is put together from a plan: who is given an enclave has one, and its behaviours hold the same."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from chain.errors import ToolMissing
from nodes.identity import Role
from simnet.kernel.enclave import Enclave
from simnet.log.events import EventLog
from simnet.world.backends import open_chain
from simnet.world.build import build
from simnet.world.plan import Plan
from tests.small import scenario


def test_a_node_and_its_behaviours_hold_one_enclave(tmp_path: Path) -> None:
    pytest.importorskip("pyrevm")
    leaky = [{"behaviour": "key_export_clone", "nodes": ["inference-0", "inference-1"]}]
    one = scenario(strategy={"kind": "tee"}, adversaries=leaky)
    log = EventLog(tmp_path / "events.jsonl")
    world = build(Plan.of(one), open_chain(one), log)
    log.close()
    for identity in world.plan.directory:
        facility = world.engine.hosts[identity.name].facilities.get("enclave")
        sandbox = facility.sandbox if isinstance(facility, Enclave) else None
        assert (sandbox is not None) is (identity.role is Role.INFERENCE)
        for behaviour, _ in world.casting.of(identity.name):
            assert sandbox is not None
            assert behaviour._situation.enclave is sandbox.enclave


def test_without_pyrevm_its_backend_is_said_to_be_absent_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrevm", None)
    monkeypatch.delitem(sys.modules, "chain.backends.revm", raising=False)
    with pytest.raises(ToolMissing, match="pyrevm is not installed") as caught:
        open_chain(scenario(chain={"backend": "revm"}))
    assert "anvil" in str(caught.value.hint)
