"""Writes files that people keep, all of them or nothing."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def replaced(path: Path, data: bytes) -> None:
    """Put a whole new file in the place of the old one, with its permissions; a link's target is what is replaced."""
    real = Path(os.path.realpath(path))
    real.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mode = stat.S_IMODE(real.stat().st_mode) if real.exists() else 0o666 & ~_umask()
        os.chmod(name, mode)
        os.replace(name, real)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
