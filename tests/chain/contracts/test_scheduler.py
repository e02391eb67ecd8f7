"""WorkflowScheduler: who may register, change, stop and run what, and when."""

from __future__ import annotations

from typing import Any

import pytest

from chain.backends.revm import RevmChain
from chain.quantities import Address, Timestamp
from chain.seam import Call, Receipt

OWNER, OTHER = Address("0x" + "11" * 20), Address("0x" + "22" * 20)
FOREVER = 2**255


@pytest.fixture
def chain() -> RevmChain:
    made = RevmChain()
    made.deploy("WorkflowScheduler", [], OWNER)
    made.deploy("BaseOPG", [], OWNER)
    return made


def send(chain: RevmChain, function: str, *args: Any, sender: Address = OWNER, after_s: int = 1) -> Receipt:
    (receipt,) = chain.mine(
        [Call(sender, "WorkflowScheduler", function, args)], Timestamp(chain.head[1] + after_s)
    ).receipts
    return receipt


def refused(receipt: Receipt) -> str:
    return "" if receipt.revert is None else receipt.revert.error


def test_only_contracts_are_run_and_at_some_frequency(chain: RevmChain) -> None:
    workflow = chain.address_of("BaseOPG")
    assert refused(send(chain, "registerTask", OTHER, FOREVER, 60)) == "NotAContract"
    assert refused(send(chain, "registerTask", workflow, FOREVER, 0)) == "ZeroFrequency"
    assert refused(send(chain, "registerTask", workflow, FOREVER, 1)) == ""
    assert chain.read("WorkflowScheduler", "getAllTasks")[0][:4] == (OWNER, workflow, FOREVER, 1)


def test_a_task_is_its_owners(chain: RevmChain) -> None:
    send(chain, "registerTask", chain.address_of("BaseOPG"), FOREVER, 60)
    for function, args in (("updateTask", (0, FOREVER, 30)), ("stopTask", (0,))):
        assert refused(send(chain, function, *args, sender=OTHER)) == "NotTaskOwner"
        assert refused(send(chain, function, *args)) == ""
    assert refused(send(chain, "stopTask", 1)) == "NotTaskOwner"


def test_what_is_over_is_not_run_and_gives_up_its_place(chain: RevmChain) -> None:
    workflow = chain.address_of("BaseOPG")
    send(chain, "registerTask", workflow, chain.head[1] + 5, 60)
    assert refused(send(chain, "execute", 0, after_s=10)) == "NotDue"
    assert refused(send(chain, "execute", 1)) == "NotDue"
    send(chain, "registerTask", workflow, FOREVER, 60, sender=OTHER)
    (task,) = chain.read("WorkflowScheduler", "getAllTasks")
    assert task[0] == OTHER


def test_a_workflow_that_fails_stays_due(chain: RevmChain) -> None:
    """The token has no run(): its revert undoes everything, the time of the last run included."""
    send(chain, "registerTask", chain.address_of("BaseOPG"), FOREVER, 60)
    assert send(chain, "execute", 0).revert is not None
    assert chain.read("WorkflowScheduler", "getAllTasks")[0][4] == 0
