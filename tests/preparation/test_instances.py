"""Header facts of one image, when others have said much the same before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pydicom
from dicom_series import SeriesOnDisk

from heimdallr.preparation import instances
from heimdallr.preparation.instances import instance_of, values_of
from heimdallr.preparation.reading import read_header, tolerant_pydicom

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _image(folder: Path, **tags: object) -> Path:
    folder.mkdir()
    return SeriesOnDisk(depths_mm=(0.0,), tags=tags).write(folder)[0]


def test_the_same_bytes_in_another_character_set_are_another_text(tmp_path: Path) -> None:
    """What one image said is remembered as it was said, its character set included."""
    latin = _image(tmp_path / "a", SpecificCharacterSet="ISO_IR 100", SeriesDescription="Schädel")
    greek = tmp_path / "greek.dcm"
    greek.write_bytes(latin.read_bytes().replace(b"ISO_IR 100", b"ISO_IR 126"))
    with tolerant_pydicom():
        assert instance_of(latin, read_header(latin)).text("SeriesDescription") == "Schädel"
        said = instance_of(greek, read_header(greek)).text("SeriesDescription")
        assert said == b"Sch\xe4del".decode("iso8859_7")
        assert instance_of(latin, read_header(latin)).text("SeriesDescription") == "Schädel"


def test_a_text_and_a_number_of_the_same_bytes_stay_apart(tmp_path: Path) -> None:
    """The same two bytes, once a number of pixels and once the text of them."""
    path = _image(tmp_path / "a", SeriesDescription="(0")
    with tolerant_pydicom():
        instance = instance_of(path, read_header(path))
    assert instance.rows == int.from_bytes(b"(\0", "little") == 40
    assert instance.text("SeriesDescription") == "(0"


def test_an_absent_contrast_agent_is_not_an_empty_one(tmp_path: Path) -> None:
    """Only a scanner that fills the tag says anything by leaving it empty."""
    absent, empty = _image(tmp_path / "a"), _image(tmp_path / "b", ContrastBolusAgent="")
    with tolerant_pydicom():
        assert "ContrastBolusAgent" not in instance_of(absent, read_header(absent)).texts
        assert instance_of(empty, read_header(empty)).texts["ContrastBolusAgent"] == ""


def test_what_is_remembered_does_not_grow_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many images a worker has seen, and however long a text is."""
    monkeypatch.setattr(instances, "_MAX_CONVERTED", 8)
    path = _image(tmp_path / "a", StudyDescription="x" * 64, ContrastBolusAgent="y" * 4000)
    with tolerant_pydicom():
        instance_of(path, read_header(path))
        kept = instances._converted
        assert 0 < len(kept) <= 8
        header = pydicom.dcmread(path)
        assert values_of(header, "ContrastBolusAgent") == ("y" * 256,)
    assert not any(key[0] == "ContrastBolusAgent" for key in kept)
