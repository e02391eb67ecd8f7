"""What somebody who asks for a model has to know of it: what it takes and gives, by the names in its file."""

from __future__ import annotations

from dataclasses import dataclass

from nodes.models.graph import Port, taken
from nodes.models.zoo import Zoo


@dataclass(frozen=True, slots=True)
class Described:
    """A model's inputs and the names of its outputs."""

    inputs: tuple[Port, ...]
    """Without the dimension of a batch of one, for a model of single items."""
    outputs: tuple[str, ...]
    is_item: bool
    """Whether the file has a batch in front of both."""
    sha256: str


def describe(zoo: Zoo, name: str) -> Described:
    """A model of the zoo. Raises `SimnetError` if it has no such model."""
    import onnx  # takes half a second that most runs need not wait for

    model = zoo.model(name)
    graph = onnx.load_model_from_string(zoo.read(model.reference)).graph
    if model.input_dtype.names:
        described = [(field, model.input_dtype[field]) for field in model.input_dtype.names]
        inputs = tuple(Port(field, dtype.shape, dtype.base) for field, dtype in described)
    else:
        inputs = (Port(taken(graph)[0].name, model.input_shape, model.input_dtype),)
    return Described(inputs, tuple(one.name for one in graph.output), model.is_item, model.reference.sha256)
