"""Every behaviour as its class describes it: for ``simnet behaviours`` and for the page in the docs."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import yaml

from chain.errors import SimnetError
from nodes.adversaries.behaviour import Behaviour
from nodes.parameters import did_you_mean
from simnet.plugins import behaviours
from simnet.scenario.adversaries import Adversary
from simnet.scenario.yaml_dialect import ScenarioDumper

LINE = 10_000
"""Characters after which an example would be broken: never."""


class UnknownBehaviour(SimnetError):
    """There is no behaviour of that name."""

    exit_code = 2


@dataclass(frozen=True)
class ParameterNote:
    """A parameter of a behaviour."""

    name: str
    default: str
    """As a scenario would write it; empty if the parameter has none, or stands for nothing."""
    description: str


def behaviour_named(kind: str) -> type[Behaviour]:
    """The behaviour of that name. Raises `UnknownBehaviour` with the nearest one."""
    found = behaviours().get(kind)
    if found is None:
        raise UnknownBehaviour(f"unknown behaviour '{kind}'", did_you_mean(kind, behaviours()))
    return found


def summary(member: type[Behaviour]) -> str:
    """The first sentence of its documentation."""
    return " ".join(about(member).partition("\n\n")[0].split()).partition(". ")[0].rstrip(".")


def about(member: type[Behaviour]) -> str:
    """All of its documentation."""
    return inspect.cleandoc(member.__doc__ or "")


def parameters(member: type[Behaviour]) -> list[ParameterNote]:
    """Its own parameters; those that every adversary has are left out."""
    described = member.model_json_schema()["properties"]
    return [
        ParameterNote(name, written(described[name].get("default")), described[name].get("description", ""))
        for name in member.own_keys()
    ]


def written(value: Any) -> str:
    """A default as a scenario would write it."""
    if value in (None, "", [], ()):
        return ""
    return str(yaml.dump(value, Dumper=ScenarioDumper, default_flow_style=True, width=LINE)).split("\n...")[0].strip()


def example(member: type[Behaviour]) -> str:
    """An entry of a scenario's adversaries with every parameter that has a default written out."""
    entry: dict[str, Any] = {"behaviour": member.kind, "count": member.at_least}
    described = member.model_json_schema()["properties"]
    for name in member.own_keys():
        if written(default := described[name].get("default")):
            entry[name] = default
    return "- " + yaml.dump(entry, Dumper=ScenarioDumper, default_flow_style=True, sort_keys=False, width=LINE).strip()


# -- the page ------------------------------------------------------------------------------------------------

PAGE = """# Behaviours

What participants can do that the protocol does not foresee. A behaviour is a filter on an honest node's effects
(`nodes/adversaries/`); a scenario's `adversaries` names it, and `simnet behaviours NAME` shows its parameters and an
example. This page is written by `simnet behaviours --markdown`.

Every entry may also say who shows the behaviour and when:

{shared}

Participants of one entry are a coalition: `sybil`, `stake_whale`, `whitewash`, `beacon_bias` and the replicators act
together. Several entries for the same nodes compose, the first one closest to the honest node: `stake_whale` with
`rubber_stamp_cartel` misuses its stake. Cartels protect their *accomplices*: the dishonest inference nodes of the
entries that name the same `cartel`, those that name none being one. An economic event that is nobody's behaviour, a
fall of OPG's price, is a fault: `{{at: 5 min, price: 0.2}}`.

Rational participants (`best_response`, `diligent_if_paid`, `cartel_recruit`, `adaptive_cheat`, `replicator`,
`replicator_verifier`) choose by what their acts really paid; each choice is a `decided` record in the event log.
{tables}
## Parameters
{parameters}"""

ROLES = {
    "inference": "Inference nodes",
    "full": "Full nodes",
    "client": "Clients",
    "producer": "Block producers",
    "gateway": "Gateways, of `simnet up`",
    "facilitator": "Facilitators, of `simnet up`",
    "blobs": "Blob stores, of `simnet up`",
}


def markdown() -> str:
    """The page of the docs."""
    known = behaviours().values()
    shared = [
        f"- `{field.alias or name}`: {field.description}"
        for name, field in Adversary.model_fields.items()
        if name not in ("behaviour", "role", "label")
    ]
    tables = "".join(table(title, [m for m in known if m.role == role]) for role, title in ROLES.items())
    details = "".join(parameter_list(member) for member in known if member.own_keys())
    return PAGE.format(shared="\n".join(shared), tables=tables, parameters=details)


def table(title: str, members: list[type[Behaviour]]) -> str:
    """Behaviours of one role."""
    lines = [
        f"\n## {title}\n",
        "| behaviour | what it does | defeats | stopped by | shows in |",
        "|---|---|---|---|---|",
    ]
    for member in members:
        does = summary(member) + (f". *Needs {member.needs}*" if member.needs else "")
        does += "" if member.dishonest else ". *A control: it is honest*"
        cells = (f"`{member.kind}`", does, member.defeats, member.stopped_by, f"`{member.shows_in}`")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def parameter_list(member: type[Behaviour]) -> str:
    """Parameters of one behaviour."""
    lines = [f"\n**{member.kind}**\n"]
    for parameter in parameters(member):
        default = f" (default `{parameter.default}`)" if parameter.default else ""
        lines.append(f"- `{parameter.name}`: {parameter.description}{default}")
    return "\n".join(lines) + "\n"
