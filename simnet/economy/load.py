"""Loading an economy or attack scenario: it is right, or everything wrong with it is said, each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from simnet.economy.attacks.scenario import AttackScenario
from simnet.economy.scenario import EconomyScenario
from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.formats import ECONOMY
from simnet.scenario.load import located, read_bytes, read_changed


def load_economy(
    path: Path, overrides: Sequence[str] = (), seed: int | None = None
) -> EconomyScenario | AttackScenario:
    """The scenario in a file, with ``a.b=value`` overrides and another seed if given. Raises `ScenarioErrors`.

    A file with a key ``attack`` is about that; it has no seed.
    """
    document = read_changed(read_bytes(path), str(path), overrides, seed, ECONOMY)
    about: type[EconomyScenario] | type[AttackScenario] = EconomyScenario
    if isinstance(document.value, dict) and "attack" in document.value:
        about = AttackScenario
    try:
        scenario = about.model_validate(document.value, context={"directory": path.parent.absolute()})
    except ValidationError as error:
        raise ScenarioErrors(str(path), [*document.problems, *located(error, document)]) from None
    if document.problems:
        raise ScenarioErrors(str(path), document.problems)
    return scenario
