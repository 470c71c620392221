"""The watch folder: whole things are copied in once, and nothing of the user's is touched."""

from __future__ import annotations

import errno
import io
import os
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migrated_database import migrated_database
from received_images import FakeClock, Image, stack
from sqlalchemy import func, select

from heimdallr.config import Settings
from heimdallr.files import open_regular
from heimdallr.intake import watch
from heimdallr.intake.service import Intake
from heimdallr.intake.uploads import check_room
from heimdallr.intake.watch import LOOK_EVERY_S, LOOKS, QUIET_S, StabilityRule, WatchFolder
from heimdallr.store.layout import data_folders
from heimdallr.store.models import Event, Instance, Study, StudyState

if TYPE_CHECKING:
    from collections.abc import Iterator


class Desk:
    """A watched folder, and the recorder behind it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "in"
        self.folder.mkdir()
        self.settings = Settings(data_dir=folder / "data", watch_dir=self.folder, disk_reserve_gb=0)
        self.folders = data_folders(self.settings)
        self.folders.create()
        self.database = migrated_database(self.settings)
        self.clock = FakeClock()
        self.restart()

    def restart(self) -> None:
        """Begin anew with what is on the disk."""
        self.watch = WatchFolder(
            self.folder, self.database, self.folders, self.settings, self.clock
        )
        self.intake = Intake(self.database, self.folders, self.settings, self.clock)

    def wait(self) -> int:
        """Look often enough for something to count as whole; batches taken, recorded at once."""
        taken = 0
        for _ in range(LOOKS + int(QUIET_S / LOOK_EVERY_S)):
            self.watch.step()
            taken += len(list(self.folders.spool.iterdir()))
            while self.intake.step():
                pass
            self.clock.pass_s(LOOK_EVERY_S)
        return taken

    def put(self, name: str, images: list[Image]) -> Path:
        """Put a folder there."""
        made = self.folder / name
        made.mkdir(parents=True)
        for number, image in enumerate(images):
            (made / f"IM{number}").write_bytes(image.encoded())
        return made

    def put_zip(self, name: str, members: dict[str, bytes]) -> Path:
        """Put a ZIP there."""
        path = self.folder / name
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return path

    def count(self) -> int:
        """Instances recorded."""
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(Instance)) or 0

    def messages(self, kind: str) -> list[str]:
        """What events of a kind say."""
        with self.database.read() as session:
            return list(session.scalars(select(Event.message).where(Event.kind == kind)))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A watched folder with nothing in it."""
    one = Desk(tmp_path)
    yield one
    one.database.close()


def _snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_folder_and_a_zip_become_studies(desk: Desk) -> None:
    """Complete as soon as they are recorded; the originals stay as they were."""
    desk.put("SILVA^MARIA/series", stack(count=3))
    desk.put_zip("two.ZIP", {f"a/{n}.dcm": Image(2, 1, n).encoded() for n in (1, 2)})
    before = _snapshot(desk.folder)
    assert desk.wait() == 2
    assert desk.count() == 5
    with desk.database.read() as session:
        assert set(session.scalars(select(Study.state))) == {StudyState.QUEUED}
        assert set(session.scalars(select(Study.source))) == {"watch"}
    assert _snapshot(desk.folder) == before
    assert not list(desk.folders.uploads.iterdir())


def test_what_grows_is_waited_for(desk: Desk) -> None:
    """A copy in progress is not half a study."""
    images = stack(count=4)
    made = desk.put("growing", images[:1])
    for number, image in enumerate(images[1:], start=1):
        desk.watch.step()
        desk.clock.pass_s(LOOK_EVERY_S)
        desk.watch.step()
        desk.clock.pass_s(LOOK_EVERY_S)
        (made / f"more{number}").write_bytes(image.encoded())
    assert not list(desk.folders.spool.iterdir())
    assert desk.wait() == 1
    assert desk.count() == 4


def test_nothing_is_taken_twice(desk: Desk) -> None:
    """Not at the next look, not after a restart; a file written anew is looked at again."""
    made = desk.put("one", stack(count=2))
    assert desk.wait() == 1
    assert desk.wait() == 0
    desk.restart()
    assert desk.wait() == 0
    (made / "IM9").write_bytes(Image(number=3).encoded())
    assert desk.wait() == 1
    assert desk.count() == 3


def test_an_identical_find_changes_nothing(desk: Desk) -> None:
    """The same study under another name is known already, and makes no new revision."""
    desk.put("one", stack(count=2))
    desk.wait()
    desk.put("copy", stack(count=2))
    assert desk.wait() == 1
    with desk.database.read() as session:
        study = session.scalars(select(Study)).one()
    assert (study.revision, study.instance_count) == (1, 2)
    assert study.state is StudyState.QUEUED


def test_a_kill_before_it_was_remembered_changes_nothing(desk: Desk) -> None:
    """It is taken again, and its images are known."""
    desk.put("one", stack(count=2))
    desk.wait()
    (desk.folders.state / watch.MEMORY).unlink()
    desk.restart()
    assert desk.wait() == 1
    assert desk.count() == 2
    with desk.database.read() as session:
        assert session.scalars(select(Study.revision)).one() == 1


def test_loose_files_are_one_find(desk: Desk) -> None:
    """Those that are new; one more later does not bring the others again."""
    for image in stack(count=3):
        (desk.folder / f"{image.number}.dcm").write_bytes(image.encoded())
    assert desk.wait() == 1
    assert desk.count() == 3
    desk.restart()
    (desk.folder / "4.dcm").write_bytes(Image(number=4).encoded())
    desk.watch.step()
    for _ in range(6):
        desk.clock.pass_s(LOOK_EVERY_S)
        desk.watch.step()
    (batch,) = desk.folders.spool.iterdir()
    assert len(list(batch.glob("*.dcm"))) == 1


def test_unfinished_and_hidden_things_and_links_are_passed_over(desk: Desk, tmp_path: Path) -> None:
    """What other programs are still writing, or what lies elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.dcm").write_bytes(Image().encoded())
    for name in (".hidden", "a.part", "b.zip.crdownload", "c~"):
        (desk.folder / name).write_bytes(Image().encoded())
    (desk.folder / "link").symlink_to(elsewhere)
    desk.put("one", [Image(2)])
    (desk.folder / "one" / "link.dcm").symlink_to(elsewhere / "secret.dcm")
    assert desk.wait() == 1
    with desk.database.read() as session:
        assert session.scalars(select(Study.key)).all() == [Image(2).study_uid]


def test_a_refused_zip_is_said_once_and_without_its_name(desk: Desk) -> None:
    """An archive that tries to escape; its name may be a patient's."""
    desk.put_zip("SILVA^MARIA.zip", {"../../evil": b"x"})
    (desk.folder / "GEHEIM.zip").write_bytes(b"PK\x03\x04 broken")
    assert desk.wait() == 0
    desk.restart()
    assert desk.wait() == 0
    messages = desk.messages("watch_refused")
    assert len(messages) == 2
    assert any("points outside" in message for message in messages)
    assert not any("SILVA" in message or "GEHEIM" in message for message in messages)
    memory = (desk.folders.state / watch.MEMORY).read_text()
    assert "SILVA" not in memory
    assert len(list(desk.folder.iterdir())) == 2


def test_a_full_disk_makes_a_find_wait(desk: Desk) -> None:
    """It is taken when there is room."""
    desk.put("one", stack(count=2))
    desk.settings = desk.settings.model_copy(update={"disk_reserve_gb": 99_999})
    desk.restart()
    assert desk.wait() == 0
    desk.settings = desk.settings.model_copy(update={"disk_reserve_gb": 0})
    desk.restart()
    assert desk.wait() == 1


def test_a_find_that_changes_while_it_is_copied_is_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it reaches the spool; it is taken when it is quiet again."""
    made = desk.put("one", stack(count=2))
    copy_file = watch._copy_file

    def disturbed(path: Path, copy: Path, folder: Path) -> None:
        copy_file(path, copy, folder)
        (made / "IM0").write_bytes(Image(content=9).encoded() + b"\0\0")

    monkeypatch.setattr(watch, "_copy_file", disturbed)
    for _ in range(6):
        desk.watch.step()
        desk.clock.pass_s(LOOK_EVERY_S)
    assert not list(desk.folders.spool.iterdir())
    assert not list(desk.folders.uploads.iterdir())
    monkeypatch.undo()
    assert desk.wait() == 1


def test_a_folder_that_is_away_is_no_error(desk: Desk) -> None:
    """A network drive that comes and goes; what was taken from it stays known."""
    desk.put("one", stack(count=2))
    desk.wait()
    away = desk.folder.with_name("away")
    desk.folder.rename(away)
    assert desk.wait() == 0
    away.rename(desk.folder)
    assert desk.wait() == 0


def test_a_file_that_may_not_be_read_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once; the others are taken meanwhile, and it is when it may be read."""
    bad = desk.put("bad", stack(count=1)) / "IM0"
    desk.put("good", stack(study=2, count=1))

    def forbidden(path: Path, *, below: Path | None = None) -> IO[bytes]:
        if path == bad:
            raise PermissionError(errno.EACCES, "Permission denied")
        return open_regular(path, below=below)

    monkeypatch.setattr(watch, "open_regular", forbidden)
    assert desk.wait() == 1
    assert desk.wait() == 0
    assert len(desk.messages("watch_refused")) == 1
    monkeypatch.undo()
    assert desk.wait() == 1


def test_a_folder_that_may_not_be_entered_is_said(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are listed, and no more can be known of them; the others are taken meanwhile."""
    closed = desk.put("study/closed", stack(count=2))
    desk.put("good", stack(study=2, count=1))
    look = Path.stat

    def denied(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.parent == closed:
            raise PermissionError(errno.EACCES, "Permission denied")
        return look(path, follow_symlinks=follow_symlinks)

    def forbidden(path: Path, *, below: Path | None = None) -> IO[bytes]:
        if path.parent == closed:
            raise PermissionError(errno.EACCES, "Permission denied")
        return open_regular(path, below=below)

    monkeypatch.setattr(Path, "stat", denied)
    monkeypatch.setattr(watch, "open_regular", forbidden)
    assert [desk.wait(), desk.wait()] == [1, 0]
    (said,) = desk.messages("watch_refused")
    assert said.endswith("a file in it cannot be read: Permission denied")
    monkeypatch.undo()
    assert desk.wait() == 1
    assert desk.count() == 3


def test_a_study_with_a_file_that_may_not_be_read_is_not_copied_at_every_look(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is seen before the first of the others is copied."""
    bad = desk.put("study", stack(count=3)) / "IM2"
    copied = []

    def forbidden(path: Path, *, below: Path | None = None) -> IO[bytes]:
        if path == bad:
            raise PermissionError(errno.EACCES, "Permission denied")
        return open_regular(path, below=below)

    def noted(path: Path, copy: Path, folder: Path) -> None:
        copied.append(path)
        copy_file(path, copy, folder)

    copy_file = watch._copy_file
    monkeypatch.setattr(watch, "open_regular", forbidden)
    monkeypatch.setattr(watch, "_copy_file", noted)
    assert desk.wait() == 0
    assert copied == []
    monkeypatch.setattr(watch, "open_regular", open_regular)
    assert desk.wait() == 1
    assert len(copied) == 3


@pytest.mark.parametrize("fault", ["may not be opened", "cannot be read", "changes", "vanishes"])
def test_a_loose_file_does_not_hold_up_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """They are taken; it is said once at most, and taken when it can be."""
    bad = desk.folder / "Thumbs.db"
    bad.write_bytes(Image(9).encoded())

    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    def opened(path: Path, *, below: Path | None = None) -> IO[bytes]:
        if path == bad:
            if fault == "may not be opened":
                raise PermissionError(errno.EACCES, "Permission denied")
            if fault == "cannot be read":
                return Broken()
            content = path.read_bytes()
            path.unlink()
            if fault == "changes":
                path.write_bytes(content + b"\0\0")
            return io.BytesIO(content)
        return open_regular(path, below=below)

    monkeypatch.setattr(watch, "open_regular", opened)
    for number in (1, 2):
        (desk.folder / f"{number}.dcm").write_bytes(Image(number=number).encoded())
        assert desk.wait() == 1
    assert desk.count() == 2
    said = desk.messages("watch_refused")
    assert len(said) == (0 if fault in {"changes", "vanishes"} else 1)
    assert not any("Thumbs" in one for one in said)
    monkeypatch.undo()
    desk.wait()
    assert desk.count() == (2 if fault == "vanishes" else 3)


def test_a_stream_of_loose_files_is_taken_as_it_comes(desk: Desk) -> None:
    """Its study is not taken for whole before the stream has ended."""
    states = set()
    for number in range(1, 31):
        (desk.folder / f"{number}.dcm").write_bytes(Image(number=number).encoded())
        desk.watch.step()
        while desk.intake.step():
            pass
        desk.clock.pass_s(LOOK_EVERY_S)
        with desk.database.read() as session:
            states |= set(session.scalars(select(Study.state)))
    assert desk.count() >= 25
    assert states == {StudyState.RECEIVING}
    desk.wait()
    assert desk.count() == 30
    with desk.database.read() as session:
        assert session.scalars(select(Study.state)).one() is StudyState.QUEUED


@pytest.mark.parametrize("swapped", ["file", "folder", "pipe"])
def test_what_is_swapped_between_looking_and_taking_is_not_read(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swapped: str
) -> None:
    """Neither a link to a file nor one to a folder leads out; a pipe keeps nobody waiting."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "IM0").write_bytes(Image(9).encoded())
    made = desk.put("study", stack(count=1))

    def swap(*_: object) -> None:
        if swapped == "folder":
            made.rename(tmp_path / "aside")
            made.symlink_to(outside)
        else:
            (made / "IM0").unlink()
            if swapped == "file":
                (made / "IM0").symlink_to(outside / "IM0")
            else:
                os.mkfifo(made / "IM0")
        monkeypatch.setattr(watch, "check_room", check_room)

    monkeypatch.setattr(watch, "check_room", swap)
    assert desk.wait() == 0
    assert desk.count() == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 10)), max_size=30))
def test_stable_means_the_same_often_and_long_enough(looks: list[tuple[str, float]]) -> None:
    """Never after fewer looks, nor in a shorter time."""
    rule, now, same, since = StabilityRule(), 0.0, 0, 0.0
    before = ""
    for signature, seconds in looks:
        now += seconds
        if signature != before:
            same, since, before = 0, now, signature
        same += 1
        assert rule.is_stable("x", signature, now) == (same >= LOOKS and now - since >= QUIET_S)
