"""The zoo: files match the manifest, names are checked, damage is noticed, users add models of their own."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.errors import SimnetError
from nodes.models.zoo import ENTRY_POINTS, MANIFEST, REFERENCE, Model, Variant, default_zoo, load_zoo, plugins

ZOO = default_zoo()
VARIANTS = [
    pytest.param(variant, id=f"{model.name}-{variant.name}")
    for model in ZOO.models.values()
    for variant in model.variants.values()
]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_file_is_what_the_manifest_says_and_under_a_megabyte(variant: Variant) -> None:
    data = variant.path.read_bytes()
    assert hashlib.sha256(data).hexdigest() == variant.sha256
    assert len(data) == variant.size_bytes < 1_000_000


def test_every_file_of_the_zoo_is_in_the_manifest() -> None:
    described = {variant.path for model in ZOO.models.values() for variant in model.variants.values()}
    described |= {model.holdout for model in ZOO.models.values() if model.holdout}
    assert {path for path in MANIFEST.parent.rglob("*") if path.is_file()} == described | {MANIFEST}


@pytest.mark.parametrize("model", ZOO.models.values(), ids=lambda model: model.name)
def test_every_model_has_every_cheat_and_real_inputs_to_ask_it(model: Model) -> None:
    assert set(model.variants) == {REFERENCE, "fp16", "int8", "int4", "early_exit", "small"}
    inputs, labels = ZOO.inputs(model.name)
    assert inputs.shape == (len(labels), *model.input_shape)
    assert inputs.dtype == model.input_dtype
    assert len(model.classes) == model.output_shape[0] > labels.max()


def test_importing_the_zoo_loads_no_machine_learning_library() -> None:
    code = (
        "import sys, nodes.models.zoo as zoo, nodes.models.execution; zoo.default_zoo();"
        "print([name for name in ('onnxruntime', 'onnx', 'torch', 'sklearn') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_an_unknown_model_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SimnetError, match="unknown model: digit_mlp") as caught:
        ZOO.model("digit_mlp")
    assert caught.value.hint == "did you mean 'digits_mlp'?"


def test_an_unknown_variant_is_refused_with_what_there_is() -> None:
    with pytest.raises(SimnetError, match="unknown variant of model digits_mlp: tiny") as caught:
        ZOO.model("digits_mlp").variant("tiny")
    assert caught.value.hint == "expected one of early_exit, fp16, fp32, int4, int8, small"


def copied(directory: Path) -> Path:
    """A manifest of one model with one file, both copies; the manifest's path."""
    entry = json.loads(MANIFEST.read_text())["models"]["digits_mlp"]
    entry["variants"] = {REFERENCE: entry["variants"][REFERENCE]}
    file = entry["variants"][REFERENCE]["file"]
    (directory / file).parent.mkdir()
    (directory / file).write_bytes((MANIFEST.parent / file).read_bytes())
    manifest = directory / "manifest.json"
    manifest.write_text(json.dumps({"models": {"digits_mlp": entry}}))
    return manifest


def test_a_corrupt_model_file_is_named(tmp_path: Path) -> None:
    zoo = load_zoo(copied(tmp_path))
    reference = zoo.model("digits_mlp").reference
    data = bytearray(reference.path.read_bytes())
    data[1000] ^= 1
    reference.path.write_bytes(data)
    with pytest.raises(SimnetError, match=r"fp32\.onnx: corrupt model file"):
        zoo.read(reference)


def test_a_missing_model_file_or_holdout_is_named(tmp_path: Path) -> None:
    zoo = load_zoo(copied(tmp_path))
    reference = zoo.model("digits_mlp").reference
    reference.path.unlink()
    with pytest.raises(SimnetError, match=r"fp32\.onnx: cannot read model file: No such file"):
        zoo.read(reference)
    with pytest.raises(SimnetError, match=r"holdout\.npz: cannot read"):
        zoo.inputs("digits_mlp")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"models": {"m": {}}}', '{"models": {"m": {"variants": 3}}}'])
def test_a_damaged_manifest_is_named(tmp_path: Path, text: str) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(text)
    with pytest.raises(SimnetError, match=r"manifest\.json: damaged"):
        load_zoo(manifest)


def test_a_holdout_that_is_no_archive_is_named(tmp_path: Path) -> None:
    zoo = load_zoo(copied(tmp_path))
    (tmp_path / "digits_mlp" / "holdout.npz").write_bytes(b"not an archive")
    with pytest.raises(SimnetError, match=r"holdout\.npz: damaged"):
        zoo.inputs("digits_mlp")


# -- entry points ----------------------------------------------------------------------------------------------


@pytest.fixture
def fresh_plugins() -> Iterator[None]:
    """Entry points are looked for anew after the test."""
    yield
    plugins.cache_clear()


def install(directory: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that a distribution with one model is installed."""
    name = f"models_of_{directory.name}"
    metadata = directory / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{ENTRY_POINTS}]\nmine = {name}:add\n")
    (directory / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(str(directory))
    plugins.cache_clear()


@pytest.mark.usefixtures("fresh_plugins")
def test_an_entry_point_adds_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = default_zoo().model("digits_mlp").reference.path
    install(tmp_path, f"def add(zoo): zoo.add('mine', {str(file)!r}, macs=7)", monkeypatch)
    assert default_zoo().model("mine").reference.macs == 7


@pytest.mark.usefixtures("fresh_plugins")
@pytest.mark.parametrize(
    "code",
    [
        "",
        "def add(zoo): zoo.add('mine', '/nowhere.onnx', macs=7)",
        "def add(zoo): 1 / 0",
        "add = 3",
        "import nothing_such",
    ],
)
def test_a_model_plugin_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    install(tmp_path, code, monkeypatch)
    with pytest.raises(SimnetError, match=r"model plugin 'mine' .* of theirs cannot be used") as caught:
        default_zoo()
    assert caught.value.hint == "repair that package or uninstall it"
