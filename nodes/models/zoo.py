"""The model zoo: which models the network serves, their cheaper variants, and inputs to ask them with.

A model of the zoo maps one input item to one output item; the ONNX graphs behind it have a batch dimension in front.
A user's maps whatever its file takes to whatever it gives, each a tensor or a record of several.
Variants of a model answer the same question at another cost. The one called ``fp32`` is the reference: what
an honest node runs. All others are what a cheat might run instead. `nodes.models.train` makes the files.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zipfile import BadZipFile

import numpy as np

from chain.errors import SimnetError
from nodes.models.arithmetic import Prepared, Trial, prepare
from nodes.models.files import BadModel, read_file
from nodes.models.inputs import Given, collect, fitting
from nodes.models.tensors import Tensor, fits

if TYPE_CHECKING:
    from nodes.models.userfile import UserFile

REFERENCE = "fp32"
"""Name of every model's reference variant."""

MANIFEST = Path(__file__).with_name("zoo") / "manifest.json"
"""Describes the models that ship with simnet; the files are next to it."""

ENTRY_POINTS = "simnet.models"
"""Group of entry points: each is a function that adds models to the zoo it is given, with `Zoo.add`."""

REMAKE = "restore the file, or make the zoo anew with: python -m nodes.models.train"

FLOAT = np.dtype(np.float32)

WEIGHT_BITS = {"fp16": 16, "int8": 8, "int4": 4}
"""A weight, in a variant that is called so; in others it has those of a float32."""

T = TypeVar("T")


@dataclass(frozen=True)
class Variant:
    """One ONNX file that answers for a model."""

    name: str
    path: Path
    macs: int
    """Multiply-accumulates per inference, counted from the graph."""
    sha256: str
    """Hex digest of the file."""
    size_bytes: int
    weight_bits: int
    score: float | None = None
    """On the model's holdout inputs, in the model's metric; ``None`` if never measured."""


@dataclass(frozen=True)
class Model:
    """A question that the network answers, and the variants that can answer it."""

    name: str
    task_kind: str
    """``classification``, ``next_character``, or ``custom`` for a user's own."""
    input_shape: tuple[int, ...]
    """Of one item, without the batch dimension, and so is `output_shape`; () for a record."""
    output_shape: tuple[int, ...]
    variants: Mapping[str, Variant]
    input_dtype: np.dtype[Any] = FLOAT
    is_item: bool = True
    """Whether inputs and outputs are single items, to be put into a batch of one; a user's are as in the file."""
    example: Tensor = field(default_factory=lambda: np.zeros(0, FLOAT), compare=False, repr=False)
    """An output of the model, or a tensor of its shape and element type."""
    draws: str = ""
    """The operator by which it draws random numbers, so that no two answers are alike; empty if it draws none."""
    metric: str | None = None
    """``accuracy`` (higher is better) or ``bits_per_character`` (lower is better)."""
    baseline: float | None = None
    """What a predictor without a neural network scores: the majority class, or the best n-gram."""
    summary: str = ""
    classes: tuple[str, ...] = ()
    """What each place of the output stands for; for text, also what each token of the input does."""
    holdout: Path | None = None
    """An .npz of ``inputs`` and ``labels`` that the model was not trained on."""

    def variant(self, name: str) -> Variant:
        """The variant of that name. Raises `SimnetError` with the nearest name if there is none."""
        return named(name, self.variants, f"variant of model {self.name}")

    @property
    def reference(self) -> Variant:
        """What an honest node runs."""
        return self.variants[REFERENCE]


@dataclass
class Zoo:
    """Models by name. Files are read, and their hashes checked, when they are first asked for."""

    models: dict[str, Model] = field(default_factory=dict)
    _files: dict[str, bytes] = field(default_factory=dict, repr=False)
    """By their SHA-256; so is what they are rewritten to."""
    _portable: dict[str, Prepared] = field(default_factory=dict, repr=False)
    _trials: dict[str, Trial] = field(default_factory=dict, repr=False)
    """What users' files made of an input when they were added."""
    _inputs: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict, repr=False)

    def model(self, name: str) -> Model:
        """The model of that name. Raises `SimnetError` with the nearest name if there is none."""
        return named(name, self.models, "model")

    def read(self, variant: Variant) -> bytes:
        """The ONNX file of a variant. Raises `SimnetError` if it is missing or not what its hash says."""
        if variant.sha256 not in self._files:
            data = read_file(variant.path)
            if hashlib.sha256(data).hexdigest() != variant.sha256:
                raise SimnetError(
                    f"{variant.path}: corrupt model file, its SHA-256 is not {variant.sha256[:16]}…",
                    hint=REMAKE,
                )
            self._files[variant.sha256] = data
        return self._files[variant.sha256]

    def portable(self, variant: Variant) -> Prepared:
        """A variant's file rewritten to portable arithmetic, once for all who run it; as it is where that fails."""
        if variant.sha256 not in self._portable:
            self._portable[variant.sha256] = prepare(variant.path, self.read(variant), self._trials.get(variant.sha256))
        return self._portable[variant.sha256]

    def inputs(self, name: str) -> tuple[Tensor, Tensor]:
        """Inputs [n, *input_shape] that the model was not trained on, and their labels [n].

        Labels of a user's own model are -1, for unknown; without inputs of its own it gets random ones.
        """
        if name not in self._inputs:
            self._inputs[name] = _holdout(self.model(name))
        return self._inputs[name]

    def add(
        self,
        name: str,
        path: str | Path,
        inputs: Tensor | Given = None,
        *,
        variant: str = REFERENCE,
        macs: int | None = None,
        weight_bits: int = 32,
        sizes: Mapping[str, int] | None = None,
    ) -> Model:
        """Take in a user's ONNX file.

        The first file added under a name is the reference, later ones are variants of it and take the same inputs.
        `inputs` are an array [n, …] for a model with one input, or what `nodes.models.inputs.collect` takes; what is
        not given is drawn. `macs` are counted from the graph unless given. `sizes` are those of axes of any size, by
        their names; the first axis of an input is 1 otherwise. Raises `BadModel` if the file cannot be served.
        """
        from nodes.models.userfile import inspect  # loads ONNX Runtime, which most callers never need

        if name in self.models:
            self._without(name, variant)
        found = inspect(Path(path), macs, sizes)
        if variant == REFERENCE:
            asked = fitting(found.ports[0], inputs) if isinstance(inputs, np.ndarray) else collect(found.ports, inputs)
        else:
            asked = self.inputs(name)[0]
        added, output = self._taken_in(variant, Path(path), found, weight_bits, asked)
        if variant == REFERENCE:
            self._inputs[name] = (asked, np.full(len(asked), -1))
            shapes = asked.shape[1:], output.shape
            model = Model(name, "custom", *shapes, {variant: added}, asked.dtype, False, output, found.draws)
        else:
            model = self.model(name)
            if found.sha256 == model.reference.sha256:
                raise BadModel(f"{path}: variant {variant} is the same file as model {name}", "leave it out")
            if not fits(output, model.example.shape, model.example.dtype):
                raise BadModel(f"{path}: its outputs are not those of model {name}, so it cannot be a variant of it")
            model = replace(model, variants={**model.variants, variant: added})
        self.models[name] = model
        return model

    def add_rounded(self, name: str, variant: str) -> Model:
        """Make a variant of a user's model by rounding its weights: fp16, int8 or int4.

        Raises `BadModel` if it has no weights to round, or if it does not run with rounded ones.
        """
        from nodes.models.rounding import rounded
        from nodes.models.userfile import UserFile

        model = self._without(name, variant)
        source = model.reference
        data = rounded(self.read(source), variant)
        made = UserFile(data, (), source.macs, hashlib.sha256(data).hexdigest(), model.draws)
        added, _ = self._taken_in(variant, source.path, made, weight_bits(variant), self.inputs(name)[0])
        self.models[name] = replace(model, variants={**model.variants, variant: added})
        return self.models[name]

    def _without(self, name: str, variant: str) -> Model:
        """The model of that name. Raises `BadModel` if it has a variant of that name already."""
        model = self.model(name)
        if variant in model.variants:
            message = f"there is a model {name} with a variant {variant} already"
            raise BadModel(message, "choose another name", ("name",))
        return model

    def _taken_in(
        self, variant: str, path: Path, file: UserFile, weight_bits: int, asked: Tensor
    ) -> tuple[Variant, Tensor]:
        """A user's file as a variant, and what it makes of the first input. Raises `BadModel` if it fails on one."""
        from nodes.models.userfile import tried

        output = tried(path, file, asked)
        self._files[file.sha256] = file.data
        self._trials[file.sha256] = np.asarray(asked[0]), output
        return Variant(variant, path, file.macs, file.sha256, len(file.data), weight_bits), output


def weight_bits(variant: str) -> int:
    """Bits of a weight in a variant of that name, whoever made it."""
    return WEIGHT_BITS.get(variant, 32)


def default_zoo() -> Zoo:
    """The models that ship with simnet, and those that entry points add. Raises `SimnetError` if one cannot be used."""
    zoo = load_zoo(MANIFEST)
    for plugin in plugins():
        try:
            add: Callable[[Zoo], None] = plugin.load()
            add(zoo)
        except Exception as error:  # a plugin may fail in any way at all
            package = plugin.dist.name if plugin.dist else "an unknown package"
            reason = f"model plugin '{plugin.name}' ({plugin.value}) of {package} cannot be used: {error!r}"
            raise SimnetError(reason, hint="repair that package or uninstall it") from error
    return zoo


@cache
def plugins() -> Sequence[EntryPoint]:
    """Entry points that add models, by name: to look for them takes longer than to load a scenario."""
    return sorted(entry_points(group=ENTRY_POINTS), key=lambda plugin: plugin.name)


def load_zoo(manifest: Path) -> Zoo:
    """The models that a manifest describes. Raises `SimnetError` if it is missing or damaged."""
    try:
        entries = json.loads(read_file(manifest))["models"]
        return Zoo({name: _model(name, entry, manifest.parent) for name, entry in entries.items()})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SimnetError(f"{manifest}: damaged model manifest: {error!r}", hint=REMAKE) from error


def _model(name: str, entry: dict[str, Any], directory: Path) -> Model:
    """A model as its manifest entry describes it."""
    variants = {
        variant: Variant(variant, directory / fields.pop("file"), **fields)
        for variant, fields in entry.pop("variants").items()
    }
    entry |= {key: tuple(entry[key]) for key in ("input_shape", "output_shape", "classes")}
    entry |= {"input_dtype": np.dtype(entry["input_dtype"]), "example": np.zeros(entry["output_shape"], FLOAT)}
    return Model(name, variants=variants, holdout=directory / entry.pop("holdout"), **entry)


def _holdout(model: Model) -> tuple[Tensor, Tensor]:
    """Inputs and labels that ship with a model."""
    assert model.holdout is not None
    archive = io.BytesIO(read_file(model.holdout))
    try:
        with np.load(archive) as arrays:
            return arrays["inputs"].astype(model.input_dtype), arrays["labels"].astype(np.int64)
    except (ValueError, KeyError, BadZipFile) as error:
        raise SimnetError(f"{model.holdout}: damaged inputs: {error}", hint=REMAKE) from error


def named(name: str, known: Mapping[str, T], what: str) -> T:
    """`known[name]`, or a `SimnetError` that offers the nearest name."""
    if name in known:
        return known[name]
    from nodes.parameters import did_you_mean  # loads pydantic, which only this error needs

    raise SimnetError(f"unknown {what}: {name}", hint=did_you_mean(name, known))
