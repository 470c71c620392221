"""Running dcm2niix: one folder of one series in, what it wrote and said out."""

from __future__ import annotations

import errno
import json
import re
import resource
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import dcm2niix

from heimdallr.domain.errors import ConversionError, ConverterMissingError
from heimdallr.preparation.child_process import ensure_not_killed, tethered

if TYPE_CHECKING:
    from pathlib import Path

RETURN_CODES = {
    0: "success",
    1: "unspecified error",
    2: "no DICOM found",
    4: "corrupt DICOM",
    5: "input folder invalid",
    6: "output folder invalid",
    7: "unable to write",
    8: "converted some, but not all",
    9: "unable to rename",
    10: "incomplete volumes found",
}
"""dcm2niix's exit codes (``nii_dicom.h``)."""

CAN_BE_WHOLE = frozenset({0, 1, 8, 10})
"""Codes after which an output may still be right: it is checked like any other.

1 is given where slices are unevenly spaced but not of signed 16-bit numbers, 8 for oblique
reformats.
"""

TIMEOUT_S = 900.0
"""Chosen, not measured: what takes a quarter of an hour hangs."""

MEMORY_BASE_BYTES = 2 * 2**30
MEMORY_PER_BYTE = 10
"""Address space dcm2niix may take: this much, and so much per byte of the images. Chosen, not
measured: compressed images grow severalfold, and a tilt or uneven gaps need copies of them."""

_MAX_WARNINGS = 20
_NAME = "volume"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of dcm2niix.

    Attributes:
        outputs: the NIfTI files it wrote, sorted.
        warnings: its warnings without paths and quoted values, each once.
    """

    return_code: int
    outputs: tuple[Path, ...]
    warnings: tuple[str, ...]

    @property
    def meaning(self) -> str:
        """The return code in words."""
        return RETURN_CODES.get(self.return_code, "ended by a signal or an unknown error")


@cache
def dcm2niix_version() -> str:
    """The version of dcm2niix that is installed, ``v1.0.20260724``.

    Raises:
        ConverterMissingError: the program cannot be started.
    """
    try:
        said = subprocess.run(  # noqa: S603 - the program the dcm2niix package ships
            [dcm2niix.bin, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _cannot_start(error) from error
    found = re.search(r"v\d+\.\d+\.\d+", said.stdout)
    if found is None:
        raise _cannot_start()
    return found[0]


def run(folder: Path, output: Path, *, timeout_s: float = TIMEOUT_S) -> Run:
    """Convert the images of one folder.

    A user's defaults file is ignored, texts are kept out of the NIfTI headers, and the sidecars
    are written without names and dates. Values are those of RescaleSlope, as of every other maker:
    Philips' private scale (2005,100E) would make other numbers of a map in percent.

    Args:
        folder: the images of one series; links are followed.
        output: an empty folder for what dcm2niix writes.
        timeout_s: wall-clock limit.

    Raises:
        ConversionError: dcm2niix did not end in time; images may make it loop.
        ConverterMissingError: it cannot be started.
        MachineFaultError: it was killed, for want of memory say.
    """
    size = sum(path.stat().st_size for path in folder.iterdir())
    limit = MEMORY_BASE_BYTES + MEMORY_PER_BYTE * size
    command = [
        dcm2niix.bin, "-g", "i", "-b", "y", "-ba", "y", "-z", "n", "-c", "", "-d", "0", "-w", "2",
        "-p", "n", "-f", _NAME, "-o", str(output), str(folder),
    ]  # fmt: skip
    if shutil.which(dcm2niix.bin) is None:
        raise _cannot_start()
    try:
        with subprocess.Popen(  # noqa: S603 - the program the dcm2niix package ships
            tethered(command),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            resource.prlimit(process.pid, resource.RLIMIT_AS, (limit, limit))
            try:
                said, _ = process.communicate(timeout=timeout_s)
            except subprocess.TimeoutExpired as error:
                process.kill()
                msg = f"dcm2niix did not end within {timeout_s:.0f} s"
                raise ConversionError(msg) from error
    except OSError as error:
        raise _cannot_start(error) from error
    ensure_not_killed("dcm2niix", process.returncode)
    return Run(process.returncode, tuple(sorted(output.glob("*.nii"))), _warnings(said))


def sidecar_version(output: Path) -> str:
    """The converter's version as the sidecars beside the outputs give it, else the program's."""
    for path in sorted(output.glob("*.json")):
        try:
            facts = json.loads(path.read_text(errors="replace"))
        except ValueError:
            continue
        if isinstance(facts, dict) and facts.get("ConversionSoftwareVersion"):
            return str(facts["ConversionSoftwareVersion"])
    return dcm2niix_version()


def is_tilt_corrected(output: Path) -> bool:
    """Whether dcm2niix undid a gantry tilt in this output (``…_Tilt_1.nii``)."""
    return "_Tilt" in output.stem


def is_equidistant(output: Path) -> bool:
    """Whether dcm2niix resampled uneven slices in this output (``…_Eq_1.nii``)."""
    return "_Eq" in output.stem


def _cannot_start(error: Exception | None = None) -> ConverterMissingError:
    if isinstance(error, OSError) and error.errno not in (None, errno.ENOENT):
        msg = f"dcm2niix cannot be started: {error.strerror}"
        return ConverterMissingError(msg, remedy="look at the machine's memory and processes")
    msg = "dcm2niix cannot be started"
    return ConverterMissingError(msg, remedy="install the PyPI package dcm2niix")


def _warnings(said: str) -> tuple[str, ...]:
    """Warnings worth keeping. Paths and quotations are cut: they may carry what a header says."""
    found: dict[str, None] = {}
    for line in said.splitlines():
        if line.startswith("Warning: "):
            text = re.sub(r"'[^']*'|\"[^\"]*\"|/\S+", "…", line.removeprefix("Warning: ")).strip()
            found.setdefault(text)
    return tuple(found)[:_MAX_WARNINGS]
