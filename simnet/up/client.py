"""OpenGradient's client in an environment of its own: it brings a package that is called x402, and a hundred others."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_cache_path

from chain.errors import SimnetError
from chain.evm.toolchain import REPOSITORY

LOCK = REPOSITORY / "requirements" / "client.lock"
"""Its version and everything below it, with hashes."""

PYTHON = Path("Scripts" if os.name == "nt" else "bin") / "python"


class ClientMissing(SimnetError):
    """OpenGradient's client cannot be installed."""


def environment(tell: Callable[[str], None]) -> Path:
    """A Python that has the client: made once for each lock file, and kept in the user's cache.

    Raises `ClientMissing`.
    """
    if not LOCK.is_file():
        raise ClientMissing(f"there is no {LOCK.name} here", "run it from a checkout, or name a Python with --python")
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    home = user_cache_path("simnet") / f"client-{digest}"
    if (home / PYTHON).exists():
        return home / PYTHON
    tell("installing OpenGradient's client and what it needs, once: a minute or two")
    home.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".client-", dir=home.parent))
    try:
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", made], check=True, capture_output=True, text=True
        )
        pip: list[str | Path] = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            made / PYTHON,
            "install",
            "--quiet",
            "--no-compile",
            "--require-hashes",
        ]
        subprocess.run([*pip, "-r", LOCK], check=True, capture_output=True, text=True)
        made.rename(home)
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or "").strip().splitlines()
        reason = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "")
        raise ClientMissing(f"OpenGradient's client cannot be installed: {reason}", "or --python PYTHON") from None
    except OSError as error:
        if not (home / PYTHON).exists():  # somebody else was faster
            raise ClientMissing(f"cannot write to {home.parent}: {error.strerror}") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return home / PYTHON
