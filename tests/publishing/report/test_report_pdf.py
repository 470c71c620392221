"""The report of one page: the values of the case, in both languages, as an archive keeps it."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pikepdf
import pytest
from measured_cases import measured_trunk, results_of, retold

from heimdallr.domain.statements import LANGUAGES
from heimdallr.publishing.dicom.kinds import EarlierValue
from heimdallr.publishing.report.content import read_content
from heimdallr.publishing.report.pdf import UNSHOWN, pdf_bytes, write_pdf

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.domain.statements import Language

EARLIER = (
    EarlierValue("liver_vol_cm3", 420.4, "cm3", "20250803"),
    EarlierValue("liver_vol_cm3", 399.0, "cm3", "20240101"),
)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trunk, measured."""
    return measured_trunk(tmp_path_factory.mktemp("case"))


@pytest.fixture
def own(case: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return shutil.copytree(case, tmp_path / "case")


def _text(pdf: Path) -> str:
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext (Debian: poppler-utils) is not installed")
    done = subprocess.run([program, "-layout", str(pdf), "-"], capture_output=True, check=True)
    return done.stdout.decode().replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_tells_who_what_and_why_not(
    case: Path, tmp_path: Path, language: Language
) -> None:
    """Patient, notice, finding, value with its limit and earlier value, reason, software."""
    path = tmp_path / "report.pdf"
    write_pdf(case, path, language, EARLIER)
    text = re.sub(r"\s+", " ", _text(path))
    told = {
        "en": [
            "Quantitative imaging report",
            "SILVA, Maria Jose",
            "female, 66 years",
            "Bundled weights — not for clinical use",
            "Low skeletal muscle mass at L3",
            "SIGNIFICANT",
            "Liver, volume 544 cm³ below the 2.5th percentile (Kim 2021) 420 cm³, 3 Aug 2025",
            "≥ 34.4 cm²",
            "z -1.1, percentile 14 of a",
            "↓ low",
            "not assessable: 1 of the 20 structures",
            "the head is not covered by this volume",
            "No person has verified these results",
            "Reviewed by",
        ],
        "pt": [
            "Relatório de imagem quantitativa",
            "feminino, 66 anos",
            "Pesos incluídos no pacote — não usar clinicamente",
            "RELEVANTE",
            "Fígado, volume 544 cm³ abaixo do percentil 2,5 (Kim 2021) 420 cm³, 3 de ago. de 2025",
            "≥ 34,4 cm²",
            "não avaliável: 1 das 20 estruturas",
            "Revisado por",
        ],
    }[language]
    for one in told:
        assert re.sub(r"cm([²³])", r"cm\1", one) in text, text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_archive_keeps_it_and_a_screen_reader_reads_it(
    case: Path, tmp_path: Path, language: Language
) -> None:
    """PDF/A-2b and PDF/UA-1: tagged, in its language, fonts inside, pictures described."""
    path = tmp_path / "report.pdf"
    write_pdf(case, path, language)
    with pikepdf.open(path) as pdf:
        assert len(pdf.pages) == 1
        with pdf.open_metadata() as metadata:
            assert metadata["pdfaid:part"] == "2"
            assert metadata["pdfaid:conformance"] == "B"
            assert metadata["pdfuaid:part"] == "1"
            assert "Patient" not in str(metadata)
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang).startswith(language)
        assert pdf.Root.OutputIntents[0].S == "/GTS_PDFA1"
        objects = [one for one in pdf.objects if isinstance(one, pikepdf.Dictionary)]
        descriptors = [one for one in objects if one.get("/Type") == "/FontDescriptor"]
        assert descriptors
        assert all("/FontFile2" in one or "/FontFile3" in one for one in descriptors)
        figures = [one for one in objects if one.get("/S") == "/Figure"]
        assert len(figures) == 2
        assert all(str(one.Alt) for one in figures)
        assert not {"/Encrypt", "/JavaScript", "/OpenAction"} & set(pdf.Root.keys())


def test_the_same_case_gives_the_same_bytes(case: Path) -> None:
    """Its date is that of the results: an archive sees a repetition, not another report."""
    content = read_content(case, "en", EARLIER)
    assert pdf_bytes(content) == pdf_bytes(content)


def test_texts_are_never_markup(own: Path, tmp_path: Path) -> None:
    """Whatever a header holds is printed as it stands."""
    hostile = '#panic("x") $x$ *b* _i_ \\ `c` @ref <tag> [x] //c "q"'
    retold(own, patient_name=hostile, institution=hostile, study_description=hostile)
    path = tmp_path / "report.pdf"
    write_pdf(own, path, "en")
    text = re.sub(r"\s+", " ", _text(path))
    assert '$x$ *b* _i_ \\ `c` @ref <tag> [x] //c "q"' in text


@pytest.mark.parametrize("name", ["ЖУКОВА^ANNA", "山田^太郎", "SIL\x07VA^\U0001f600"])
def test_letters_that_no_font_has_cost_no_report(own: Path, tmp_path: Path, name: str) -> None:
    """They are there, or a sign says that something is missing."""
    retold(own, patient_name=name)
    path = tmp_path / "report.pdf"
    write_pdf(own, path, "en")
    text = _text(path)
    assert any(one in text for one in ("ЖУКОВА", "山田", "SIL VA", UNSHOWN))


def test_nothing_sent_is_told_as_such(own: Path, tmp_path: Path) -> None:
    """A patient without name, date and sex, a case without pictures and findings."""
    for picture in own.glob("*.png"):
        picture.unlink()
    results = results_of(own)
    told = results.model_copy(update={"findings": [], "notices": [], "notices_coded": []})
    retold(
        own, results=told, patient_name="", patient_id="", birth_date=None, sex=None, age_years=None
    )
    path = tmp_path / "report.pdf"
    write_pdf(own, path, "en")
    text = _text(path)
    assert text.count("not sent") >= 4
    assert "does not mean that nothing is wrong" in " ".join(text.split())


def test_more_than_one_page_holds_is_told_on_a_second(own: Path, tmp_path: Path) -> None:
    """Nothing is cut off."""
    results = results_of(own)
    notices = [f"notice {n}: {'what has to be told ' * 8}" for n in range(40)]
    told = results.model_copy(update={"notices": notices, "notices_coded": []})
    path = tmp_path / "report.pdf"
    write_pdf(retold(own, results=told), path, "en")
    text = _text(path)
    assert all(f"otice {n}:" in text for n in range(40))
    assert "Regions covered" in text
