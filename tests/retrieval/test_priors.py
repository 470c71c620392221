"""Earlier studies on arrival: whose, which, when, and how often an archive is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from received_images import START, FakeClock, Image, spooled
from sqlalchemy import select, update

from heimdallr.domain.errors import ArchiveError
from heimdallr.domain.statements import Statement
from heimdallr.intake.declare_complete import complete_studies
from heimdallr.intake.recorder import record_batch
from heimdallr.preparation.persons import Named
from heimdallr.retrieval import service
from heimdallr.retrieval.archive import FoundStudy, Query, Retrieved
from heimdallr.retrieval.priors import Arrived, choose, is_open
from heimdallr.retrieval.service import SAME_DAY, WAITS, Priors
from heimdallr.store.database import Database
from heimdallr.store.fetch_requests import PRIOR, FetchRequest, FetchState
from heimdallr.store.models import ROUTINE, Event, Study, StudyState
from heimdallr.store.work.lifecycle import lacking_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from fetching_site import Site
    from sqlalchemy.orm import Session

PERSON = Named("P1", "SILVA^MARÍA", "19600201")
ARRIVED = Arrived("1.2.9", PERSON, "HOSPITAL", "20260201")
TODAY = date(2026, 2, 3)


def found(uid: str, study_date: str = "20250101", **more: str) -> FoundStudy:
    """A CT of the person."""
    told = {"patient_id": "P1", "patient_name": "Silva^Maria", "birth_date": "19600201", **more}
    return FoundStudy(
        uid,
        study_date=study_date,
        modalities=("CT", "SR"),
        patient_id=told["patient_id"],
        issuer=told.get("issuer", ""),
        patient_name=told["patient_name"],
        birth_date=told["birth_date"],
    )


def chosen(*studies: FoundStudy, most: int = 3, years: float = 5) -> list[str]:
    """UIDs of those that are fetched."""
    wanted = choose(studies, ARRIVED, most=most, years=years, today=TODAY)
    return [one.study_instance_uid for one in wanted]


def test_the_newest_earlier_ones_are_chosen() -> None:
    """No later one, none without a date, none too old, no ultrasound, not the study itself."""
    studies = (
        found("1.1", "20240101"),
        found("1.2", "20260201"),
        found("1.3", "20260202"),
        found("1.4", ""),
        found("1.5", "20200101"),
        replace(found("1.6", "20251231"), modalities=("US",)),
        replace(found("1.7", "20230101"), modalities=()),
        found("1.2.9", "20260131"),
        found("1.8", "20220101"),
    )
    assert chosen(*studies) == ["1.2", "1.1", "1.7"]
    assert chosen(*studies, most=1) == ["1.2"]


@pytest.mark.parametrize(
    "other",
    [
        {"patient_id": "P10"},
        {"issuer": "ELSEWHERE"},
        {"birth_date": "19600202"},
        {"patient_name": "SOUZA^PEDRO", "birth_date": ""},
        {"patient_name": "", "birth_date": ""},
    ],
)
def test_another_person_s_number_is_not_enough(other: dict[str, str]) -> None:
    """Whatever contradicts, or says nothing beside the number, is not fetched."""
    assert not chosen(found("1.1", **other))


@pytest.mark.parametrize(
    "same",
    [
        {"issuer": "HOSPITAL"},
        {"patient_name": "SILVA MARIA", "birth_date": ""},
        {"patient_name": ""},
        {"patient_name": "SOUZA^MARIA"},
    ],
)
def test_one_person_is_written_in_many_ways(same: dict[str, str]) -> None:
    """Married, without accents, without a birth date."""
    assert chosen(found("1.1", **same)) == ["1.1"]


@pytest.mark.parametrize(
    ("hours", "open_at"),
    [("", set(range(24))), ("19-22", {19, 20, 21}), ("22-02", {22, 23, 0, 1}), ("07-07", set())],
)
def test_hours(hours: str, open_at: set[int]) -> None:
    """Over midnight, too; of an empty window nothing comes."""
    day = datetime(2026, 2, 1)  # noqa: DTZ001 - local time
    assert {hour for hour in range(24) if is_open(hours, day.replace(hour=hour))} == open_at


class ArchiveOfImages:
    """Has earlier studies of patient P1, and brings them into the spool.

    Attributes:
        asked: PatientIDs and StudyInstanceUIDs it was asked for.
        error: what it says to everything.
        unusable: files that it sends along with every study.
        kept_back: how many images of every study it cannot send.
        sop_classes: what it says that every study has.
        fetched: the studies it was asked to send, as they were described to it.
        dies_after: an image that still arrives before whoever asks is killed.
    """

    def __init__(self, site: Site, images: Sequence[Image]) -> None:
        self._site, self._images = site, images
        self.asked: list[str] = []
        self.error: ArchiveError | None = None
        self.unusable: list[bytes] = []
        self.kept_back = 0
        self.sop_classes: tuple[str, ...] = ()
        self.fetched: list[FoundStudy] = []
        self.dies_after: Image | None = None

    def find(self, query: Query) -> Sequence[FoundStudy]:
        """What it has of a patient, or of a study."""
        self.asked.append(query.patient_id or f"? {query.study_instance_uid}")
        self._refuse()
        return [
            FoundStudy(
                one.study_uid,
                study_date=str(one.tags["StudyDate"]),
                modalities=("CT",),
                patient_id="P1",
                patient_name="SILVA^MARÍA 1",
                birth_date="19600201",
                sop_classes=self.sop_classes,
            )
            for one in self._images
            if query.study_instance_uid in {"", one.study_uid}
        ]

    def fetch(self, study: FoundStudy) -> Retrieved:
        """One image of each study."""
        self.asked.append(study.study_instance_uid)
        self.fetched.append(study)
        self._refuse()
        if self.dies_after is not None:
            receive(self._site, self.dies_after)
            raise KeyboardInterrupt
        images = [one for one in self._images if one.study_uid == study.study_instance_uid]
        batch = spooled(self._site.folders.spool, [*images, *self.unusable])
        sent = len(images) + len(self.unusable)
        return Retrieved(sent, self.kept_back, why=self._part(sent), batches=(batch.folder,))

    def _part(self, sent: int) -> Statement | None:
        counts = {"failed": self.kept_back, "count": sent + self.kept_back}
        return Statement("archive_sent_in_part", counts) if self.kept_back else None

    def _refuse(self) -> None:
        if self.error is not None:
            raise self.error


def earlier(study: int, study_date: str) -> Image:
    """An image of an earlier study of patient P1."""
    tags = {"PatientID": "P1", "PatientName": "SILVA^MARÍA 1", "StudyDate": study_date}
    return Image(study, tags=dict(tags))


def receive(site: Site, image: Image) -> int:
    """A study arrives and is complete; its number."""
    batch = spooled(site.folders.spool, [image])
    (study,) = record_batch(site.database, site.folders, batch.folder, lambda: START).studies
    complete_studies(site.database, site.settings, site.folders, [study.id], START)
    return study.id


@pytest.fixture
def clock() -> FakeClock:
    """Stands still until it is moved."""
    return FakeClock()


@pytest.fixture
def archive(quiet_site: Site) -> ArchiveOfImages:
    """Three earlier studies."""
    dates = {21: "20250101", 22: "20240101", 23: "20230101"}
    return ArchiveOfImages(quiet_site, [earlier(study, day) for study, day in dates.items()])


def priors_of(site: Site, archive: ArchiveOfImages, clock: FakeClock, **settings: object) -> Priors:
    """The loop, stepped by hand."""
    changed = site.settings.model_copy(update={"priors_max": 2, **settings})
    return Priors(site.database, changed, site.folders, archive, now=clock.now, local=clock.now)


def run_all(priors: Priors) -> None:
    """Do all that is due."""
    while priors.step():
        pass


def run_for_days(priors: Priors, clock: FakeClock) -> None:
    """Do all that is due, again after each wait there is."""
    for wait in (timedelta(), *WAITS):
        clock.pass_s(wait.total_seconds())
        run_all(priors)


def requests(site: Site) -> list[tuple[str, FetchState, int]]:
    """Every request: what, how far, how often tried."""
    with site.database.read() as session:
        rows = session.scalars(select(FetchRequest).order_by(FetchRequest.id))
        return [(one.study_instance_uid, one.state, one.attempts) for one in rows]


def test_what_is_not_here_is_fetched_after_all_that_was_sent(
    quiet_site: Site, archive: ArchiveOfImages, clock: FakeClock
) -> None:
    """Two at most, with a low priority; they are no reason to look for more."""
    receive(quiet_site, Image(1))
    priors = priors_of(quiet_site, archive, clock)
    run_all(priors)
    assert archive.asked == ["P1", Image(21).study_uid, Image(22).study_uid]
    assert {state for _, state, _ in requests(quiet_site)} == {FetchState.DONE}
    with quiet_site.database.read() as session:
        studies = session.scalars(select(Study).order_by(Study.study_date)).all()
        said = session.scalars(select(Event.message).where(Event.kind == "priors")).all()
    assert [one.priority for one in studies] == [PRIOR, PRIOR, 10]
    assert {one.state for one in studies} == {StudyState.QUEUED}
    assert said == ["2 earlier studies are fetched from the archive"]


def test_what_is_here_is_not_fetched_again(
    quiet_site: Site, archive: ArchiveOfImages, clock: FakeClock
) -> None:
    """It counts among the two that are wanted."""
    long_ago = receive(quiet_site, earlier(21, "20250101"))
    with quiet_site.database.write() as session:
        session.get_one(Study, long_ago).completed_at = START - timedelta(days=300)
    receive(quiet_site, Image(1))
    priors = priors_of(quiet_site, archive, clock)
    run_all(priors)
    assert Image(21).study_uid not in archive.asked
    assert Image(22).study_uid in archive.asked
    assert Image(23).study_uid not in archive.asked


def test_a_study_of_the_same_day_is_given_time_to_be_sent(
    quiet_site: Site, archive: ArchiveOfImages, clock: FakeClock
) -> None:
    """Head and trunk are two studies: when it is sent, it is a study like every other."""
    trunk, never_sent = earlier(24, "20260201"), earlier(25, "20260201")
    archive._images = [trunk, never_sent]
    receive(quiet_site, Image(1, tags={"StudyDate": "20260201"}))
    priors = priors_of(quiet_site, archive, clock)
    run_all(priors)
    assert archive.asked == ["P1"]
    receive(quiet_site, trunk)
    run_all(priors)
    assert archive.asked == ["P1", "P1"], "its own earlier ones are looked for too"
    clock.pass_s(SAME_DAY.total_seconds())
    run_all(priors)
    assert archive.asked == ["P1", "P1", never_sent.study_uid]
    with quiet_site.database.read() as session:
        urgency = {one.key: one.priority for one in session.scalars(select(Study))}
    assert urgency == {
        Image(1).study_uid: ROUTINE, trunk.study_uid: ROUTINE, never_sent.study_uid: PRIOR,
    }  # fmt: skip


def test_an_archive_that_is_away_is_asked_again_later(
    quiet_site: Site, archive: ArchiveOfImages, clock: FakeClock
) -> None:
    """After a minute, then later and later, until it is given up and said to be."""
    receive(quiet_site, Image(1))
    priors = priors_of(quiet_site, archive, clock)
    archive.error = ArchiveError(Statement("archive_gone"), again=True)
    for wait in WAITS:
        assert priors.step()
        assert not priors.step(), "not before its time"
        clock.pass_s(wait.total_seconds())
    assert priors.step()
    assert requests(quiet_site) == [("", FetchState.GIVEN_UP, len(WAITS) + 1)]
    with quiet_site.database.read() as session:
        row = session.scalars(select(FetchRequest)).one()
        said = session.scalars(select(Event.message).where(Event.kind == "priors")).one()
    assert row.reason == {"code": "archive_gone", "parameters": {}}
    assert "was not fetched: the archive broke off" in said


def test_a_refusal_ends_it_at_once(
    quiet_site: Site, archive: ArchiveOfImages, clock: FakeClock
) -> None:
    """Asking again would not help."""
    receive(quiet_site, Image(1))
    archive.error = ArchiveError(Statement("archive_refuses", {"status": "0x0122"}))
    priors = priors_of(quiet_site, archive, clock)
    assert priors.step()
    assert requests(quiet_site) == [("", FetchState.REFUSED, 1)]


def test_a_kill_in_the_middle_leaves_the_request(
    quiet_site: Site, archive: ArchiveOfImages, clock: FakeClock
) -> None:
    """The next one fetches the study again, although a part of it is here by then."""
    receive(quiet_site, Image(1))
    priors = priors_of(quiet_site, archive, clock, priors_max=1)
    assert priors.step()
    archive.dies_after = earlier(21, "20250101")
    with pytest.raises(KeyboardInterrupt):
        priors.step()
    archive.dies_after = None
    assert requests(quiet_site)[1] == (Image(21).study_uid, FetchState.WAITING, 1)
    assert priors_of(quiet_site, archive, clock).step()
    assert archive.asked.count(Image(21).study_uid) == 2
    assert requests(quiet_site)[1][1] is FetchState.DONE


@pytest.mark.parametrize("transactions", range(8))
def test_a_kill_between_any_two_transactions_stops_nothing_for_good(
    quiet_site: Site,
    archive: ArchiveOfImages,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    transactions: int,
) -> None:
    """The next process ends the search, and fetches each study that it found."""
    write, left = Database.write, iter(range(transactions))

    def write_until_killed(database: Database) -> AbstractContextManager[Session]:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return write(database)

    receive(quiet_site, Image(1))
    with monkeypatch.context() as dying:
        dying.setattr(Database, "write", write_until_killed)
        priors = priors_of(quiet_site, archive, clock)
        with pytest.raises(KeyboardInterrupt):
            run_all(priors)
    run_all(priors_of(quiet_site, archive, clock))
    assert [(uid, state) for uid, state, _ in requests(quiet_site)] == [
        ("", FetchState.DONE),
        (Image(21).study_uid, FetchState.DONE),
        (Image(22).study_uid, FetchState.DONE),
    ]


def test_a_search_whose_studies_are_asked_for_already_ends(
    quiet_site: Site, archive: ArchiveOfImages, clock: FakeClock
) -> None:
    """A request that is there stays, and does not keep the others from being made."""
    number, later = receive(quiet_site, Image(1)), START + timedelta(hours=1)
    kept = FetchRequest(
        study_fk=number,
        study_instance_uid=Image(21).study_uid,
        next_attempt_at=later,
        created_at=START,
    )
    with quiet_site.database.write() as session:
        session.add(kept)
    priors = priors_of(quiet_site, archive, clock)
    run_all(priors)
    assert requests(quiet_site) == [
        (Image(21).study_uid, FetchState.WAITING, 0),
        ("", FetchState.DONE, 1),
        (Image(22).study_uid, FetchState.DONE, 1),
    ]


def test_an_instance_that_cannot_be_used_is_asked_for_once_more(
    quiet_site: Site,
    archive: ArchiveOfImages,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Then the study counts as fetched, with the reason; the other images are here."""
    monkeypatch.setattr(service, "ARRIVAL_S", 0.0)
    receive(quiet_site, Image(1))
    archive.unusable = [b"no DICOM file"]
    priors = priors_of(quiet_site, archive, clock, priors_max=1)
    run_for_days(priors, clock)
    assert archive.asked.count(Image(21).study_uid) == 2
    assert requests(quiet_site)[1] == (Image(21).study_uid, FetchState.DONE, 2)
    with quiet_site.database.read() as session:
        row = session.get_one(FetchRequest, 2)
        said = session.scalars(select(Event.message).where(Event.kind == "priors")).all()
    assert (row.found, row.reason) == (
        1,
        {"code": "archive_sent_but_not_here", "parameters": {"count": 2, "here": 1}},
    )
    assert said == ["1 earlier studies are fetched from the archive"]


def test_an_image_that_the_archive_cannot_send_is_asked_for_once_more(
    quiet_site: Site, archive: ArchiveOfImages, clock: FakeClock
) -> None:
    """What is here counts as fetched, and it is said that something is missing."""
    receive(quiet_site, Image(1))
    archive.kept_back = 1
    priors = priors_of(quiet_site, archive, clock, priors_max=1)
    run_for_days(priors, clock)
    assert archive.asked.count(Image(21).study_uid) == 2
    assert requests(quiet_site)[1] == (Image(21).study_uid, FetchState.DONE, 2)
    with quiet_site.database.read() as session:
        row = session.get_one(FetchRequest, 2)
        said = session.scalars(select(Event.message).where(Event.kind == "priors")).all()
    assert (row.found, row.reason) == (
        1,
        {"code": "archive_sent_in_part", "parameters": {"failed": 1, "count": 2}},
    )
    with quiet_site.database.read() as session:
        fetched = select(Study).where(Study.study_instance_uid == Image(21).study_uid)
        assert lacking_of(session, session.scalars(fetched).one()) == (0, 1)
    assert len(said) == 2
    assert said[1].startswith("an earlier study was fetched in part: 1 of 2 images did not come")


def test_a_try_that_brings_less_is_not_the_last(
    quiet_site: Site,
    archive: ArchiveOfImages,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Our disk is full, say: nothing can come for now, and what is here is not all there is."""
    receive(quiet_site, Image(1))
    archive.kept_back = 1
    priors = priors_of(quiet_site, archive, clock, priors_max=1)
    assert priors.step()
    assert priors.step()
    images, archive.kept_back = archive._images, 2
    monkeypatch.setattr(archive, "_images", [])
    clock.pass_s(WAITS[0].total_seconds())
    assert priors.step()
    assert requests(quiet_site)[1] == (Image(21).study_uid, FetchState.WAITING, 2)
    monkeypatch.setattr(archive, "_images", images)
    archive.kept_back = 0
    clock.pass_s(WAITS[1].total_seconds())
    assert priors.step()
    assert requests(quiet_site)[1] == (Image(21).study_uid, FetchState.DONE, 3)


@pytest.mark.parametrize("is_described", [True, False])
def test_with_c_get_the_archive_says_what_the_study_has(
    quiet_site: Site, archive: ArchiveOfImages, clock: FakeClock, *, is_described: bool
) -> None:
    """It is asked just before: there is not room for all SOP classes in one association."""
    receive(quiet_site, Image(1))
    archive.sop_classes = ("1.2.840.10008.5.1.4.1.1.2", "1.3.12.2.1107.5.9.1")
    priors = priors_of(quiet_site, archive, clock, priors_max=1, priors_get=is_described)
    run_all(priors)
    uid = Image(21).study_uid
    assert archive.asked == ["P1", *([f"? {uid}"] if is_described else []), uid]
    told = [one.sop_classes for one in archive.fetched]
    assert told == [archive.sop_classes if is_described else ()]


def test_a_study_of_which_nothing_can_be_used_is_not_fetched(
    quiet_site: Site,
    archive: ArchiveOfImages,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is tried as often as an archive that is away, and said to be missing."""
    monkeypatch.setattr(service, "ARRIVAL_S", 0.0)
    receive(quiet_site, Image(1))
    priors = priors_of(quiet_site, archive, clock, priors_max=1)
    assert priors.step()
    monkeypatch.setattr(archive, "_images", [])
    archive.unusable = [b"no DICOM file"]
    for wait in (timedelta(), *WAITS):
        clock.pass_s(wait.total_seconds())
        assert priors.step()
    assert requests(quiet_site)[1][1:] == (FetchState.GIVEN_UP, len(WAITS) + 1)


def test_outside_the_hours_it_is_only_noted(
    quiet_site: Site, archive: ArchiveOfImages, clock: FakeClock
) -> None:
    """Noon; at seven in the evening the archive is asked."""
    receive(quiet_site, Image(1))
    priors = priors_of(quiet_site, archive, clock, priors_hours="19-06")
    assert not priors.step()
    assert requests(quiet_site) == [("", FetchState.WAITING, 0)]
    clock.pass_s(7 * 3600)
    assert priors.step()
    assert archive.asked == ["P1"]


def test_the_history_of_the_house_is_left_alone(
    quiet_site: Site, archive: ArchiveOfImages, clock: FakeClock
) -> None:
    """What was complete long ago, or is held because it names two patients, asks for nothing."""
    receive(quiet_site, Image(1))
    held = receive(quiet_site, Image(2))
    with quiet_site.database.write() as session:
        session.execute(update(Study).where(Study.id == held).values(state=StudyState.HELD))
    clock.pass_s(timedelta(days=4).total_seconds())
    assert not priors_of(quiet_site, archive, clock).step()
    assert requests(quiet_site) == []


def test_a_patient_id_with_a_wildcard_is_not_asked_for(
    quiet_site: Site, archive: ArchiveOfImages, clock: FakeClock
) -> None:
    """An archive would answer with everybody."""
    receive(quiet_site, Image(1, tags={"PatientID": "*"}))
    assert priors_of(quiet_site, archive, clock).step()
    assert archive.asked == []
    assert requests(quiet_site)[0][1] is FetchState.REFUSED
