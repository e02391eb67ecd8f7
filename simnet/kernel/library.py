"""The models at hand on an inference node: those of the scenario, and files that are taken in while the run goes on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from chain.errors import SimnetError
from nodes.effects import Learn, Look
from nodes.models.described import Described, describe
from nodes.models.zoo import Zoo
from simnet.kernel.facility import Facility
from simnet.kernel.scheduler import Handler, Task


class ModelLibrary(Facility):
    """One zoo, as a participant reaches it. What one node takes in the others have as well."""

    def __init__(self, zoo: Zoo) -> None:
        self._zoo = zoo
        self._described: dict[str, Described] = {}

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Looking up, and taking in."""
        return {Look: self._look, Learn: self._learn}

    def _look(self, _: Task, effect: Look) -> Described | None:
        if effect.model not in self._described and effect.model in self._zoo.models:
            self._described[effect.model] = describe(self._zoo, effect.model)
        return self._described.get(effect.model)

    def _learn(self, _: Task, effect: Learn) -> str:
        if effect.model in self._zoo.models:
            return ""
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch, "model.onnx")
            path.write_bytes(effect.content)
            try:
                self._zoo.add(effect.model, path)
            except SimnetError as error:
                return str(error).replace(str(path), "the file")
        return ""
