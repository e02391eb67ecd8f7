"""Every fault as its class describes it: for ``simnet faults`` and for the page in the docs."""

from __future__ import annotations

import inspect

import yaml

from chain.errors import SimnetError
from nodes.parameters import Parameters, did_you_mean
from simnet.cli.behaviours_page import LINE, ParameterNote, written
from simnet.faults.fault import Fault, Lasting
from simnet.plugins import faults
from simnet.scenario.yaml_dialect import ScenarioDumper


class UnknownFault(SimnetError):
    """There is no fault of that name."""

    exit_code = 2


def fault_named(verb: str) -> type[Fault]:
    """The fault of that verb. Raises `UnknownFault` with the nearest one."""
    found = faults().get(verb)
    if found is None:
        raise UnknownFault(f"unknown fault '{verb}'", did_you_mean(verb, faults()))
    return found


def about(member: type[Fault]) -> str:
    """All of its documentation."""
    return inspect.cleandoc(member.__doc__ or "")


def summary(member: type[Fault]) -> str:
    """The first sentence of its documentation."""
    return " ".join(about(member).partition("\n\n")[0].split()).partition(". ")[0].rstrip(".")


def parameters(member: type[Fault]) -> list[ParameterNote]:
    """What a scenario writes after the verb: one value, or the keys of a mapping."""
    field = member.model_fields[member.kind]
    if not (inspect.isclass(field.annotation) and issubclass(field.annotation, Parameters)):
        return [ParameterNote(member.kind, "", field.description or "")]
    described = field.annotation.model_json_schema()["properties"]
    return [
        ParameterNote(name, written(described[name].get("default")), described[name].get("description", ""))
        for name in field.annotation.own_keys()
    ]


def example(member: type[Fault]) -> str:
    """An entry of a scenario's faults, on one line."""
    entry = {"at": "5 min", member.kind: member.sample}
    if issubclass(member, Lasting):
        entry["for"] = "60 s"
    return "- " + yaml.dump(entry, Dumper=ScenarioDumper, default_flow_style=True, sort_keys=False, width=LINE).strip()


# -- the page ------------------------------------------------------------------------------------------------

PAGE = """# Faults

What can break, and when: a scenario's `faults` has entries such as

```yaml
faults:
  - {{at: 10 min, partition: [eu-west], for: 60 s}}
  - {{at: 630 s, crash: [full-0], for: 2 min}}
```

Each file of `simnet/faults/` is a fault, named by its verb; `simnet faults VERB` explains one. `at` says when it
happens, `for` how long it lasts; without `for` it lasts to the end of the run, or until a fault that mends it. This
page is written by `simnet faults --markdown`.

Faults that overlap compose. Each has a handle that undoes what that fault did and nothing else: a partition of 80
seconds lasts 80 seconds whatever happens beside it, a node that two crashes keep down comes back when both are over,
and a message that two holds keep back arrives when both have let it go. After all of them are undone the network, the
chain and the nodes are as they were.

A fault that could not do anything is an error when the file is read: a partition of everybody or of nobody, a hold on
a way that no message takes, a restart of a node that nothing crashed, a crash of a node that is down for longer, an
outage of honest nodes where all cheat, a reorg deeper than the chain.

In the event log a fault is a `fault_injected` record and, when it is undone, a `fault_ended` record of the same number.
Faults are nobody's misdeed: what participants do on purpose is a [behaviour](behaviours.md).

| fault | what it does | who it names is | shows in |
|---|---|---|---|
{table}

A third party adds a fault as a class of its own, one file, with an entry point in the group `simnet.faults`: a
subclass of `simnet.faults.fault.Fault` with a field named after its verb and a `begin` that returns an `Undo`.

{details}"""


def markdown() -> str:
    """The page of the docs."""
    known = list(faults().values())
    rows = [f"| `{m.kind}` | {summary(m)} | {m.condition or '–'} | {m.shows_in or 'what it mends'} |" for m in known]
    return PAGE.format(table="\n".join(rows), details="\n".join(detail(member) for member in known))


def detail(member: type[Fault]) -> str:
    """One fault: all that its class says, its parameters, an example."""
    notes = [
        f"- `{parameter.name}`: {parameter.description}"
        + (f" (default `{parameter.default}`)" if parameter.default else "")
        for parameter in parameters(member)
        if parameter.description
    ]
    parts = [f"## {member.kind}", about(member), "\n".join(notes), f"```yaml\n{example(member)}\n```"]
    return "\n\n".join(part for part in parts if part) + "\n"
