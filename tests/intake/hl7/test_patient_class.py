"""The patient's class: out of orders, admissions and images, to the rules that ask for it."""

from __future__ import annotations

import socket
import threading
import time
from datetime import timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from deliveries import Desk, add_destination, add_done
from hl7_orders import admission, order
from received_images import Image, spooled
from sqlalchemy import select
from store_cases import NOW, add_study
from waiting import free_port

from heimdallr.config import Settings
from heimdallr.delivery.outbox import undecided_rules
from heimdallr.delivery.rules import Conditions
from heimdallr.hl7v2.acknowledgement import read_acknowledgement
from heimdallr.hl7v2.mllp import FrameReader, framed
from heimdallr.hl7v2.syntax import read
from heimdallr.intake.hl7.answering import Answering
from heimdallr.intake.hl7.server import Hl7Server
from heimdallr.intake.recorder import record_batch
from heimdallr.store.delivery_tables import OutboxRow
from heimdallr.store.layout import data_folders
from heimdallr.store.models import Event, Patient, Study
from heimdallr.store.patient_classes import PatientClassRow
from heimdallr.store.reading.patient_class import SILENT, StudyClass, class_of
from heimdallr.store.upkeep.deletion import delete_study

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heimdallr.store.database import Database

EVENING = NOW.replace(hour=23)
IN_ORDER = "PV1|1|E" + "|" * 17 + "V-9"


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Days are this machine's; it stands in Greenwich."""
    with monkeypatch.context() as here:
        here.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def told(database: Database, *messages: bytes) -> list[str]:
    """Let other systems say this; what each was answered."""
    answers = []
    for content in messages:
        answering = Answering(database, lambda: EVENING, timezone.utc)
        answer = read_acknowledgement(read(answering.answer(content, "10.1.2.3")))
        assert answer is not None
        answers.append(" ".join([answer.code, *(one.code for one in answer.complaints)]))
    return answers


def known(database: Database) -> str:
    """The class of a study of the first of February."""
    with database.write() as session:
        row = session.scalars(select(Study)).one_or_none() or add_study(session)
        return class_of(session, row).patient_class


@pytest.mark.parametrize(
    ("code", "expected", "answer"),
    [
        ("E", "emergency", "AA"),
        ("I^Inpatient^HL70004", "inpatient", "AA"),
        ("O", "outpatient", "AA"),
        ("P", "preadmit", "AA"),
        ("R", "recurring", "AA"),
        ("B", "obstetrics", "AA"),
        ("C", "commercial", "AA"),
        ("N", "unknown", "AA"),
        ("U", "unknown", "AA"),
        ('""', "unknown", "AA"),
        ("", "unknown", "AA"),
        ("DS", "unknown", "AA 103"),
        ("i", "unknown", "AA 103"),
    ],
)
def test_codes_of_table_0004(database: Database, code: str, expected: str, answer: str) -> None:
    """A code of the house's own is told its sender; nothing is guessed of it."""
    assert told(database, admission("A01", code, at="20260201080000")) == [answer]
    assert known(database) == expected


def test_a_class_changes_with_later_messages_only(database: Database) -> None:
    """Emergency, admitted (A06), and back (A07); what was said before that and comes late is late.

    A message without a class leaves it as it is.
    """
    steps = [
        ("A04", "E", "20260201080000", "emergency"),
        ("A06", "I", "20260201100000", "inpatient"),
        ("A08", "E", "20260201090000", "inpatient"),
        ("A08", "U", "20260201110000", "inpatient"),
        ("A07", "O", "20260201120000", "outpatient"),
        ("A02", "I", "20260201120000", "inpatient"),
    ]
    for event, code, at, expected in steps:
        assert told(database, admission(event, code, at=at)) == ["AA"]
        assert known(database) == expected, (event, at)


def test_a_clock_that_is_fast_does_not_have_the_last_word_for_ever(database: Database) -> None:
    """Nothing is said later than now."""
    told(database, admission("A01", "I", at="20990101"))
    assert known(database) == "inpatient"
    told(database, admission("A07", "O", at="20990101"))
    assert known(database) == "outpatient"


def test_an_order_ties_its_study_to_a_visit(database: Database) -> None:
    """What is said of that visit counts, also later; what is said of another does not."""
    told(
        database,
        order(visit=IN_ORDER),
        admission("A01", "O", at="20260201110000", visit="PHYSIO"),
    )
    assert known(database) == "emergency"
    told(database, admission("A06", "I", at="20260201150000"))
    assert known(database) == "inpatient"


def test_an_old_order_without_a_visit_gives_way_to_an_admission(database: Database) -> None:
    """Ordered of an outpatient, who has been admitted since."""
    told(database, order(visit="PV1|1|O"))
    assert known(database) == "outpatient"
    told(database, admission("A01", "I", at="20260201090000", began="20260201"))
    assert known(database) == "outpatient", "what was ordered at 11 UTC came after"
    told(database, admission("A01", "I", at="20260201113000", visit="V-10"))
    assert known(database) == "inpatient"


def test_images_name_their_visit_or_the_class_itself(database: Database) -> None:
    """AdmissionID before anything else; Route of Admissions only as a code of table 0004."""
    told(
        database,
        admission("A01", "I", at="20260201090000", visit="", account="A-1"),
        admission("A04", "E", at="20260201100000", visit="V-2"),
    )
    with database.write() as session:
        for key, columns, expected in (
            ("1", {"visit": "A-1", "route": "O"}, "inpatient"),
            ("2", {"visit": "A-3", "route": "O"}, "outpatient"),
            ("3", {"route": "ER"}, "emergency"),
            ("4", {"route": "O", "patient_id": "P-78"}, "outpatient"),
            ("5", {"route": "O", "patients": 2}, "unknown"),
            ("6", {"patient_id": ""}, "unknown"),
        ):
            study = add_study(session, f"1.2.{key}", **columns)
            assert class_of(session, study).patient_class == expected, key
        assert class_of(session, session.get_one(Study, 4)) == StudyClass("outpatient", "images")


def test_the_visit_a_day_falls_into(database: Database) -> None:
    """Not one that ended before, has not begun, or of which nothing was said for too long."""
    told(
        database,
        admission("A01", "I", at="20260101120000", visit="V-1", began="20251230"),
        admission("A03", "I", at="20260110120000", visit="V-1"),
        admission("A04", "O", at="20260120120000", visit="V-2"),
        admission("A04", "R", at="20260118120000", visit="V-3"),
    )
    silent = SILENT.days
    expected = {
        "20251229": "unknown",
        "20251230": "inpatient",
        "20260110": "inpatient",
        "20260111": "unknown",
        "20260118": "recurring",
        "20260121": "outpatient",
        f"{(NOW.replace(month=1, day=20) + timedelta(days=silent)):%Y%m%d}": "outpatient",
        f"{(NOW.replace(month=1, day=20) + timedelta(days=silent + 1)):%Y%m%d}": "unknown",
    }
    with database.write() as session:
        found = {
            day: class_of(session, add_study(session, f"1.2.{day}", study_date=day)).patient_class
            for day in expected
        }
    assert found == expected


def test_discharged_not_discharged_not_admitted(database: Database) -> None:
    """A13 takes an A03 back, A11 an A01; without a number, a new admission is another visit."""
    told(
        database,
        admission("A01", "I", at="20260110120000", visit=""),
        admission("A03", "I", at="20260111120000", visit="", ended="20260110"),
    )
    assert known(database) == "unknown"
    told(database, admission("A08", "I", at="20260112", visit=""))
    assert known(database) == "unknown", "news of a visit that is over"
    told(database, admission("A13", "I", at="20260113", visit=""))
    assert known(database) == "inpatient"
    told(database, admission("A03", "I", at="20260114", visit=""))
    told(database, admission("A04", "O", at="20260201", visit=""))
    assert known(database) == "outpatient"
    with database.read() as session:
        assert session.scalars(select(PatientClassRow.began_at)).one().day == 1
    assert told(database, admission("A11", "O", at="20260131", visit="")) == ["AA"]
    assert known(database) == "outpatient", "older than what is known"
    told(database, admission("A11", "O", at="20260202", visit=""))
    assert known(database) == "unknown"
    assert told(database, admission("A11", "O", at="20260202", visit="")) == ["AA"]


def test_whose_class_it_is(database: Database) -> None:
    """Issuers count where both sides name one; a merge (A40) is not read, and said so.

    A study whose images come again with another number has the class that is said of that one.
    """
    assert told(
        database,
        admission("A01", "I", at="20260201", patient="P-77^^^CLINIC^MR"),
        admission("A04", "E", at="20260201", patient="P-78"),
        admission("A40", "I", at="20260201"),
    ) == ["AA", "AA", "AR 201"]
    assert known(database) == "inpatient"
    with database.write() as session:
        session.scalars(select(Patient)).one().issuer = "HOSPITAL"
    assert known(database) == "unknown"
    with database.write() as session:
        session.scalars(select(Study)).one().patient_id = "P-78"
    assert known(database) == "emergency"


def test_numbers_that_no_image_has_are_not_kept(database: Database) -> None:
    """PatientID has 64 characters at most."""
    assert told(database, admission("A01", "I", at="20260201", patient="P" * 65)) == ["AA"]
    with database.read() as session:
        assert session.scalars(select(PatientClassRow)).all() == []


def test_recorded_images_say_their_visit(database: Database, tmp_path: Path) -> None:
    """As an archive that merges order and images sends them; a correction counts."""
    folders = data_folders(Settings(data_dir=tmp_path / "data"))
    folders.create()
    corrected: tuple[dict[str, object], ...] = (
        {},
        {"AdmissionID": "V-9", "RouteOfAdmissions": "E"},
        {"AdmissionID": "V-9", "RouteOfAdmissions": "I"},
    )
    for tags in corrected:
        batch = spooled(folders.spool, [Image(tags=tags)])
        record_batch(database, folders, batch.folder)
    with database.read() as session:
        study = session.scalars(select(Study)).one()
        assert (study.visit, study.route) == ("V-9", "I")
        assert class_of(session, study) == StudyClass("inpatient", "images")
    told(database, admission("A07", "O", at="20260201", patient=study.patient_id))
    with database.read() as session:
        assert class_of(session, study).patient_class == "outpatient"


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    """A deliverer whose clock stands still."""
    folders = data_folders(Settings(data_dir=tmp_path / "data"))
    folders.create()
    return Desk(database, folders)


def sent_to(desk: Desk) -> list[str]:
    """Who is owed something."""
    desk.expand()
    with desk.database.read() as session:
        return sorted(set(session.scalars(select(OutboxRow.destination))))


def test_a_message_over_a_socket_decides_what_a_rule_sends(desk: Desk) -> None:
    """From the interface engine's frame to the outbox."""
    for name, classes in (
        ("ward", ("inpatient",)),
        ("desk", ("outpatient", "emergency")),
        ("nobody", ("unknown",)),
    ):
        add_destination(desk.database, name, conditions=Conditions(patient_classes=classes))
    port = free_port()
    server = Hl7Server(
        Settings(hl7_port=port), Answering(desk.database, lambda: EVENING, timezone.utc)
    )
    server.step()  # opens the port
    serving = threading.Thread(target=server.step, daemon=True)
    serving.start()
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        for code, event in (("E", "A04"), ("I", "A06")):
            connection.sendall(framed(admission(event, code, at="20260201080000")))
            content = FrameReader(connection, 2**20).next(5.0)
            assert content is not None
            answer = read_acknowledgement(read(content))
            assert answer is not None
            assert answer.code == "AA"
    serving.join()
    server.close()
    add_done(desk.database, desk.folders)
    assert sent_to(desk) == ["ward"]


def test_a_class_nobody_said_fits_no_rule_but_one_for_it_and_the_study_says_why(
    desk: Desk,
) -> None:
    """What a rule does not send for want of a class stands in the timeline and on the page."""
    for name, conditions in (
        ("ward", Conditions(patient_classes=("inpatient",))),
        ("other", Conditions(patient_classes=("inpatient",), modalities=("MR",))),
        ("nobody", Conditions(patient_classes=("unknown", "inpatient"))),
    ):
        add_destination(desk.database, name, conditions=conditions)
    study_id = add_done(desk.database, desk.folders)
    assert sent_to(desk) == ["nobody"]
    with desk.database.read() as session:
        study = session.get_one(Study, study_id)
        notes = session.scalars(select(Event.message).where(Event.kind == "delivery")).all()
        assert undecided_rules(session, study) == ["all to ward"]
    assert notes == ["not sent by rule all to ward: the patient's class is not known"]
    told(desk.database, admission("A01", "O", at="20260201"))
    with desk.database.read() as session:
        assert undecided_rules(session, study) == []


def test_a_class_goes_with_the_study(desk: Desk) -> None:
    """That of its order at once, the rest with the patient's last study."""
    with desk.database.write() as session:
        first = add_study(session, "1.2.1", accession_number="123456").id
        second = add_study(session, "1.2.2", accession_number="9").id
    told(
        desk.database,
        order(visit=IN_ORDER),
        admission("A01", "I", at="20260201"),
        admission("A01", "I", at="20260201", patient="P-78"),
    )

    def left() -> list[tuple[str, str]]:
        with desk.database.read() as session:
            rows = session.scalars(select(PatientClassRow).order_by(PatientClassRow.id))
            return [(row.patient_id, row.accession_number) for row in rows]

    assert left() == [("P-77", "123456"), ("P-77", ""), ("P-78", "")]
    delete_study(desk.database, desk.folders, first, NOW, "ana")
    assert left() == [("P-77", ""), ("P-78", "")]
    delete_study(desk.database, desk.folders, second, NOW, "ana")
    assert left() == [("P-78", "")]
