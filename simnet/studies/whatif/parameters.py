"""A parameter set: what a proposal would change of scenarios, by paths and values, or as the calldata of a vote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from pydantic import Field, ValidationError, field_validator

from chain.deploy import ProtocolParameters
from chain.evm import abi
from chain.quantities import BASIS_POINTS
from chain.units import format_opg
from nodes.parameters import ParameterError, Parameters
from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.formats import PARAMETER_SET
from simnet.scenario.load import located, read_bytes, read_changed
from simnet.scenario.overrides import Sourced

SETTER = "setParameters"

IN_SCENARIOS = {
    "slash_share_bps": "economics.slash_share",
    "slash_amount": "economics.slash_amount",
    "bounty_share_bps": "economics.bounty_share",
    "verifier_share_bps": "economics.verifier_share",
    "jail_period_s": "economics.jail",
    "withdrawal_delay_s": "economics.withdrawal_delay",
    "finality_delay_s": "economics.finality_delay",
}
"""What scenarios call the settlement's parameters, in the order of its struct; its last, the expiry, they lack."""


class ParameterSet(Parameters):
    """One side of a vote."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    description: str = ""
    set_: dict[str, Any] = Field(default={}, alias="set", description="path in a scenario → value, as with --set")
    proposal: str = Field(default="", description="calldata of GovernedSettlement.setParameters, as hex")

    @field_validator("proposal")
    @classmethod
    def _is_readable(cls, value: str) -> str:
        if value:
            proposed(value)
        return value

    def assignments(self) -> tuple[str, ...]:
        """What is set, as ``path=value``; paths win over the proposal."""
        values = {**(proposed(self.proposal) if self.proposal else {}), **self.set_}
        written = (f"{path}={one if isinstance(one, str) else json.dumps(one)}" for path, one in values.items())
        return tuple(Sourced(assignment, f"set {self.name}: {assignment}") for assignment in written)


def proposed(calldata: str) -> dict[str, str]:
    """What a call of `setParameters` sets, by paths of scenarios. Raises `ParameterError`."""
    setter = abi.load("GovernedSettlement").functions[SETTER]
    hint = f"expected calldata of {setter.signature}, 0x{setter.selector.hex()}…"
    try:
        data = bytes.fromhex(calldata.removeprefix("0x"))
        if data[:4] != setter.selector:
            raise ParameterError("the proposal calls something else", hint)
        (values,) = decode(setter.input_types, data[4:])
    except (ValueError, DecodingError) as error:
        if isinstance(error, ParameterError):
            raise
        raise ParameterError("the proposal cannot be read", hint) from None
    fields = [name for name in ProtocolParameters.__dataclass_fields__ if name in IN_SCENARIOS]
    found = dict(zip(fields, values, strict=False))
    return {IN_SCENARIOS[name]: _written(name, value) for name, value in found.items()}


def _written(name: str, value: int) -> str:
    """A parameter as scenarios write it."""
    if name.endswith("_bps"):
        return f"{value * 100 / BASIS_POINTS:g} %"
    return format_opg(value) if name == "slash_amount" else f"{value} s"


def load_set(path: Path) -> ParameterSet:
    """The parameter set in a file. Raises `ScenarioErrors`, with the place of everything wrong."""
    document = read_changed(read_bytes(path), str(path), (), None, PARAMETER_SET)
    try:
        found = ParameterSet.model_validate(document.value)
    except ValidationError as error:
        raise ScenarioErrors(str(path), [*document.problems, *located(error, document)]) from None
    if document.problems:
        raise ScenarioErrors(str(path), document.problems)
    return found
