"""Handing over to another server: a real little HTTP server that fails as often as told."""

from __future__ import annotations

import io
import threading
import time
import zipfile
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from received_images import FakeClock, Image, spooled, stack
from sqlalchemy import select

from heimdallr.config import Settings
from heimdallr.intake import handover
from heimdallr.intake.declare_complete import complete_studies
from heimdallr.intake.handover import HandOver
from heimdallr.intake.recorder import record_batch
from heimdallr.store.layout import data_folders
from heimdallr.store.models import Delivery, Event, Study, StudyState
from heimdallr.store.work.lifecycle import retry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heimdallr.store.database import Database

TOKEN = "a-secret-token"  # noqa: S105 - a made-up one


class OtherServer(ThreadingHTTPServer):
    """Answers uploads with the given status codes, one after the other, then with 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Upload)
        self.answers: list[int] = []
        self.received: list[list[bytes]] = []
        self.tokens: list[str | None] = []
        self.names: list[str | None] = []
        self.pause_s = 0.0


class _Upload(BaseHTTPRequestHandler):
    server: OtherServer

    def do_POST(self) -> None:
        """Take an upload apart, the way any server does."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        form = BytesParser().parsebytes(head + body)
        (part,) = [one for one in form.walk() if not one.is_multipart()]
        assert part.get_param("name", header="Content-Disposition") == "file"
        time.sleep(self.server.pause_s)
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.server.tokens.append(self.headers["Authorization"])
        self.server.names.append(part.get_filename())
        if status == 200:
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                self.server.received.append([archive.read(one) for one in archive.namelist()])
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing to be said."""


@pytest.fixture
def server() -> Iterator[OtherServer]:
    """A running server on a port of its own."""
    with OtherServer() as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.02,))
        thread.start()
        yield one
        one.shutdown()
        thread.join()


class Sender:
    """A site that hands over."""

    def __init__(self, folder: Path, database: Database, url: str, **more: object) -> None:
        facts = {"data_dir": folder / "data", "upload_url": url, "upload_token": TOKEN, **more}
        self.settings = Settings.model_validate({"disk_reserve_gb": 0, **facts})
        assert not self.settings.hands_over_in_place
        self.folders = data_folders(self.settings)
        self.folders.create()
        self.database, self.clock = database, FakeClock()
        self.restart()

    def restart(self) -> None:
        """Begin anew with what is in the database and on the disk."""
        self.handover = HandOver(self.database, self.folders, self.settings, self.clock)

    def receive(self, images: list[Image]) -> None:
        """Record images and declare their study complete."""
        batch = spooled(self.folders.spool, images)
        done = record_batch(self.database, self.folders, batch.folder, self.clock.now)
        ids = [one.id for one in done.studies]
        complete_studies(self.database, self.settings, self.folders, ids, self.clock.now())

    def step(self, seconds: float = 0.0) -> float:
        """Let time pass, then send what is due."""
        self.clock.pass_s(seconds)
        return self.handover.step()

    def study(self) -> Study:
        """The only study."""
        with self.database.read() as session:
            return session.scalars(select(Study)).one()

    def delivery(self) -> Delivery:
        """The newest delivery."""
        with self.database.read() as session:
            return session.scalars(select(Delivery).order_by(Delivery.id.desc()).limit(1)).one()

    def filed(self) -> dict[str, list[str]]:
        """ZIPs by folder."""
        folders = {
            "sending": self.folders.sent / ".sending",
            "sent": self.folders.sent,
            "failed": self.folders.failed,
        }
        return {
            name: sorted(path.name for path in folder.glob("*.zip"))
            for name, folder in folders.items()
        }


def _site(tmp_path: Path, database: Database, server: OtherServer, **more: object) -> Sender:
    url = f"http://127.0.0.1:{server.server_port}/upload"
    # The server's port is none that this machine's own service would have.
    facts = {"server_port": 1 if server.server_port != 1 else 2, **more}
    return Sender(tmp_path, database, url, **facts)


def test_a_complete_study_is_sent_as_it_was_received(
    tmp_path: Path, database: Database, server: OtherServer
) -> None:
    """Every file bit by bit, under names that say nothing, with the token."""
    site = _site(tmp_path, database, server)
    images = stack(count=3)
    site.receive(images)
    assert site.study().state is StudyState.SENDING
    assert site.step() == 0.0
    assert sorted(server.received[0]) == sorted(one.encoded() for one in images)
    assert server.tokens == [f"Bearer {TOKEN}"]
    assert site.study().state is StudyState.SENT
    assert site.filed() == {"sending": [], "sent": server.names, "failed": []}
    assert "SILVA" not in (server.names[0] or "")
    assert site.step() > 0  # nothing more to do
    assert len(server.received) == 1


def test_a_server_that_fails_is_tried_again_later_and_later(
    tmp_path: Path, database: Database, server: OtherServer
) -> None:
    """Waits double, and survive a restart."""
    server.answers = [503, 500]
    site = _site(tmp_path, database, server, upload_backoff=5)
    site.receive(stack())
    site.step()
    assert site.study().state is StudyState.SENDING
    site.step(4)
    assert len(server.tokens) == 1
    site.restart()
    site.step(1)
    assert len(server.tokens) == 2
    site.step(9)
    assert len(server.tokens) == 2
    site.restart()
    site.step(1)
    assert site.study().state is StudyState.SENT
    assert (site.delivery().attempts, site.delivery().state) == (3, handover.SENT)


def test_a_server_that_never_answers_well_is_given_up(
    tmp_path: Path, database: Database, server: OtherServer
) -> None:
    """The ZIP is kept, the study failed, and somebody may ask for another try."""
    server.answers = [500] * 3
    site = _site(tmp_path, database, server, upload_backoff=1, upload_retries=2)
    site.receive(stack())
    for _ in range(4):
        site.step(60)
    study = site.study()
    assert study.state is StudyState.FAILED
    assert "3 tries" in study.error
    assert "500" in study.error
    (name,) = site.filed()["failed"]
    assert zipfile.is_zipfile(site.folders.failed / name)
    with database.write() as session:
        assert retry(session, study.id, site.clock.now(), "user:anna") is None
    site.step()
    assert site.study().state is StudyState.SENT
    assert site.study().error == ""


def test_what_the_other_server_will_never_take_is_not_sent_again(
    tmp_path: Path, database: Database, server: OtherServer
) -> None:
    """A study that is refused as such is failed at once."""
    server.answers = [413]
    site = _site(tmp_path, database, server)
    site.receive(stack())
    site.step()
    assert site.study().state is StudyState.FAILED


def test_a_server_that_is_not_there(tmp_path: Path, database: Database) -> None:
    """The reason is said, the token is not."""
    site = Sender(tmp_path, database, "http://user:pw@127.0.0.1:1/upload?key=geheim")
    site.receive(stack())
    site.step()
    delivery = site.delivery()
    assert (delivery.state, delivery.target) == (handover.WAITING, "http://127.0.0.1:1/upload")
    assert "ConnectError" in delivery.error
    with database.read() as session:
        told = " ".join(session.scalars(select(Event.message)))
    for secret in (TOKEN, "pw", "geheim"):
        assert secret not in delivery.error + told + delivery.target


def test_a_slow_server_is_not_waited_for_without_end(
    tmp_path: Path, database: Database, server: OtherServer
) -> None:
    """The transfer has its time."""
    server.pause_s = 1.0
    site = _site(tmp_path, database, server, upload_timeout=0.2)
    site.receive(stack())
    site.step()
    assert "Timeout" in site.delivery().error


def test_newer_images_are_sent_as_a_new_revision(
    tmp_path: Path, database: Database, server: OtherServer
) -> None:
    """Also when the older one could not be sent: nobody waits for it any more."""
    server.answers = [503]
    site = _site(tmp_path, database, server)
    site.receive(stack(count=2))
    site.step()
    assert len(site.filed()["sending"]) == 1
    site.receive([Image(number=3)])
    site.step()
    assert site.study().state is StudyState.SENT
    assert [len(one) for one in server.received] == [3]
    assert len(site.filed()["sent"]) == 1
    assert not site.filed()["sending"]
    site.receive([Image(number=4)])
    site.step()
    assert [len(one) for one in server.received] == [3, 4]


def test_images_that_come_during_a_transfer_are_sent_too(
    tmp_path: Path, database: Database, server: OtherServer
) -> None:
    """The older transfer does not call the newer content sent."""
    site = _site(tmp_path, database, server)
    site.receive(stack(count=2))
    post = HandOver._post

    def post_while_more_comes(self: HandOver, path: Path) -> None:
        post(self, path)
        batch = spooled(site.folders.spool, [Image(number=3)])
        record_batch(database, site.folders, batch.folder, site.clock.now)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HandOver, "_post", post_while_more_comes)
        site.step()
    assert site.study().state is StudyState.RECEIVING
    complete_studies(database, site.settings, site.folders, [site.study().id], site.clock.now())
    site.step()
    assert site.study().state is StudyState.SENT
    assert [len(one) for one in server.received] == [2, 3]


def test_a_kill_after_the_transfer_sends_it_again(
    tmp_path: Path, database: Database, server: OtherServer
) -> None:
    """At least once; the other server knows the images already."""
    site = _site(tmp_path, database, server)
    site.receive(stack(count=2))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HandOver, "_sent", killed)
        with pytest.raises(KeyboardInterrupt):
            site.step()
    site.restart()
    site.step()
    assert site.study().state is StudyState.SENT
    assert len(server.received) == 2
    with pytest.MonkeyPatch.context() as patch:  # and a kill before the ZIP was filed
        site.receive([Image(number=3)])
        patch.setattr(HandOver, "_tidy", killed)
        with pytest.raises(KeyboardInterrupt):
            site.step()
    site.restart()
    site.step()
    assert len(server.received) == 3
    assert len(site.filed()["sent"]) == 2
    assert not site.filed()["sending"]


def test_complete_again_with_the_same_content_is_not_sent_again(
    tmp_path: Path, database: Database, server: OtherServer
) -> None:
    """An image that changed and changed back."""
    site = _site(tmp_path, database, server)
    site.receive(stack(count=2))
    site.step()
    batch = spooled(site.folders.spool, [Image(content=5)])
    record_batch(database, site.folders, batch.folder, site.clock.now)
    site.receive([Image()])
    site.step()
    assert site.study().state is StudyState.SENT
    assert len(server.received) == 1


def test_a_clock_set_back_does_not_stall_a_delivery(
    tmp_path: Path, database: Database, server: OtherServer
) -> None:
    """A wait longer than any back-off is none."""
    server.answers = [503]
    site = _site(tmp_path, database, server)
    site.receive(stack())
    site.step()
    site.clock.set_by_s(-86_400)
    site.step()
    assert site.study().state is StudyState.SENT


def test_a_missing_file_is_not_passed_over(
    tmp_path: Path, database: Database, server: OtherServer
) -> None:
    """A study that is half there is not sent as if it were whole."""
    site = _site(tmp_path, database, server)
    site.receive(stack(count=2))
    site.folders.instance(Image().study_uid, Image().uid).unlink()
    site.step()
    assert site.study().state is StudyState.FAILED
    assert "missing" in site.study().error
    assert not server.tokens
