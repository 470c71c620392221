"""Handing complete studies over to another server: zipped, posted, tried again, filed.

::

    sending ─▶ sent/.sending/study-<id>-r<revision>.zip ─▶ POST ─▶ sent/…   state sent
                                                              └──▶ failed/… state failed

How far that got is in the table ``deliveries``, so a restart goes on where it was. A study whose
answer got lost is sent twice; the other server recognises it. Names say nothing of the patient,
and the token is in no error and in no log.
"""

from __future__ import annotations

import re
import shutil
import ssl
import time
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, TYPE_CHECKING, cast

import httpx
import structlog
from sqlalchemy import select

from heimdallr.config import without_secrets
from heimdallr.domain.errors import DiskLowError, StateConflictError
from heimdallr.files import sync_folder, whole_file
from heimdallr.intake.uploads import check_room, reserve_bytes
from heimdallr.store.models import Delivery, Instance, Study, StudyState
from heimdallr.store.work.lifecycle import handed_over
from heimdallr.store.work.states import lock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.config import Settings
    from heimdallr.intake.completion_rule import Clock
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

LOOK_EVERY_S = 1.0
LONGEST_BACKOFF_S = 3600.0
WAITING, SENT, FAILED = "waiting", "sent", "failed"

_DISK_LOW_WAIT_S = 30.0
_PERMANENT = {400, 413, 415, 422}
"""Answers that stay the same however often the same study is sent."""

_ZIP_NAME = re.compile(r"study-([0-9]+)-r([0-9]+)\.zip")
_ANSWER_BYTES = 2**16
_log = structlog.get_logger()


class _DeliveryError(Exception):
    """A transfer did not succeed; the text names neither token nor patient."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be sent now."""

    delivery: int
    study: int
    revision: int
    files: tuple[Path, ...]
    size_bytes: int

    @property
    def zip_name(self) -> str:
        return f"study-{self.study}-r{self.revision}.zip"


class HandOver:
    """Sends what is complete to ``settings.upload_url``.

    Args:
        database: knows the studies, and how far each delivery got.
        folders: where images are, and where ZIPs go.
        settings: address, token, time limit, retries.
        clock: tells the time.
    """

    def __init__(
        self, database: Database, folders: DataFolders, settings: Settings, clock: Clock
    ) -> None:
        self._database, self._folders = database, folders
        self._settings, self._clock = settings, clock
        self._target = without_secrets(settings.upload_url)[:300]
        self._outbox = folders.sent / ".sending"
        self._tidied = False

    def step(self) -> float:
        """Send one study, if one is due; seconds until the next look.

        Raises:
            OSError: the disk is full or fails.
            sqlalchemy.exc.SQLAlchemyError: the database is away; what was sent may be sent again.
        """
        if not self._tidied:
            self._tidy()
            self._tidied = True
        order = self._next_order()
        if order is None:
            return LOOK_EVERY_S
        try:
            path = self._pack(order)
            self._post(path)
        except DiskLowError:
            _log.warning("hand-over waits: the disk is nearly full")
            return _DISK_LOW_WAIT_S
        except _DeliveryError as error:
            self._failed(order, error)
        else:
            self._sent(order)
        self._tidy()
        return 0.0

    def _next_order(self) -> _Order | None:
        """The delivery that is due longest, of a study that is still to be sent."""
        now = self._clock.now()
        sending = select(Study).where(Study.state == StudyState.SENDING)
        with self._database.read() as session:
            if session.scalars(sending.limit(1)).first() is None:
                return None
        with self._database.write() as session:
            studies = session.scalars(
                sending.order_by(Study.priority, Study.completed_at, Study.id).with_for_update(
                    skip_locked=True
                )
            ).all()
            for study in studies:
                delivery = self._delivery(session, study, now)
                if delivery.state == SENT:  # complete again with the content that was sent
                    handed_over(session, study, study.revision, now)
                elif self._is_due(delivery, now):
                    return self._order(session, study, delivery)
        return None

    def _delivery(self, session: Session, study: Study, now: datetime) -> Delivery:
        row = session.scalars(
            select(Delivery).where(
                Delivery.study_fk == study.id,
                Delivery.revision == study.revision,
                Delivery.target == self._target,
            )
        ).first()
        if row is None:
            row = Delivery(
                study_fk=study.id, revision=study.revision, target=self._target,
                state=WAITING, attempts=0, created_at=now,
            )  # fmt: skip
            session.add(row)
            session.flush()
        elif row.state == FAILED:  # somebody asked for another try
            row.state, row.attempts, row.next_attempt_at, row.error = WAITING, 0, None, ""
        return row

    def _is_due(self, delivery: Delivery, now: datetime) -> bool:
        """Whether it is time; a wait longer than any back-off means that the clock was set back."""
        if delivery.next_attempt_at is None:
            return True
        wait_s = (delivery.next_attempt_at - now).total_seconds()
        return wait_s <= 0 or wait_s > self._backoff_s(delivery.attempts)

    def _order(self, session: Session, study: Study, delivery: Delivery) -> _Order:
        rows = session.execute(
            select(Instance.path, Instance.size_bytes)
            .where(Instance.study_fk == study.id)
            .order_by(Instance.key)
        ).all()
        files = tuple(self._folders.incoming / path for path, _ in rows)
        size = sum(size for _, size in rows)
        return _Order(delivery.id, study.id, study.revision, files, size)

    def _pack(self, order: _Order) -> Path:
        """The study's ZIP; one that an earlier try has made is used again."""
        path = self._outbox / order.zip_name
        if path.exists():
            return path
        self._outbox.mkdir(mode=0o750, exist_ok=True)
        check_room(self._outbox, reserve_bytes(self._settings), order.size_bytes)
        with whole_file(path) as stream:
            _write_zip(stream, order.files)
        return path

    def _post(self, path: Path) -> None:
        token = self._settings.upload_token
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
        deadline = time.monotonic() + self._settings.upload_timeout
        try:
            with (
                path.open("rb") as file,
                self._client() as client,
                client.stream(
                    "POST",
                    self._settings.upload_url,
                    files={"file": (path.name, _hurried(file, deadline), "application/zip")},
                    headers=headers,
                ) as answer,
            ):
                _read_answer(answer, deadline)
        except httpx.HTTPError as error:
            reason = f"no answer from the other server ({type(error).__name__})"
            raise _DeliveryError(reason) from None
        if not answer.is_success:
            reason = f"the other server answered {answer.status_code}"
            raise _DeliveryError(reason, permanent=answer.status_code in _PERMANENT)

    def _client(self) -> httpx.Client:
        """Verifies against the system's authorities; no proxy of the environment, no redirects."""
        return httpx.Client(
            timeout=self._settings.upload_timeout,
            trust_env=False,
            verify=ssl.create_default_context(),
        )

    def _sent(self, order: _Order) -> None:
        now = self._clock.now()
        with self._database.write() as session:
            delivery = session.get(Delivery, order.delivery, with_for_update=True)
            if delivery is None:
                return  # the study was deleted meanwhile
            delivery.state, delivery.error, delivery.finished_at = SENT, "", now
            delivery.attempts += 1
            _tell(session, order, now, "")
        _log.info("handed over", delivery=order.delivery, instances=len(order.files))

    def _failed(self, order: _Order, error: _DeliveryError) -> None:
        now, reason = self._clock.now(), str(error)
        with self._database.write() as session:
            delivery = session.get(Delivery, order.delivery, with_for_update=True)
            if delivery is None:
                return
            delivery.attempts += 1
            delivery.error = reason
            given_up = error.permanent or delivery.attempts > self._settings.upload_retries
            if given_up:
                delivery.state, delivery.finished_at = FAILED, now
                tries = f"{delivery.attempts} tries" if delivery.attempts > 1 else "one try"
                _tell(session, order, now, f"not handed over after {tries}: {reason}")
            else:
                wait = timedelta(seconds=self._backoff_s(delivery.attempts))
                delivery.next_attempt_at = now + wait
        _log.warning("not handed over", delivery=order.delivery, reason=reason)

    def _backoff_s(self, attempts: int) -> float:
        doubled = self._settings.upload_backoff * 2.0 ** min(max(attempts - 1, 0), 30)
        return float(min(doubled, max(LONGEST_BACKOFF_S, self._settings.upload_backoff)))

    def _tidy(self) -> None:
        """File the ZIPs of deliveries that are over; remove those that nobody waits for."""
        for path in self._outbox.iterdir() if self._outbox.is_dir() else ():
            match = _ZIP_NAME.fullmatch(path.name)
            state = self._state_of(int(match[1]), int(match[2])) if match else None
            if state == WAITING:
                continue
            if state is None:  # superseded by newer content, deleted, or half written
                path.unlink()
                continue
            folder = self._folders.sent if state == SENT else self._folders.failed
            shutil.move(path, folder / path.name)
            sync_folder(folder)

    def _state_of(self, study_id: int, revision: int) -> str | None:
        with self._database.read() as session:
            row = session.execute(
                select(Delivery.state, Study.revision)
                .join(Study, Study.id == Delivery.study_fk)
                .where(
                    Delivery.study_fk == study_id,
                    Delivery.revision == revision,
                    Delivery.target == self._target,
                )
            ).first()
        if row is None or (row[0] == WAITING and row[1] != revision):
            return None
        return str(row[0])


class _Hurried:
    """A file that may be read until a deadline: a slow receiver must not hold us for ever."""

    def __init__(self, file: IO[bytes], deadline: float) -> None:
        self._file, self._deadline = file, deadline

    def read(self, size: int = -1) -> bytes:
        if time.monotonic() > self._deadline:
            msg = "the transfer took too long"
            raise httpx.WriteTimeout(msg)
        return self._file.read(size)

    def fileno(self) -> int:
        return self._file.fileno()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _hurried(file: IO[bytes], deadline: float) -> IO[bytes]:
    return cast("IO[bytes]", _Hurried(file, deadline))


def _read_answer(answer: httpx.Response, deadline: float) -> None:
    """Read an answer to its end, or as much as anybody needs."""
    read = 0
    for piece in answer.iter_raw():
        read += len(piece)
        if read > _ANSWER_BYTES:
            return
        if time.monotonic() > deadline:
            msg = "the answer took too long"
            raise httpx.ReadTimeout(msg)


def _write_zip(stream: IO[bytes], files: Sequence[Path]) -> None:
    """Pack files under numbers, stored: images hardly shrink, and the network is the wait."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
        for number, path in enumerate(_present(files), start=1):
            archive.write(path, f"{number:06d}.dcm")


def _present(files: Iterable[Path]) -> Iterable[Path]:
    for path in files:
        if not path.exists():
            msg = "a file of the study is missing on the disk"
            raise _DeliveryError(msg, permanent=True)
        yield path


def _tell(session: Session, order: _Order, now: datetime, error: str) -> None:
    try:
        study = lock(session, order.study)
    except StateConflictError:
        return
    handed_over(session, study, order.revision, now, error=error)
