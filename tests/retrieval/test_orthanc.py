"""Studies fetched from Orthanc: by C-MOVE to a running listener, by C-GET, by DICOMweb."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fetching_site import IMAGES, STUDIES
from orthanc import PASSWORD, USER
from received_images import Image, spooled
from sqlalchemy import select
from typer.testing import CliRunner

from heimdallr.cli.app import Exit, app
from heimdallr.clock import utc_now
from heimdallr.delivery.destinations import DicomNode, DicomWeb, Folder
from heimdallr.delivery.directory import DestinationFacts, add_destination
from heimdallr.domain.errors import ArchiveError, ConfigurationError
from heimdallr.intake.declare_complete import complete_studies
from heimdallr.intake.recorder import record_batch
from heimdallr.retrieval.archive import Query
from heimdallr.retrieval.archives import archive_at, open_archive
from heimdallr.retrieval.arrival import wait_until_here
from heimdallr.retrieval.service import Priors
from heimdallr.store.fetch_requests import PRIOR
from heimdallr.store.models import Instance, Study, StudyState

if TYPE_CHECKING:
    from pathlib import Path

    from fetching_site import Site
    from orthanc import Orthanc


def run(site: Site, *arguments: str, code: int = 0) -> str:
    """`heimdallr fetch`, as it is typed; what it printed, or what it says of its failure."""
    result = CliRunner(env=site.environment).invoke(app, ["fetch", *arguments])
    if isinstance(result.exception, ConfigurationError):
        assert code == Exit.USAGE
        return str(result.exception)
    assert result.exit_code == code, result.output
    return result.output


def instances_of(site: Site, study: int) -> int:
    """How many images of a study are recorded."""
    with site.database.read() as session:
        uids = session.scalars(
            select(Instance.key)
            .join(Study, Study.id == Instance.study_fk)
            .where(Study.study_instance_uid == Image(study).study_uid)
        )
        return len(set(uids))


def test_a_move_arrives_at_the_listener_and_is_recorded(
    listening_site: Site, at: dict[str, list[str]]
) -> None:
    """Sent by the archive to our AE title; the command waits until the recorder has it."""
    said = run(listening_site, *at["dimse"], "--accession", "A1")
    assert f"{Image(1).study_uid}  20260201  CT  {IMAGES} images; {IMAGES} here as study" in said
    assert instances_of(listening_site, 1) == IMAGES
    with listening_site.database.read() as session:
        study = session.scalars(select(Study).where(Study.accession_number == "A1")).one()
    assert study.calling_ae == "ORTHANC"


@pytest.mark.parametrize(("way", "options", "study"), [("dimse", ["--get"], 2), ("web", [], 3)])
def test_what_comes_over_the_same_connection_passes_the_spool(
    listening_site: Site, at: dict[str, list[str]], way: str, options: list[str], study: int
) -> None:
    """C-GET and WADO-RS need no way back to us."""
    uid = Image(study).study_uid
    told = json.loads(run(listening_site, *at[way], *options, "--uid", uid, "--json"))
    assert told[0]["instances_here"] == told[0]["instances"] == IMAGES
    assert told[0]["reason"] is None
    assert instances_of(listening_site, study) == IMAGES


@pytest.mark.parametrize(("way", "options"), [("dimse", ["--get"]), ("web", [])])
def test_without_a_recorder_the_command_records_itself(
    quiet_site: Site, at: dict[str, list[str]], way: str, options: list[str]
) -> None:
    """As an upload does; the study is complete at once."""
    run(quiet_site, *at[way], *options, "--patient", "P4")
    with quiet_site.database.read() as session:
        study = session.scalars(select(Study)).one()
    assert study.instance_count == IMAGES
    assert study.state is StudyState.QUEUED
    assert not list(quiet_site.folders.spool.iterdir())


@pytest.mark.parametrize("way", ["dimse", "web"])
def test_a_dry_run_lists_and_fetches_nothing(
    quiet_site: Site, at: dict[str, list[str]], way: str
) -> None:
    """A day's CTs: UIDs and counts, nobody's name."""
    asked = (*at[way], "--date", "20260201", "--modality", "CT", "--modality", "MR")
    said = run(quiet_site, *asked, "--dry-run")
    assert f"{STUDIES} studies found" in said
    assert Image(2).study_uid in said
    assert "SILVA" not in said
    assert not list(quiet_site.folders.spool.iterdir())


@pytest.mark.parametrize("way", ["dimse", "web"])
def test_nothing_found_is_said(quiet_site: Site, at: dict[str, list[str]], way: str) -> None:
    """With an exit code of its own; a study that began on the day is not before it."""
    assert "nothing found" in run(quiet_site, *at[way], "--accession", "A9", code=3)
    earlier = ("--patient", "P1", "--before", "20260201")
    run(quiet_site, *at[way], *earlier, code=3)
    later = ("--patient", "P1", "--before", "20260202", "--dry-run")
    assert "1 study found" in run(quiet_site, *at[way], *later)


def test_an_archive_that_does_not_know_us_is_explained(
    quiet_site: Site, at: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is to be entered there, and the way around it."""
    monkeypatch.setenv("HEIMDALLR_AE_TITLE", "STRANGER")
    said = run(quiet_site, *at["dimse"], "--accession", "A1", code=1)
    assert "cannot send to STRANGER: enter that AE title there" in said
    assert f"port {quiet_site.settings.dicom_port}" in said
    assert "C-GET" in said


def test_a_search_for_everything_is_refused(quiet_site: Site, at: dict[str, list[str]]) -> None:
    """Neither no key, nor a wildcard, nor a name that is no archive."""
    for asked in ([], ["--patient", "*"], ["--accession", "A?"], ["--date", "last week"]):
        run(quiet_site, *at["dimse"], *asked, code=2)
    run(quiet_site, "--from", "pacs", "--accession", "A1", code=2)


def test_a_destination_is_an_archive_by_its_name(
    quiet_site: Site, orthanc: Orthanc, tmp_path: Path
) -> None:
    """Address, user and password are those of the destination; a folder is no archive."""
    web = DicomWeb(url=orthanc.dicomweb_url, user=USER)
    with quiet_site.database.write() as session:
        for name, peer, secret in (("PACS", web, PASSWORD), ("share", Folder(path=tmp_path), "")):
            facts = DestinationFacts(name, peer)
            add_destination(session, facts, secret, utc_now(), "maria")
    said = run(quiet_site, "--from", "pacs", "--accession", "A2", "--dry-run")
    assert Image(2).study_uid in said
    assert "no archive" in run(quiet_site, "--from", "share", "--accession", "A2", code=2)


def test_an_archive_that_is_not_there_may_be_asked_again(quiet_site: Site) -> None:
    """Both ways; the text names the address, and nothing of the question."""
    for address in ("PACS@127.0.0.1:1", "http://127.0.0.1:1/dicom-web"):
        peer = archive_at(address)
        assert peer is not None
        archive = open_archive(peer, None, quiet_site.settings, quiet_site.folders.spool)
        with pytest.raises(ArchiveError, match=r"nobody listens at .*127\.0\.0\.1:1") as refused:
            archive.find(Query(patient_id="P-SECRET"))
        assert refused.value.again
        assert "SECRET" not in str(refused.value)


def test_an_earlier_study_comes_when_one_of_its_patient_arrives(
    quiet_site: Site, orthanc: Orthanc
) -> None:
    """From the archive's own words of the patient to a study that is queued here."""
    before = {"StudyDate": "20250101", "PatientID": "P1", "PatientName": "SILVA^MARÍA 1"}
    for number in range(1, IMAGES + 1):
        image = Image(31, 1, number, number, dict(before))
        orthanc.fetch("POST", "/instances", image.encoded())
    batch = spooled(quiet_site.folders.spool, [Image(1)])
    (study,) = record_batch(quiet_site.database, quiet_site.folders, batch.folder).studies
    complete_studies(
        quiet_site.database, quiet_site.settings, quiet_site.folders, [study.id], utc_now()
    )
    node = DicomNode(ae_title="ORTHANC", host="127.0.0.1", port=orthanc.dicom_port)
    archive = open_archive(node, None, quiet_site.settings, quiet_site.folders.spool, get=True)
    priors = Priors(quiet_site.database, quiet_site.settings, quiet_site.folders, archive)
    while priors.step():
        pass
    assert instances_of(quiet_site, 31) == IMAGES
    with quiet_site.database.read() as session:
        prior = session.scalars(select(Study).where(Study.priority == PRIOR)).one()
    assert (prior.study_date, prior.state) == ("20250101", StudyState.QUEUED)


def test_the_listener_s_recorder_asks_for_earlier_studies(
    listening_site: Site, orthanc: Orthanc, at: dict[str, list[str]]
) -> None:
    """`heimdallr listen` alone: one study is sent, another one comes by itself, by C-MOVE."""
    person = {"PatientID": "P51", "PatientName": "LIMA^RUI"}
    for study, day in ((51, "20260201"), (52, "20240201")):
        for number in range(1, IMAGES + 1):
            image = Image(study, 1, number, number, {**person, "StudyDate": day})
            orthanc.fetch("POST", "/instances", image.encoded())
    run(listening_site, *at["dimse"], "--uid", Image(51).study_uid)
    here = wait_until_here(listening_site.database, Image(52).study_uid, IMAGES, 120)
    assert here.instances == IMAGES
