"""What is recorded of inference that contracts ask for."""

from __future__ import annotations

from dataclasses import dataclass

from nodes.records import Record, event


@event(
    group="tasks",
    subjects=("native", "node"),
    says="{node:or nobody} runs {model} for the chain, {took_s:span}[: {reason}]",
)
@dataclass(frozen=True, slots=True)
class OnChainInference(Record):
    """A model was run for a transaction that is to be mined. `reason` says why there is no output, if there is none."""

    native: str
    node: str
    model: str
    mode: int
    question: str
    """Hash of the calldata that asks."""
    took_s: float
    reason: str


@event(group="tasks", subjects=("keeper",), says="{keeper} has workflow {workflow:who} run[: {reason}]")
@dataclass(frozen=True, slots=True)
class WorkflowRun(Record):
    """A scheduled workflow was due. `reason` says why it did not run, if it did not."""

    keeper: str
    task: int
    workflow: str
    reason: str


@event(group="run", subjects=("node",), says="{node} takes in model {model}[: {reason}]")
@dataclass(frozen=True, slots=True)
class ModelTaken(Record):
    """An inference node fetched a model that it was asked for; `reason` says what is wrong with it, if anything is."""

    node: str
    model: str
    reason: str
