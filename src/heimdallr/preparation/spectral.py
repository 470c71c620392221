"""Which CT series were not scanned but computed from several X-ray energies, and as what.

ImageType says it on scanners that follow the standard (PS3.3 C.8.2.1, value 4); most say it in
words of ImageType or of the series description. Those words are the vendors', in English wherever
the scanner stands, or a person's own. Iodine is the difficult one: in English it names a map, in
other languages more often the contrast medium that was given (*com iodo*, *mit Jod*).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from heimdallr.domain.study import Spectral
from heimdallr.preparation.folded_words import fold, phrase
from heimdallr.preparation.phases import says_native


class SpectralReading(NamedTuple):
    """What a series was computed as; the energy of a monoenergetic one, where it is told."""

    kind: Spectral
    energy_kev: float | None = None


_IMAGE_TYPES = {
    "VMI": Spectral.MONOENERGETIC,
    "MAT_REMOVED": Spectral.NON_CONTRAST,
    "MAT_SPECIFIC": Spectral.MATERIAL,
    "MAT_FRACTIONAL": Spectral.MATERIAL,
    "MAT_VALUE_BASED": Spectral.MATERIAL,
    "MAT_MODIFIED": Spectral.MATERIAL,
    "EFF_ATOMIC_NUM": Spectral.ATOMIC_NUMBER,
    "ELECTRON_DENSITY": Spectral.ELECTRON_DENSITY,
}
"""Value 4 of ImageType (0008,0008)."""

# Sought as whole words in order; the first hit decides.
_VOCABULARY: tuple[tuple[Spectral, tuple[str, ...]], ...] = (
    (Spectral.ATOMIC_NUMBER, (
        "z effective", "effective z", "z effektiv", "zeff", "z eff", "eff z", "rho z", "rhoz",
        "effective atomic", "atomic number", "numero atomico", "numero atomique", "nombre atomique",
        "ordnungszahl", "zmap",
    )),
    (Spectral.ELECTRON_DENSITY, (
        "electron density", "electron dens", "elektronendichte", "densidade eletronica",
        "densidade de eletrons", "densidad electronica", "densidad de electrones",
        "densite electronique", "densita elettronica", "rhoe", "rho e", "edw",
    )),
    (Spectral.BLOOD_VOLUME, (
        "pbv", "perfused blood volume", "volume sanguineo", "volumen sanguineo", "volume sanguin",
        "volume ematico", "blutvolumen",
    )),
    (Spectral.NON_CONTRAST, (
        "vnc", "iodine removed", "iodine subtracted", "iodine suppressed",
        "material suppressed iodine",
    )),
    (Spectral.MATERIAL, (
        "material density", "material decomposition", "gsi md", "water iodine", "iodine water",
        "calcium suppressed", "casupp", "virtual non calcium", "vnca", "uric acid", "acido urico",
        "harnsaure", "acide urique", "fat map", "fat fraction",
    )),
)  # fmt: skip

_MONOENERGETIC = re.compile(
    r" (?:mono|monoe|vmi|monoenerg\w*|monochrom\w*|monocrom\w*)(?: plus)?"
    r"(?: e)? ?(?P<kev>\d{2,3})?(?: ?kev)? "
)
_KEV = re.compile(r"(?<!\d)(\d{2,3})(?:[.,]\d)? ?kev(?![a-z])")
_SCOPY = re.compile(r"scop|colon|bronc")
"""A *virtual* colonoscopy is a way of looking at images as they were scanned."""

_IODINE_IN_ENGLISH = "iodine"
_IODINE = frozenset({_IODINE_IN_ENGLISH, "iodo", "yodo", "iode", "iodio", "jod", "jodo"})
_MAP = frozenset({
    "map", "mapa", "mapas", "mappa", "carte", "karte", "bild", "overlay", "fusion", "density",
    "densidade", "densidad", "densite", "densita", "dichte", "concentration", "concentracao",
    "concentracion", "konzentration", "imagem", "imagen", "quantification",
})  # fmt: skip
_BETWEEN = frozenset({"de", "do", "di", "del", "dello", "of", "d"})
_GIVEN_BEFORE = frozenset({
    "com", "c", "con", "avec", "mit", "with", "w", "post", "pos", "apos", "nach", "apres", "dopo",
    "sem", "s", "sin", "sans", "senza", "ohne", "without", "wo", "contrast", "contraste",
})  # fmt: skip
_GIVEN_AFTER = frozenset({
    "contrast", "contraste", "contrasto", "kontrast", "km", "ev", "iv", "injection", "given",
    "270", "300", "320", "350", "370", "400",
})  # fmt: skip


@lru_cache(maxsize=4096)
def read_spectral(
    image_type: tuple[str, ...], description: str, energy_kev: float | None = None
) -> SpectralReading | None:
    """What a CT series was computed as; ``None`` for images as they were scanned.

    Args:
        image_type: ImageType (0008,0008), or FrameType of an enhanced object.
        description: SeriesDescription. The protocol is the study's and says nothing of a series.
        energy_kev: MonoenergeticEnergyEquivalent (0018,937C), if there is one.
    """
    line = phrase(*image_type, "|", description)
    kind = next((_IMAGE_TYPES[one] for one in image_type if one in _IMAGE_TYPES), None)
    kind = kind or _told(line, derived=image_type[:1] == ("DERIVED",))
    named = _MONOENERGETIC.search(line)
    number = _KEV.search(fold(" ".join((*image_type, description))))
    told = (number and number[1]) or (named and named["kev"])
    kev = energy_kev or (float(told) if told else None)
    if kind in (None, Spectral.MONOENERGETIC) and (kind or named or kev):
        return SpectralReading(Spectral.MONOENERGETIC, kev)
    return None if kind is None else SpectralReading(kind)


def _told(line: str, *, derived: bool) -> Spectral | None:
    for kind, vocabulary in _VOCABULARY:
        if any(f" {word} " in line for word in vocabulary):
            return kind
    if " virtu" in line and says_native(line) and not _SCOPY.search(line):
        return Spectral.NON_CONTRAST
    return Spectral.IODINE if _names_iodine_map(line, derived=derived) else None


def _names_iodine_map(line: str, *, derived: bool) -> bool:
    """Whether iodine is what the image shows, and not what the patient was given."""
    told = [word for word in line.replace(" w o ", " wo ").split() if word not in _BETWEEN]
    for before, word, after in zip(["", *told], told, [*told[1:], ""], strict=False):
        if word not in _IODINE:
            continue
        if before in _MAP or after in _MAP:
            return True
        given = before in _GIVEN_BEFORE or after in _GIVEN_AFTER
        if not given and (derived or word == _IODINE_IN_ENGLISH):
            return True
    return " jodkarte " in line
