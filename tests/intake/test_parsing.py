"""Reading received files: usable ones say whose they are, all others say why not."""

from __future__ import annotations

import io
import time
import tracemalloc
from collections import Counter
from typing import TYPE_CHECKING

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEGLSLossless,
    MRSpectroscopyStorage,
    RLELossless,
)
from received_images import Image, stack

from heimdallr.domain.identity import OWN_UID_ROOT
from heimdallr.intake.parsing import ReceivedInstance, data_set_digest, read_received
from heimdallr.intake.pixels import Fault, UnusableFileError
from heimdallr.preparation.headers import scan
from heimdallr.preparation.reading import tolerant_pydicom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _tolerant() -> Iterator[None]:
    """As the recorder reads."""
    with tolerant_pydicom():
        yield


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., ReceivedInstance]:
    """Write bytes or an image to a file and read it back."""

    def _read(image: Image | bytes, *, announced: bool = True) -> ReceivedInstance:
        path = tmp_path / "one.dcm"
        path.write_bytes(image if isinstance(image, bytes) else image.encoded())
        return read_received(path, announced=announced)

    return _read


def _refusal(read: Callable[..., ReceivedInstance], image: Image | bytes, **how: bool) -> str:
    with pytest.raises(UnusableFileError) as refusal:
        read(image, **how)
    return refusal.value.reason


def test_an_image_says_whose_it_is(read: Callable[..., ReceivedInstance]) -> None:
    """Everything the database rows are made of comes out of one look at the header."""
    one = read(Image(study=3, series=2, number=7))
    assert one.study_key == one.study_instance_uid == Image(3).study_uid
    assert one.instance_key == Image(3, 2, 7).uid
    assert one.series_key == f"{Image(3).study_uid}.2"
    assert (one.patient.name, one.patient.patient_id) == ("SILVA^MARÍA 3", "P3")
    assert (one.patient.birth_date, one.patient.sex) == ("19600201", "F")
    assert (one.study_date, one.accession_number) == ("20260201", "A3")
    assert (one.modality, one.series_number, one.instance_number) == ("CT", 2, 7)
    assert not one.own


def test_the_digest_is_of_the_data_set_alone(
    read: Callable[..., ReceivedInstance], tmp_path: Path
) -> None:
    """Another sender's file meta group, or none, changes nothing; a pixel does."""
    plain = read(Image())
    other = read(Image(announced={"ImplementationVersionName": "OTHER", "SourceAEName": "X"}))
    assert other.digest == plain.digest
    assert read(Image(content=1)).digest != plain.digest
    whole = Image().encoded()
    headless = tmp_path / "headless.dcm"
    start = whole.index(b"\x08\x00\x05\x00CS")  # Specific Character Set comes first
    headless.write_bytes(whole[start:])
    assert data_set_digest(headless) == plain.digest


def test_what_this_system_wrote_is_recognised(read: Callable[..., ReceivedInstance]) -> None:
    """By its maker, or by the root of its UIDs."""
    assert read(Image(tags={"Manufacturer": "HEIMDALLR"})).own
    uid = OWN_UID_ROOT + "1.2"
    assert read(Image(tags={"SeriesInstanceUID": uid})).own


@pytest.mark.parametrize(
    "keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"]
)
@pytest.mark.parametrize("uid", ["../../evil", "/etc/passwd", "1..2", ".1", "1.2a", "1" * 65])
def test_a_uid_that_could_be_a_path_is_refused(
    read: Callable[..., ReceivedInstance], keyword: str, uid: str
) -> None:
    """Only digits and single dots, 64 at most."""
    assert _refusal(read, Image(tags={keyword: uid})) == Fault.BAD_UID.value


@pytest.mark.parametrize(
    "announced", [{"MediaStorageSOPInstanceUID": "1.2.3"}, {"MediaStorageSOPClassUID": "1.2.3"}]
)
def test_what_was_announced_must_come(
    read: Callable[..., ReceivedInstance], announced: dict[str, object]
) -> None:
    """Over the network a sender cannot announce one object and send another.

    In files people write, the data set is what counts: anonymised ones often disagree.
    """
    image = Image(announced=announced)
    assert _refusal(read, image) == Fault.OTHER_UID.value
    assert read(image, announced=False).instance_key == image.uid


def test_empty_uids_get_keys_made_of_the_content(
    read: Callable[..., ReceivedInstance], tmp_path: Path
) -> None:
    """The same file has the same keys whenever it comes, and preparation groups it alike."""
    nameless = dict.fromkeys(("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"))
    images = [Image(number=n, content=n, tags=dict(nameless)) for n in (1, 2)]
    first, second, again = read(images[0]), read(images[1]), read(images[0])
    assert first == again
    assert first.study_key == second.study_key
    assert first.series_key == second.series_key
    assert first.instance_key != second.instance_key
    assert first.instance_key.startswith("instance-")
    (study,) = scan([tmp_path / "one.dcm"]).studies
    assert study.key == first.study_key
    assert study.candidates[0].key.startswith(first.series_key)


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_every_encoding_of_native_pixels_is_held_to_its_length(
    read: Callable[..., ReceivedInstance], syntax: UID
) -> None:
    """Big endian and deflated data sets too."""

    def encoded(image: Image) -> bytes:
        stream = io.BytesIO()
        dataset = image.dataset()
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.save_as(
            stream, little_endian=syntax != ExplicitVRBigEndian, implicit_vr=False,
            enforce_file_format=False,
        )  # fmt: skip
        return stream.getvalue()

    assert read(encoded(Image())).transfer_syntax_uid == syntax
    assert _refusal(read, encoded(Image(tags={"Rows": 900}))) == Fault.SHORT_PIXELS.value
    assert _refusal(read, encoded(Image())[:-9]) in {
        Fault.CUT_SHORT.value,
        "damaged DICOM header",
    }


def test_pixel_data_must_be_there(read: Callable[..., ReceivedInstance]) -> None:
    """Half an image, a cut file and an image without pixels are told apart."""
    whole = Image().encoded()
    assert _refusal(read, Image(tags={"NumberOfFrames": 2})) == Fault.SHORT_PIXELS.value
    assert _refusal(read, whole[:-100]) == Fault.CUT_SHORT.value
    assert _refusal(read, Image(tags={"PixelData": None})) == Fault.NO_PIXELS.value
    assert _refusal(read, Image(tags={"BitsAllocated": None})) == Fault.NO_SIZE.value
    assert _refusal(read, b"") == "empty file"
    assert _refusal(read, b"\0" * 9000) == "not a DICOM file"


def test_a_report_needs_no_pixels(read: Callable[..., ReceivedInstance]) -> None:
    """An object without Rows and Columns is no image, and complete without pixel data."""
    no_image = dict.fromkeys(("Rows", "Columns", "PixelData", "BitsAllocated"))
    assert read(Image(tags={**no_image, "Modality": "SR"})).modality == "SR"


def test_spectroscopy_needs_no_pixels(read: Callable[..., ReceivedInstance]) -> None:
    """It has Rows and Columns all the same: of voxels whose signal is no pixel data."""
    spectra = {"SOPClassUID": MRSpectroscopyStorage, "Modality": "MR", "PixelData": None}
    one = read(Image(tags={**spectra, "Rows": 1, "Columns": 1}))
    assert (one.sop_class_uid, one.modality) == (MRSpectroscopyStorage, "MR")


def _compressed(fragments: list[bytes]) -> bytes:
    dataset = Image().dataset()
    dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
    dataset.PixelData = encapsulate(fragments, has_bot=False)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=False)
    return stream.getvalue()


def test_compressed_pixels_are_a_chain_with_an_end(read: Callable[..., ReceivedInstance]) -> None:
    """Fragments are followed to their delimiter; one that leaves the file is damage."""
    whole = _compressed([b"\x11" * 100])
    assert read(whole).transfer_syntax_uid == JPEGLSLossless
    assert _refusal(read, whole[:-8]) == Fault.BAD_FRAGMENTS.value
    assert _refusal(read, whole[:-60]) == Fault.BAD_FRAGMENTS.value
    native = Image().encoded().replace(b"1.2.840.10008.1.2.1\0", RLELossless.encode() + b"\0", 1)
    assert read(native).transfer_syntax_uid == ExplicitVRLittleEndian


def test_pixels_never_come_into_memory(tmp_path: Path) -> None:
    """A large object is hashed a piece at a time."""
    head = Image(tags={"Rows": 4096, "Columns": 8192, "PixelData": None}).encoded()
    path = tmp_path / "large.dcm"
    with path.open("wb") as file:
        file.write(head + b"\xe0\x7f\x10\x00OW\0\0" + (2**26).to_bytes(4, "little"))
        file.truncate(file.tell() + 2**26)
    tracemalloc.start()
    read_received(path, announced=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**23


def test_numbers_and_texts_beyond_their_bounds_do_no_harm(
    read: Callable[..., ReceivedInstance],
) -> None:
    """What no column holds is left out, or cut, never passed on."""
    dataset = Image().dataset()
    dataset.add_new("InstanceNumber", "IS", "99999999999")
    dataset.add_new("StudyTime", "TM", "10" * 40)
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=False)
    one = read(stream.getvalue())
    assert one.instance_number is None
    assert len(one.study_time or "") <= 16


def test_real_studies_are_usable(real_set: Callable[[str], Path]) -> None:
    """Every image of the real CT is taken, as announced; 600 of them in about a second."""
    files = sorted(real_set("ct_abdomen_tcga_lihc_A10W").rglob("*.dcm"))
    began = time.process_time()
    read_all = [read_received(path, announced=True) for path in files]
    assert time.process_time() - began < 0.02 * len(files)  # ten times what it takes
    assert len({one.instance_key for one in read_all}) == len(files) == 60
    assert {one.patient.patient_id for one in read_all} == {"TCGA-BC-A10W"}


@pytest.mark.parametrize(
    ("name", "usable"),
    [
        ("mr_transfer_syntaxes", 20),
        ("mr_enhanced", 5),
        ("ct_enhanced_multiframe", 8),
        ("ct_geometry_traps", 16),
        ("ct_totalsegmentator_example", 20),
        ("highdicom", 25),
    ],
)
def test_real_files_of_every_kind(real_set: Callable[[str], Path], name: str, usable: int) -> None:
    """Compressed, enhanced, big endian and nearly anonymous files are taken from folders."""
    outcome = _outcomes(real_set(name))
    assert outcome["usable"] == usable, outcome
    assert set(outcome) <= {"usable", "not a DICOM file", "DICOMDIR"}


def test_hostile_files_end_as_a_reason(real_set: Callable[[str], Path]) -> None:
    """Six hundred malformed files: each is read or refused, quickly, and none crashes."""
    folder = real_set("fuzz_pwnlab")
    began = time.monotonic()
    outcome = _outcomes(folder)
    assert sum(outcome.values()) > 500
    assert set(outcome) - {"usable"}
    assert time.monotonic() - began < 60


def _outcomes(folder: Path) -> Counter[str]:
    outcome: Counter[str] = Counter()
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        try:
            read_received(path, announced=False)
            outcome["usable"] += 1
        except UnusableFileError as refusal:
            outcome[refusal.reason] += 1
    return outcome


def test_a_reason_never_quotes_the_header(read: Callable[..., ReceivedInstance]) -> None:
    """Reasons go to logs and events, where no patient may be named."""
    name = "GEHEIM^NAME"
    files: list[Image | bytes] = [
        Image(tags={"PatientName": name, "SOPInstanceUID": "GEHEIM"}),
        Image(tags={"PatientName": name, "Rows": 4000}),
        Image(tags={"PatientName": name}).encoded()[:300],
    ]
    for file in files:
        assert "GEHEIM" not in _refusal(read, file)


def test_a_sequence_nested_without_end_is_refused(read: Callable[..., ReceivedInstance]) -> None:
    """Twenty thousand sequences in each other exhaust neither stack nor memory."""
    whole = Image().encoded()
    opening = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    at = whole.index(b"\x10\x00\x10\x00PN")
    assert _refusal(read, whole[:at] + opening * 20_000 + whole[at:]) == "damaged DICOM header"


def test_the_helpers_make_valid_files() -> None:
    """The images these tests send are what pydicom reads back."""
    one = pydicom.dcmread(io.BytesIO(stack(count=1)[0].encoded()))
    assert isinstance(one, Dataset)
    assert one.pixel_array.shape == (16, 16)
