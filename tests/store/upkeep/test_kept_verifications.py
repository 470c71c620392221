"""Who verified results, in the case folder too: written, taken away, and read when all is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from deliveries import add_done, correct, publish_anew, verify_study
from hand_made_corrections import HandMade, add_case, drawn
from sqlalchemy import delete, select
from store_cases import NOW

from heimdallr.config import Settings
from heimdallr.corrections.difference import labels_version
from heimdallr.domain.verification import Verified
from heimdallr.publishing.schema import read_results
from heimdallr.publishing.verification_file import VERIFICATION_FILE, read_verification
from heimdallr.store.delivery_tables import DeliveryNews
from heimdallr.store.layout import DataFolders, data_folders
from heimdallr.store.models import Study
from heimdallr.store.study_verifications import StudyVerificationRow
from heimdallr.store.upkeep import kept_verifications
from heimdallr.store.upkeep.applying import apply_pending
from heimdallr.store.upkeep.correcting import save
from heimdallr.store.upkeep.rebuild import rebuild
from heimdallr.store.work import verification

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.store.database import Database


class House:
    """A database and a data folder with one study."""

    def __init__(self, database: Database, folders: DataFolders) -> None:
        self.database, self.folders = database, folders
        self.study = add_done(database, folders)
        self.case = folders.output / "SilvaMJ_20260201_1"

    def verify(self, *, kept: bool = True) -> None:
        """Ana verifies the results."""
        verify_study(self.database, self.folders, self.study)
        if kept:
            kept_verifications.follow(self.database, self.folders, self.study)

    def take_back(self, *, kept: bool = True) -> None:
        """She takes it back."""
        with self.database.write() as session:
            study = session.get_one(Study, self.study)
            verification.take_back(session, study, "user:ana", NOW, send_unverified=True)
        if kept:
            kept_verifications.follow(self.database, self.folders, self.study)

    def start(self) -> None:
        """The next start."""
        kept_verifications.follow_pending(self.database, self.folders)

    def lose(self) -> None:
        """Lose the database, and make it anew of the folders."""
        with self.database.write() as session:
            session.execute(delete(Study))
        self.rebuild()
        with self.database.read() as session:
            self.study = session.scalars(select(Study.id)).one()

    def rebuild(self) -> int:
        """`heimdallr rebuild-index`; how many verifications are taken over."""
        return rebuild(self.database, self.folders, NOW).verified

    def said(self) -> tuple[Verified, str | None, bool]:
        """What the rows say: verified, by whom; and whether results are withheld."""
        with self.database.read() as session:
            study = session.get_one(Study, self.study)
            row = session.get(StudyVerificationRow, self.study)
            by = row.verified_by if row else None
            return study.verified, by, verification.is_withheld(study, send_unverified=True)

    def news(self) -> int:
        """How much there is to be told, or held."""
        with self.database.read() as session:
            return len(session.scalars(select(DeliveryNews)).all())

    def in_folder(self) -> str | None:
        """Who verified, as the folder has it."""
        record = read_verification(self.case)
        return record.by if record else None


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """On both databases."""
    folders = data_folders(Settings(data_dir=tmp_path / "data"))
    folders.create()
    return House(database, folders)


def test_the_folder_says_who_verified_what_and_when(house: House) -> None:
    """Taken back it is gone; said again by nobody else it is the same file."""
    house.verify()
    record, file = read_verification(house.case), house.case / VERIFICATION_FILE
    assert record is not None
    assert record.by == "user:ana"
    assert record.results_created_at == read_results(house.case).provenance.created_at
    written = file.stat().st_ino
    house.verify()
    assert file.stat().st_ino == written
    house.take_back()
    assert not file.exists()
    with house.database.read() as session:
        assert session.scalars(select(StudyVerificationRow)).all() == []


def test_a_kill_between_row_and_folder_is_made_up_for(house: House) -> None:
    """The row holds at once; the next start lets the folder follow, also of what was taken back."""
    house.verify(kept=False)
    assert (house.said()[0], house.in_folder()) == (Verified.YES, None)
    house.start()
    assert house.in_folder() == "user:ana"
    house.take_back(kept=False)
    assert (house.said()[0], house.in_folder()) == (Verified.NO, "user:ana")
    assert house.rebuild() == 0
    assert house.said()[0] is Verified.NO
    house.start()
    assert (house.said(), house.in_folder()) == ((Verified.NO, None, False), None)


def test_a_folder_that_cannot_be_written_follows_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person's word holds all the same."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(kept_verifications, "write_verification", full)
        house.verify()
    assert (house.said()[0], house.in_folder()) == (Verified.YES, None)
    house.start()
    assert house.in_folder() == "user:ana"


def test_an_index_made_anew_knows_who_verified(house: House) -> None:
    """Corrected results that a person verified are not withheld, and nobody is told again."""
    correct(house.database, house.folders, house.study)
    house.verify()
    house.lose()
    assert house.said() == (Verified.YES, "user:ana", False)
    assert house.news() == 0
    assert house.rebuild() == 0
    assert house.said() == (Verified.YES, "user:ana", False)
    house.take_back()
    assert house.in_folder() is None


def test_a_verification_of_results_that_were_replaced_is_not_current(house: House) -> None:
    """It is on record, and corrected results wait for a person."""
    house.verify()
    correct(house.database, house.folders, house.study)
    house.lose()
    assert house.said() == (Verified.OUTDATED, "user:ana", True)
    publish_anew(house.database, house.folders, house.study)
    house.lose()
    assert house.said() == (Verified.OUTDATED, "user:ana", False)


@pytest.mark.parametrize(
    "content", ["", "{}", '{"by": 7}', json.dumps({"by": "user:ana", "at": "soon"})]
)
def test_a_damaged_file_is_nobodys_word(house: House, content: str) -> None:
    """Nor is there one in older folders."""
    correct(house.database, house.folders, house.study)
    (house.case / VERIFICATION_FILE).write_text(content)
    house.lose()
    assert house.said() == (Verified.NO, None, True)


def test_a_folder_gives_a_study_that_is_known_no_authority(house: House) -> None:
    """A file put there, or a database out of an older backup: a person has to verify anew."""
    correct(house.database, house.folders, house.study)
    house.verify()
    with house.database.write() as session:
        verification.forget_verification(session, session.get_one(Study, house.study))
    assert house.rebuild() == 0
    assert house.said() == (Verified.OUTDATED, "user:ana", True)
    house.verify()
    assert house.said() == (Verified.YES, "user:ana", False)


def test_of_two_words_the_databases_counts(house: House) -> None:
    """The folder follows it, not the other way round."""
    house.verify()
    file = house.case / VERIFICATION_FILE
    file.write_text(file.read_text().replace("user:ana", "user:mallory"))
    house.rebuild()
    house.start()
    assert (house.said()[1], house.in_folder()) == ("user:ana", "user:ana")
    file.unlink()
    house.rebuild()
    house.start()
    assert house.in_folder() == "user:ana"


def test_what_is_taken_back_while_a_folder_is_built_does_not_come_back(
    database: Database, tmp_path: Path
) -> None:
    """The folder was begun when it still held."""
    folders = data_folders(Settings(data_dir=tmp_path / "data"))
    folders.create()
    house = House(database, folders)
    house.study, house.case = add_case(database, folders)
    house.verify()
    number = save(database, folders, house.study, drawn(labels_version(house.case)), b"changed")
    build = HandMade(before_last_word=house.take_back)
    apply_pending(database, folders, house.study, number, build, NOW)
    assert (house.said()[:2], house.in_folder()) == ((Verified.NO, None), None)
