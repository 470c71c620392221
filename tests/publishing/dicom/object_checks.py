"""What other people's programs say of an object."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

IODS = {
    "sr": "Comprehensive3DSR",
    "sr_planar": "Comprehensive3DSR",
    "multi_frame": "MultiframeTrueColorSCImage",
    "single_frame": "SCImage",
    "pdf": "EncapsulatedPDF",
}
"""What dciodvfy calls an object that it recognised."""


def output_of(program: str, *arguments: str | Path) -> str:
    """What a program of DCMTK prints; skips where it is not installed."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} (Debian package dcmtk) is not installed")
    done = subprocess.run([path, *map(str, arguments)], capture_output=True, check=True)
    return done.stdout.decode(errors="replace")
