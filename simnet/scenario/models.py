"""Scenario section ``models``: what the network serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_args

from pydantic import Discriminator, Field, SerializerFunctionWrapHandler, Tag, model_serializer, model_validator
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from nodes.adversaries.inference.moments import Cheaper
from nodes.models.files import BadModel
from nodes.models.inputs import Drawn, Given
from nodes.models.zoo import Zoo, default_zoo, weight_bits
from nodes.parameters import Parameters
from simnet.scenario.files import ExistingFile
from simnet.scenario.network import Name

MAX_SIZE = 2**20
"""Of an axis."""


class Range(Parameters):
    """How an input is drawn: uniformly from a range, ends included, or from a list."""

    low: float | None = Field(default=None, description="smallest value")
    high: float | None = Field(default=None, description="largest value")
    choices: tuple[float | bool | str, ...] = Field(default=(), max_length=1000, description="the only values")

    def drawn(self) -> Drawn:
        """The same for the generator."""
        return Drawn(self.low, self.high, self.choices)


def _written_as(value: Any) -> str:
    return "each" if isinstance(value, dict | Parameters) else "file"


Source: TypeAlias = Annotated[
    Annotated[ExistingFile, Tag("file")] | Annotated[Range, Tag("each")], Discriminator(_written_as)
]
"""Where one input comes from: an .npy file, or a generator."""

Sources: TypeAlias = Annotated[
    Annotated[ExistingFile, Tag("file")] | Annotated[dict[str, Source], Tag("each")], Discriminator(_written_as)
]
"""Where all of them come from."""

Size = Annotated[int, Field(ge=1, le=MAX_SIZE)]


Rounded = Literal["fp16", "int8", "int4"]
"""Variants that simnet makes of a user's model."""


Macs = Annotated[
    int | None,
    Field(ge=0, le=10**15, description="multiply-accumulates per inference, if they cannot be counted"),
]


class ByName(Parameters):
    """What is written as its name alone where no file of the user's goes with it."""

    if TYPE_CHECKING:
        name: str
        path: Path | None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_serializer(mode="wrap")
    def _to_name(self, handler: SerializerFunctionWrapHandler) -> Any:
        return handler(self) if self.path else self.name


class OwnVariant(ByName):
    """A cheaper variant of a user's model: made by simnet, or a user's ONNX file."""

    name: Cheaper
    path: ExistingFile | None = Field(default=None, description="ONNX file; made by rounding the weights otherwise")
    macs: Macs = None

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"enum": list(get_args(Rounded))}, super().__get_pydantic_json_schema__(schema, handler)]}

    def add_to(self, zoo: Zoo, model: str, sizes: Mapping[str, int]) -> None:
        """Take it in as a variant of a user's model. Raises `BadModel` if it cannot be one."""
        if self.path is None:
            if self.name not in get_args(Rounded):
                raise BadModel(f"'{self.name}' cannot be made by rounding", "give its path")
            zoo.add_rounded(model, self.name)
            return
        try:
            zoo.add(
                model, self.path, variant=self.name, macs=self.macs, weight_bits=weight_bits(self.name), sizes=sizes
            )
        except BadModel as error:
            at = error.at if error.at in (("path",), ("name",)) else ()
            raise BadModel(str(error), error.hint, at) from error


class ModelChoice(ByName):
    """A model that the network serves: one of the zoo by its name, or a user's ONNX file."""

    name: Name
    path: ExistingFile | None = Field(default=None, description="ONNX file, relative to the scenario file")
    macs: Macs = None
    sizes: dict[str, Size] = Field(
        default={}, description="of axes of any size, by their name or as input.axis; the first axis is 1 otherwise"
    )
    inputs: Sources | None = Field(
        default=None, description="what clients ask with: an .npy or .npz file, or a file or range for each input"
    )
    variants: tuple[OwnVariant, ...] = Field(
        default=(), max_length=5, description="cheaper variants for adversaries to run: names to make them, or files"
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, super().__get_pydantic_json_schema__(schema, handler)]}

    def add_to(self, zoo: Zoo) -> None:
        """Take in the user's file, if it is one. Raises `BadModel` if it cannot be served."""
        if self.path is not None:
            zoo.add(self.name, self.path, self._given(), macs=self.macs, sizes=self.sizes)
            for number, variant in enumerate(self.variants):
                self._add_variant(zoo, number, variant)

    def _add_variant(self, zoo: Zoo, number: int, variant: OwnVariant) -> None:
        try:
            variant.add_to(zoo, self.name, self.sizes)
        except BadModel as error:
            below = error.at if variant.path else ()
            raise BadModel(str(error), error.hint, ("variants", number, *below)) from error

    def _given(self) -> Given:
        if not isinstance(self.inputs, dict):
            return self.inputs
        return {name: one.drawn() if isinstance(one, Range) else one for name, one in self.inputs.items()}


def zoo_of(models: Sequence[ModelChoice]) -> Zoo:
    """The zoo, with a scenario's own models added."""
    zoo = default_zoo()
    for choice in models:
        choice.add_to(zoo)
    return zoo
