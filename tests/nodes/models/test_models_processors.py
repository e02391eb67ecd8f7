"""Which processor executes models: what there is decides, and a fake list of providers stands for other machines."""

from __future__ import annotations

from collections.abc import Iterator

import onnxruntime
import pytest

from nodes.models import processors
from nodes.models.processors import taken, why_not_cuda
from nodes.models.session import CPU, CUDA


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """What was found out about a machine that is not this one."""
    processors._why_not.cache_clear()
    yield
    processors._why_not.cache_clear()


def have(monkeypatch: pytest.MonkeyPatch, *providers: str) -> None:
    """A machine whose ONNX Runtime was built for these."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(providers))


def test_without_cuda_auto_takes_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, CPU)
    assert why_not_cuda() == "this ONNX Runtime has no CUDA"
    assert [taken("auto"), taken("cpu"), taken("cuda")] == ["cpu", "cpu", "cuda"]


def test_to_be_built_for_cuda_is_not_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, CUDA, CPU)

    class Fallen:
        """A session that fell back to the CPU, as ONNX Runtime does where CUDA does not start."""

        def __init__(self, *_: object, **__: object) -> None:
            pass

        def get_providers(self) -> list[str]:
            return [CPU]

    monkeypatch.setattr(onnxruntime, "InferenceSession", Fallen)
    assert "cannot start it here" in why_not_cuda()
    assert taken("auto") == "cpu"


def test_where_cuda_starts_auto_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, CUDA, CPU)
    asked: list[object] = []

    class Started:
        """A session on a GPU."""

        def __init__(self, *_: object, providers: list[object], **__: object) -> None:
            asked.extend(providers)

        def get_providers(self) -> list[str]:
            return [CUDA, CPU]

    monkeypatch.setattr(onnxruntime, "InferenceSession", Started)
    assert why_not_cuda() == ""
    assert [taken("auto"), taken("cpu")] == ["cuda", "cpu"]
    assert asked == [(CUDA, {"use_tf32": "0", "cudnn_conv_algo_search": "DEFAULT"}), CPU]
