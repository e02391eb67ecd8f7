"""Scenario section ``truth``: a published statement, and how the run is held against it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from nodes.parameters import ParameterError, Parameters, did_you_mean
from simnet.theory.formulas import FORMULAS


def known_formula(name: str) -> str:
    """`name`, if there is such a formula."""
    if name not in FORMULAS:
        raise ParameterError(f"unknown formula '{name}'", did_you_mean(name, FORMULAS))
    return name


def known_observation(name: str) -> str:
    """`name`, if there is such an observation."""
    from simnet.studies.truth.observations import OBSERVATIONS

    if name not in OBSERVATIONS:
        raise ParameterError(f"unknown observation '{name}'", did_you_mean(name, OBSERVATIONS))
    return name


class Check(Parameters):
    """One number of the statement."""

    formula: Annotated[str, AfterValidator(known_formula)] = Field(description="closed form of simnet.theory")
    with_: dict[str, int | float] = Field(default={}, alias="with", description="the formula's arguments")
    published: str | None = Field(
        default=None,
        pattern=r"^<?\d+(\.\d+)?(e-?\d+)?$",
        description="as printed; the formula must give its digits, or stay below it if it begins with <",
    )
    observe: Annotated[str, AfterValidator(known_observation)] | None = Field(
        default=None, description="what of the run to compare; without it, the formula is held against print alone"
    )
    using: dict[str, int | float] = Field(default={}, description="the observation's arguments")

    @model_validator(mode="after")
    def _compares(self) -> Check:
        """With something: a run, print, or both."""
        if self.observe is None and self.published is None:
            raise ParameterError("nothing to compare with", "give 'observe', 'published' or both")
        return self


class Truth(Parameters):
    """A statement from the literature, or of one's own."""

    id: str = Field(pattern=r"^\S(.*\S)?$", description="what it is called; the project's own are in docs/truth.md")
    statement: str = Field(description="what is claimed, in a sentence")
    source: str = Field(description="paper, repository and path")
    known: str = Field(description="how well the source is known: read, abstract only, second-hand, derived")
    modelled: str = Field(default="", description="what of it is computed from the log, and done by no participant")
    checks: tuple[Check, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _counts_once(self) -> Truth:
        """No two rows that rest on one count: they would fail together, and two that hold would be one."""
        from simnet.studies.truth.observations import OBSERVATIONS

        first: dict[str, str] = {}
        for check in self.checks:
            counts = OBSERVATIONS[check.observe].counts if check.observe else ""
            if counts and counts in first:
                raise ParameterError(
                    f"'{first[counts]}' and '{check.observe}' both rest on one count, {counts}",
                    "leave one of them out",
                )
            first[counts] = check.observe or ""
        return self
