"""Which CT series were computed from several energies, by ImageType or by words."""

from __future__ import annotations

import pytest

from heimdallr.domain.study import Spectral
from heimdallr.preparation.spectral import read_spectral

SCANNED = ("ORIGINAL", "PRIMARY", "AXIAL")
DERIVED = ("DERIVED", "SECONDARY", "AXIAL")


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("Z Effective", Spectral.ATOMIC_NUMBER), ("Zeff 3.0", Spectral.ATOMIC_NUMBER),
        ("Rho/Z", Spectral.ATOMIC_NUMBER), ("Número atômico efetivo", Spectral.ATOMIC_NUMBER),
        ("Electron Density", Spectral.ELECTRON_DENSITY),
        ("Densidade eletrônica", Spectral.ELECTRON_DENSITY),
        ("Elektronendichte", Spectral.ELECTRON_DENSITY),
        ("Lung PBV", Spectral.BLOOD_VOLUME), ("Perfused blood volume", Spectral.BLOOD_VOLUME),
        ("VNC", Spectral.NON_CONTRAST), ("DE_VNC 3.0", Spectral.NON_CONTRAST),
        ("Virtual non-contrast 3.0", Spectral.NON_CONTRAST),
        ("Virtual sem contraste", Spectral.NON_CONTRAST),
        ("Virtuell nativ", Spectral.NON_CONTRAST), ("Virtual Unenhanced", Spectral.NON_CONTRAST),
        ("Iodine map", Spectral.IODINE), ("DE_Iodine", Spectral.IODINE),
        ("post iodine map", Spectral.IODINE), ("Iodine density 1.0", Spectral.IODINE),
        ("MAPA DE IODO", Spectral.IODINE), ("Jodkarte", Spectral.IODINE),
        ("Carte d'iode", Spectral.IODINE), ("mappa dello iodio", Spectral.IODINE),
        ("Mapa de yodo", Spectral.IODINE), ("Iodine no Water[mg/ml*]", Spectral.IODINE),
        ("MD Iodine(Water)", Spectral.MATERIAL), ("Water(Iodine)", Spectral.MATERIAL),
        ("Calcium suppressed 25", Spectral.MATERIAL), ("VNCa", Spectral.MATERIAL),
    ],
)  # fmt: skip
def test_what_was_computed_is_told_by_words(description: str, kind: Spectral) -> None:
    """In the vendors' English and in five other languages."""
    reading = read_spectral(SCANNED, description)
    assert reading is not None
    assert reading.kind is kind


@pytest.mark.parametrize(
    "description",
    [
        "C/ IODO PORTAL", "ABD COM IODO", "com iodo", "S/ IODO", "iodo ev portal", "IODO PORTAL",
        "mit Jod venös", "ohne Jod", "con yodo", "avec iode", "con iodio", "with iodine",
        "contraste iodado", "iodinated contrast", "iodine contrast 5.0", "post iodine",
        "Iodine 370", "TNC 3.0", "avec injection d'iode", "OMNIPAQUE 300 mg/ml",
        "COLONOSCOPIA VIRTUAL SEM CONTRASTE", "Abdomen 3.0 Br40",
        "Portal venous 5 B30f", "Monitoring", "M_0.5 F_0.5",
    ],
)  # fmt: skip
def test_contrast_medium_that_was_given_is_no_map(description: str) -> None:
    """With iodine, without it, and its concentration: images as they were scanned."""
    assert read_spectral(SCANNED, description) is None


def test_a_bare_local_word_for_iodine_is_a_map_on_a_derived_image_only() -> None:
    """On an original one it is what the patient was given."""
    assert read_spectral(SCANNED, "Abdome iodo") is None
    reading = read_spectral(DERIVED, "Abdome iodo")
    assert reading is not None
    assert reading.kind is Spectral.IODINE


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("VMI", Spectral.MONOENERGETIC), ("MAT_REMOVED", Spectral.NON_CONTRAST),
        ("MAT_SPECIFIC", Spectral.MATERIAL), ("EFF_ATOMIC_NUM", Spectral.ATOMIC_NUMBER),
        ("ELECTRON_DENSITY", Spectral.ELECTRON_DENSITY), ("DE_IODINE", Spectral.IODINE),
    ],
)  # fmt: skip
def test_image_type_tells_whatever_the_description_says(value: str, kind: Spectral) -> None:
    """Value 4 of the standard, and what vendors write there."""
    reading = read_spectral((*DERIVED, value), "Abdomen 3.0 portal")
    assert reading is not None
    assert reading.kind is kind


@pytest.mark.parametrize(
    ("description", "energy_kev"),
    [
        ("MonoE 40keV", 40), ("Mono+ 40 keV 1.5", 40), ("MONO 70", 70), ("E70keV", 70),
        ("monoenergética 50 keV", 50), ("VMI 140", 140), ("Abd 55.0 keV", 55), ("GSI 70keV", 70),
        ("Monoenergetic Plus 5.0", None),
    ],
)  # fmt: skip
def test_the_energy_of_a_monoenergetic_image(description: str, energy_kev: float | None) -> None:
    """As far as it is told; a slice thickness is none."""
    reading = read_spectral(SCANNED, description)
    assert reading is not None
    assert (reading.kind, reading.energy_kev) == (Spectral.MONOENERGETIC, energy_kev)


def test_the_header_tells_the_energy_before_any_word() -> None:
    """MonoenergeticEnergyEquivalent (0018,937C)."""
    reading = read_spectral((*DERIVED, "VMI"), "Abd 70 keV", 45.0)
    assert reading is not None
    assert reading.energy_kev == 45.0
