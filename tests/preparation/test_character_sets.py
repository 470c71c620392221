"""Texts whose bytes are not what the header declares: never mojibake where UTF-8 shows itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pydicom
import pytest
from dicom_series import SeriesOnDisk

from heimdallr.preparation.character_sets import decoded
from heimdallr.preparation.instances import instance_of
from heimdallr.preparation.reading import read_header, tolerant_pydicom

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _written(folder: Path, name: bytes, character_set: str | None) -> Path:
    """One slice whose PatientName and StudyDescription hold these bytes."""
    path = SeriesOnDisk(depths_mm=(0.0,)).write(folder)[0]
    image = pydicom.dcmread(path)
    blank = "x" * (len(name) + len(name) % 2)
    image.PatientName, image.StudyDescription = blank, blank
    if character_set is not None:
        image.SpecificCharacterSet = character_set
    image.save_as(path)
    padded = name.ljust(len(blank))
    path.write_bytes(path.read_bytes().replace(blank.encode(), padded))
    return path


@pytest.mark.parametrize(
    ("encoded", "character_set", "text"),
    [
        ("Müller^Jörg".encode(), None, "Müller^Jörg"),
        ("Müller^Jörg".encode(), "          ", "Müller^Jörg"),
        ("Müller^Jörg".encode(), "ISO_IR 100", "Müller^Jörg"),
        ("Müller^Jörg".encode(), "ISO_IR 6", "Müller^Jörg"),
        ("Müller^Jörg".encode(), "NONSENSE", "Müller^Jörg"),
        ("Müller^Jörg".encode(), "ISO_IR 192", "Müller^Jörg"),
        ("Müller^Jörg".encode("latin-1"), None, "Müller^Jörg"),
        ("Müller^Jörg".encode("latin-1"), "ISO_IR 100", "Müller^Jörg"),
        ("Müller^Jörg".encode("latin-1"), "ISO_IR 192", "Müller^Jörg"),
        ("JOSÉ".encode("latin-1"), None, "JOSÉ"),
        ("Müller^Jör".encode()[:-2], None, "Müller^J"),
        ("山田^太郎".encode(), "ISO_IR 100", "山田^太郎"),
        ("山田^太郎".encode(), "ISO_IR 13", "山田^太郎"),
        ("Громов^Иван".encode(), "ISO_IR 144", "Громов^Иван"),
        ("Громов^Иван".encode("iso8859-5"), "ISO_IR 144", "Громов^Иван"),
        ("ЦБ".encode("iso8859-5"), "ISO_IR 144", "ЦБ"),
        ("แดง".encode("iso8859-11"), "ISO_IR 166", "แดง"),
        ("联通".encode("gb18030"), "GB18030", "联通"),
        ("王^小东".encode("gb18030"), "GB18030", "王^小东"),
    ],
)
def test_a_name_is_read_as_its_bytes_say(
    tmp_path: Path, encoded: bytes, character_set: str | None, text: str
) -> None:
    """Undeclared, blanked, declared wrongly, cut; short words that are UTF-8 by chance stay."""
    with tolerant_pydicom():
        path = _written(tmp_path, encoded, character_set)
        instance = instance_of(path, read_header(path))
    assert instance.text("PatientName") == text
    assert instance.text("StudyDescription") == text


def test_several_values_stay_several() -> None:
    """The backslash parts values whatever the encoding."""
    assert decoded("Fígado\\Baço".encode(), ["iso8859"]) == "Fígado\\Baço"


def test_plain_text_and_escapes_are_left_to_the_declaration() -> None:
    """What switches between sets itself says what it is."""
    assert decoded(b"SILVA^MARIA", ["iso8859"]) is None
    assert decoded(b"\x1b$)C\xb1\xe8^\xc8\xf1", ["iso8859", "euc_kr"]) is None


def test_a_blanked_declaration(case_input: Callable[..., Path]) -> None:
    """The name stays UTF-8 while the declaration is overwritten with spaces."""
    with tolerant_pydicom():
        path = min(case_input("odd_numbers", "utf8").iterdir())
        assert instance_of(path, read_header(path)).text("PatientName") == "Müller^Jörg"
