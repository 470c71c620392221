"""Kernel names of the vendors, and words in several languages."""

from __future__ import annotations

import pytest

from heimdallr.domain.study import KernelClass
from heimdallr.preparation.kernels import classify_kernel

SOFT, STANDARD, LUNG, BONE, UNKNOWN = (
    KernelClass.SOFT,
    KernelClass.STANDARD,
    KernelClass.LUNG,
    KernelClass.BONE,
    KernelClass.UNKNOWN,
)


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("B20f", SOFT), ("B30s", SOFT), ("B31f", SOFT), ("B40f", STANDARD), ("B45f", STANDARD),
        ("B60s", LUNG), ("B70f", LUNG), ("B80f", LUNG), ("Br32d/2", SOFT), ("Br38f/3", STANDARD),
        ("Bl57d/3", LUNG), ("Bl64", LUNG), ("Bv40", STANDARD), ("H30s", SOFT), ("H37s", STANDARD),
        ("H60s", BONE), ("H70h", BONE), ("Hr40", STANDARD), ("Hr64h", BONE), ("I30f/3", SOFT),
        ("I41f", STANDARD), ("I70f/2", LUNG), ("J30s/3", SOFT), ("J40s", STANDARD),
        ("T20s", SOFT), ("D30f", SOFT), ("59 .10.AB50", STANDARD), ("AB82", LUNG),
        ("Qr40", STANDARD),
    ],
)  # fmt: skip
def test_siemens_numbers(kernel: str, expected: KernelClass) -> None:
    """The number is the sharpness; the letters say for which part of the body."""
    assert classify_kernel(kernel, "SIEMENS").kernel_class is expected


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("SOFT", SOFT), ("STANDARD", STANDARD), ("STD+", STANDARD), ("CHST", STANDARD),
        ("LUNG", LUNG), ("HD LUNG", LUNG), ("BONE", BONE), ("BONEPLUS", BONE), ("BONE+", BONE),
        ("EDGE", BONE), ("DETAIL", BONE), ("ULTRA", BONE),
    ],
)  # fmt: skip
def test_ge_names(kernel: str, expected: KernelClass) -> None:
    """GE writes words."""
    assert classify_kernel(kernel, "GE MEDICAL SYSTEMS").kernel_class is expected


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [("A", SOFT), ("B", STANDARD), ("C", STANDARD), ("UB", STANDARD), ("UA", SOFT), ("D", BONE),
     ("L", LUNG), ("YA", BONE), ("YC", LUNG), ("XCB", STANDARD)],
)  # fmt: skip
def test_philips_letters(kernel: str, expected: KernelClass) -> None:
    """Single letters mean something at Philips only."""
    assert classify_kernel(kernel, "Philips").kernel_class is expected
    assert classify_kernel(kernel, "Another maker").kernel_class is UNKNOWN


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [("FC08", SOFT), ("FC10", SOFT), ("FC12-H", SOFT), ("FC13", STANDARD), ("FC21", SOFT),
     ("FC30", BONE), ("FC51", LUNG), ("FC52", LUNG), ("FC81", BONE), ("FC86", BONE),
     ("FC70", UNKNOWN)],
)  # fmt: skip
def test_canon_numbers(kernel: str, expected: KernelClass) -> None:
    """The decade of the FC number decides."""
    assert classify_kernel(kernel, "TOSHIBA").kernel_class is expected


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("TORAX PULMÃO", LUNG), ("Tx PULMAO 1.0", LUNG), ("Lungs 1.0 ax", LUNG), ("OSSO", BONE),
        ("Estrutura óssea", BONE), ("Knochen ax", BONE), ("BODY_SHARP", BONE),
        ("Partes Moles", SOFT),
        ("soft tissue", SOFT), ("Mediastino", STANDARD), ("abdome total", UNKNOWN),
    ],
)  # fmt: skip
def test_the_description_is_the_second_source(description: str, expected: KernelClass) -> None:
    """Accents, case and underscores do not matter."""
    reading = classify_kernel("", "", description)
    assert reading.kernel_class is expected
    assert (reading.source.code == "kernel_by_description") == (expected is not UNKNOWN)


def test_the_kernel_outweighs_the_description() -> None:
    """A soft kernel stays soft in a series called chest lung screening."""
    assert classify_kernel("B30f", "SIEMENS", "LUNG SCREENING").kernel_class is SOFT


def test_the_description_says_what_a_sharp_kernel_is_for() -> None:
    """B70 serves both; the words tell."""
    assert classify_kernel("B70f", "SIEMENS", "OSSO axial").kernel_class is BONE


def test_a_word_written_into_the_kernel_tag_is_read() -> None:
    """Some makers write plain words where a code belongs."""
    assert classify_kernel("Body Sharp", "").kernel_class is BONE
    assert classify_kernel("BRAIN", "").kernel_class is SOFT


def test_the_series_own_words_outvote_the_protocol() -> None:
    """A protocol "THORAX LUNG" stands over its soft-tissue series as well."""
    assert classify_kernel("", "", "Abd soft 3.0", "THORAX LUNG").kernel_class is KernelClass.SOFT
    assert classify_kernel("", "", "Abd 3.0", "THORAX LUNG").kernel_class is KernelClass.LUNG
