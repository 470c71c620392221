"""Which class a CT reconstruction kernel belongs to.

Vendors name kernels in their own alphabets; the tables below follow their reconstruction guides.
The kernel tag (0018,1210) decides; where it is silent, or only says *sharp* without saying whether
for lung or bone, the words of the series description are the second source.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from heimdallr.domain.statements import Statement
from heimdallr.domain.study import KernelClass
from heimdallr.preparation.folded_words import phrase, words

SOFT, STANDARD, LUNG, BONE, UNKNOWN = (
    KernelClass.SOFT,
    KernelClass.STANDARD,
    KernelClass.LUNG,
    KernelClass.BONE,
    KernelClass.UNKNOWN,
)


NO_SOURCE = Statement("kernel_unnamed")


class KernelReading(NamedTuple):
    """A kernel's class and where it was read."""

    kernel_class: KernelClass
    source: Statement


LUNG_WORDS = (
    " lung", " lungs", " pulm", " poumon", " polmon", " lunge", " pulmon", " parenquima pulmonar",
)  # fmt: skip
BONE_WORDS = (
    " bone", " osso", " ossea", " osseo", " oseo", " hueso", " knochen", " ossos", " osseux",
    " body sharp", " sharp ", " edge ", " detail ", " ultra ", " temporal ",
)  # fmt: skip
SOFT_WORDS = (" soft", " brain ", " cerebro ", " partes moles", " weichteil", " mous ", " smooth")
STANDARD_WORDS = (" standard", " std ", " stnd ", " mediast", " abdomen standard")

_GE = {
    "soft": SOFT, "hdsoft": SOFT,
    "standard": STANDARD, "stnd": STANDARD, "std": STANDARD, "hdstnd": STANDARD, "chst": STANDARD,
    "chest": STANDARD, "asir": STANDARD,
    "detail": BONE, "hddetail": BONE, "bone": BONE, "boneplus": BONE, "bonepl": BONE,
    "hdbone": BONE, "edge": BONE, "hdedge": BONE, "ultra": BONE, "hdultra": BONE,
    "lung": LUNG, "hdlung": LUNG, "lng": LUNG,
}  # fmt: skip

_PHILIPS = {
    "a": SOFT, "ua": SOFT, "ca": SOFT, "xca": SOFT, "xa": SOFT,
    "b": STANDARD, "c": STANDARD, "ub": STANDARD, "uc": STANDARD, "cb": STANDARD, "xb": STANDARD,
    "xcb": STANDARD, "xc": STANDARD, "cc": STANDARD, "xcc": STANDARD, "sb": STANDARD,
    "sa": SOFT, "sc": STANDARD,
    "l": LUNG, "yc": LUNG,
    "d": BONE, "e": BONE, "f": BONE, "ya": BONE, "yb": BONE, "yd": BONE, "ye": BONE, "ud": BONE,
    "cd": BONE, "xcd": BONE,
}  # fmt: skip

# Siemens: letters name the body part (B body, H head, A and S in the SOMATOM Plus series), small
# letters the generation (r regular, f fast, v vascular, l lung …), the number the sharpness.
_SIEMENS = re.compile(r"\b(ab|sb|ah|sh|b[rflvow]?|h[rfvcp]?|q[r]?|i|j|t|d|u)(\d{2,3})[a-z]?\b")
_SIEMENS_STANDARD = 35  # 10-34 are the smooth kernels radiologists read soft tissue with
_SIEMENS_SHARP = 50  # from here on edges are enhanced
_SIEMENS_OLD_SHARP = 60  # SOMATOM Plus: AB50 is that scanner's ordinary body kernel

# Canon and Toshiba: FC number by decade; FC10 and FC08 are the body's soft-tissue kernels.
_CANON = re.compile(r"\bfc ?(\d{2})\b")
_CANON_SOFT = frozenset({1, 2, 7, 8, 10, 11, 12, 17, 18, 21, 26, 41, 62, 64, 67, 68})


def classify_kernel(
    kernel: str, manufacturer: str = "", description: str = "", protocol: str = ""
) -> KernelReading:
    """The class of a reconstruction kernel.

    Args:
        kernel: ConvolutionKernel (0018,1210), several values joined by ``/``.
        manufacturer: Manufacturer (0008,0070); single letters are Philips' names only there.
        description: SeriesDescription, the second source.
        protocol: ProtocolName, asked where the description says nothing: it is often the study's.

    Returns:
        the class, and which source gave it.
    """
    told = _by_words(phrase(description)) or _by_words(phrase(protocol))
    coded = _by_code(kernel, manufacturer)
    if coded is None:
        words_of_tag = Statement("kernel_by_its_words", {"kernel": kernel})
        coded = _named(_by_words(phrase(kernel)), words_of_tag)
    if coded is None:
        return _named(told, Statement("kernel_by_description")) or KernelReading(UNKNOWN, NO_SOURCE)
    if coded.kernel_class in (LUNG, BONE) and told in (LUNG, BONE):
        return KernelReading(told, Statement("kernel_by_both", {"source": coded.source}))
    return coded


def _named(kernel_class: KernelClass | None, source: Statement) -> KernelReading | None:
    return None if kernel_class is None else KernelReading(kernel_class, source)


def _by_code(kernel: str, manufacturer: str) -> KernelReading | None:
    """The class a vendor's own kernel name tells, ``None`` when no table knows it."""
    line = phrase(kernel)
    if match := _CANON.search(line):
        canon = Statement("kernel_by_numbers", {"kernel": kernel, "maker": "Canon"})
        return KernelReading(_canon(int(match[1])), canon)
    if match := _SIEMENS.search(line):
        siemens = Statement("kernel_by_numbers", {"kernel": kernel, "maker": "Siemens"})
        return KernelReading(_siemens(match[1], int(match[2])), siemens)
    names = words(kernel)
    compact = "".join(names)
    for name in (compact, *names):
        if name in _GE:
            return KernelReading(_GE[name], Statement("kernel_by_ge_names", {"kernel": kernel}))
    if "philips" in phrase(manufacturer) or "picker" in phrase(manufacturer):
        for name in names:
            if name in _PHILIPS:
                letters = Statement("kernel_by_philips_letters", {"kernel": kernel})
                return KernelReading(_PHILIPS[name], letters)
    return None


def _siemens(letters: str, number: int) -> KernelClass:
    sharp = _SIEMENS_OLD_SHARP if letters in {"ab", "sb", "ah", "sh"} else _SIEMENS_SHARP
    if letters == "bl" or number >= sharp:
        return BONE if letters.startswith("h") or letters in {"ah", "sh"} else LUNG
    return SOFT if number < _SIEMENS_STANDARD else STANDARD


def _canon(number: int) -> KernelClass:
    decade = number // 10
    if decade == 5:  # noqa: PLR2004 - FC50-FC59, high-resolution lung
        return LUNG
    if decade in {3, 8, 9}:  # FC30-FC39 and FC80 up: bone, inner ear
        return BONE
    if decade == 7:  # noqa: PLR2004 - not described in the public guides
        return UNKNOWN
    return SOFT if number in _CANON_SOFT else STANDARD


def _by_words(line: str) -> KernelClass | None:
    for kernel_class, vocabulary in (
        (LUNG, LUNG_WORDS),
        (BONE, BONE_WORDS),
        (SOFT, SOFT_WORDS),
        (STANDARD, STANDARD_WORDS),
    ):
        if any(word in line for word in vocabulary):
            return kernel_class
    return None
