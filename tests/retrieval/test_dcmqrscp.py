"""Studies fetched from DCMTK's archive, which keeps to the letter of the standard."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from pydicom.uid import KeyObjectSelectionDocumentStorage
from received_images import Image
from waiting import free_port, wait_for_port

from heimdallr.delivery.destinations import DicomNode
from heimdallr.domain.errors import ArchiveError
from heimdallr.intake.scp.server import Scp
from heimdallr.retrieval.archive import FoundStudy, Query
from heimdallr.retrieval.query_retrieve import DicomArchive
from heimdallr.retrieval.storage_classes import ALL, MOST_OFFERED, offers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fetching_site import Site

IMAGES = 3
ELSEWHEN: dict[str, object] = {"StudyDate": "20250101"}
KEY_OBJECT: dict[str, object] = {
    "SOPClassUID": KeyObjectSelectionDocumentStorage, "Modality": "KO",
    **dict.fromkeys(("Rows", "Columns", "PixelData", "PhotometricInterpretation")),
}  # fmt: skip


@pytest.fixture(scope="module")
def dcmqrscp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DicomNode, int]]:
    """A running dcmqrscp with two studies, and the port at which it believes HEIMDALLR to be.

    The second one has an image and a Key Object Selection, a SOP class that is offered late.
    """
    program, storescu = shutil.which("dcmqrscp"), shutil.which("storescu")
    if program is None or storescu is None:
        pytest.skip("DCMTK is not installed")
    folder = tmp_path_factory.mktemp("dcmqrscp")
    port, ours = free_port(), free_port()
    (folder / "database").mkdir()
    (folder / "dcmqrscp.cfg").write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nus = (HEIMDALLR, 127.0.0.1, {ours})\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nQR {folder}/database RW (200, 1024mb) ANY\nAETable END\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "-c", folder / "dcmqrscp.cfg"], stdout=log, stderr=log)
        try:
            wait_for_port(port)
            images = [Image(1, 1, number, number) for number in range(1, IMAGES + 1)]
            images += [Image(2, tags=dict(ELSEWHEN)), Image(2, 2, tags={**ELSEWHEN, **KEY_OBJECT})]
            for number, image in enumerate(images):
                file = folder / f"{number}.dcm"
                file.write_bytes(image.encoded())
                send = [storescu, "-R", "-aec", "QR", "127.0.0.1", str(port), str(file)]
                subprocess.run(send, check=True, capture_output=True, timeout=60)
            yield DicomNode(ae_title="QR", host="127.0.0.1", port=port), ours
        finally:
            process.terminate()
            process.wait(30)


def test_a_move_is_counted(dcmqrscp: tuple[DicomNode, int], quiet_site: Site) -> None:
    """Three sub-operations, into the spool of our listener."""
    node, ours = dcmqrscp
    scp = Scp(quiet_site.settings, quiet_site.folders.spool)
    scp.start(port=ours)
    try:
        archive = DicomArchive(node, quiet_site.settings, quiet_site.folders.spool, get=False)
        (study,) = archive.find(Query(accession_number="A1"))
        done = archive.fetch(study)
    finally:
        scp.stop(grace_s=5)
    assert (done.completed, done.failed, done.why) == (IMAGES, 0, None)
    assert len(list(quiet_site.folders.spool.glob("*/*.dcm"))) == IMAGES


def test_a_listener_that_does_not_answer_is_told_from_one_nobody_knows(
    dcmqrscp: tuple[DicomNode, int], quiet_site: Site
) -> None:
    """0xA801 is for the operator; a listener that is down may be up the next time."""
    node, _ = dcmqrscp
    spool = quiet_site.folders.spool
    archive = DicomArchive(node, quiet_site.settings, spool, get=False)
    (study,) = archive.find(Query(patient_id="P1"))
    stranger = quiet_site.settings.model_copy(update={"ae_title": "STRANGER"})
    with pytest.raises(ArchiveError, match="cannot send to STRANGER") as unknown:
        DicomArchive(node, stranger, spool, get=False).fetch(study)
    assert not unknown.value.again
    with pytest.raises(ArchiveError) as down:
        archive.fetch(study)
    assert down.value.again


def test_a_get_brings_everything_over_one_association(
    dcmqrscp: tuple[DicomNode, int], quiet_site: Site
) -> None:
    """The archive says which SOP classes it has, or 127 are offered."""
    node, _ = dcmqrscp
    archive = DicomArchive(node, quiet_site.settings, quiet_site.folders.spool, get=True)
    (study,) = archive.find(Query(study_date="20260201", modalities=("CT", "MR")))
    done = archive.fetch(study)
    assert (done.completed, done.failed) == (IMAGES, 0)
    (batch,) = done.batches
    assert (batch / "released").exists()
    assert len(list(batch.glob("*.dcm"))) == IMAGES


def test_what_comes_over_several_associations_is_one_study(
    dcmqrscp: tuple[DicomNode, int], quiet_site: Site
) -> None:
    """Nobody says which SOP classes it has: each association brings what the others could not."""
    node, _ = dcmqrscp
    assert KeyObjectSelectionDocumentStorage not in ALL[:MOST_OFFERED]
    archive = DicomArchive(node, quiet_site.settings, quiet_site.folders.spool, get=True)
    done = archive.fetch(FoundStudy(Image(2).study_uid))
    assert (done.completed, done.failed, done.why) == (2, 0, None)
    assert [len(list(one.glob("*.dcm"))) for one in done.batches] == [1, 1]


def test_a_disk_that_is_full_fails_the_images_not_the_program(
    dcmqrscp: tuple[DicomNode, int], quiet_site: Site
) -> None:
    """Each is refused with "out of resources"; the archive counts it, and nothing is kept."""
    node, _ = dcmqrscp
    full = quiet_site.settings.model_copy(update={"disk_reserve_gb": 1e5})
    archive = DicomArchive(node, full, quiet_site.folders.spool, get=True)
    (study,) = archive.find(Query(patient_id="P1"))
    done = archive.fetch(study)
    assert done.failed == IMAGES
    assert done.why is not None
    assert not list(quiet_site.folders.spool.glob("*/*.dcm"))


def test_every_storage_class_is_offered_in_the_end() -> None:
    """128 contexts are the most of an association; what the archive names goes first and alone."""
    offered = list(offers(()))
    assert [len(one) <= MOST_OFFERED for one in offered] == [True] * len(offered)
    assert sum(offered, ()) == ALL
    assert len(ALL) > MOST_OFFERED
    assert list(offers((ALL[0], "1.2.840.10008.1.1", "no uid"))) == [(ALL[0],)]
