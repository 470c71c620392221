"""Modalities that send the studies of a day over C-STORE, and keep at it until they are thanked."""

from __future__ import annotations

import copy
import hashlib
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicom_series import SeriesOnDisk
from pynetdicom import AE

from heimdallr.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pydicom import Dataset

    from simulated_department.day import PlannedStudy, Sending

UID = "1.2.826.0.1.3680043.2.1125.88"
ROUTINE_AE, STAT_AE = "MODALITY", "EMERGENCY"
_AGAIN_S = 0.5
_MOST_FILES = 64


def study_uid(number: int) -> str:
    """StudyInstanceUID of a study of the day."""
    return f"{UID}.{number + 1}"


def digest_of(image: Dataset) -> str:
    """SHA-256 of what must not change on an object's way: its names and its pixels."""
    names = f"{image.StudyInstanceUID} {image.SOPInstanceUID} {image.AccessionNumber}"
    return hashlib.sha256(names.encode() + image.PixelData).hexdigest()


@dataclass
class Sent:
    """What a listener has acknowledged.

    Attributes:
        digests: StudyInstanceUID → SOPInstanceUID → digest.
        news_at: StudyInstanceUID → when the last image of each association with new ones was.
        given_up: StudyInstanceUIDs of what was not all sent when the senders were stopped.
        interruptions: associations that did not bring what they had.
        late_s: how much later than planned associations began, at most.
        images: C-STOREs with a success status.
    """

    digests: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    news_at: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    given_up: set[str] = field(default_factory=set)
    interruptions: int = 0
    late_s: float = 0.0
    images: int = 0


class Senders:
    """Sends a day, compressed.

    Args:
        port: of the listener, on this machine.
        compression: seconds of the day in one second.
        stop: nothing more is begun.
    """

    def __init__(self, port: int, compression: float, stop: threading.Event) -> None:
        self._port, self._compression, self._stop = port, compression, stop
        self._lock = threading.Lock()
        self._slices = SeriesOnDisk(
            depths_mm=tuple(4.0 * k for k in range(_MOST_FILES)), matrix=(40, 48)
        ).images()
        self.sent = Sent()

    def send_all(self, day: Sequence[PlannedStudy], associations: int = 8) -> None:
        """Send everything at its time; returns when the last is acknowledged."""
        stat = {one.number for one in day if one.stat}
        begun = time.monotonic()
        with ThreadPoolExecutor(associations, "sender") as pool:
            tasks = []
            for one in sorted(sending for study in day for sending in study.sendings):
                due = begun + one.at_s / self._compression
                if self._stop.wait(max(due - time.monotonic(), 0)):
                    break
                tasks.append(pool.submit(self._send, one, due, stat=one.number in stat))
            for task in tasks:
                task.result()

    def _send(self, one: Sending, due: float, *, stat: bool) -> None:
        late_s = time.monotonic() - due
        waiting = [self._image(one.number, file) for file in range(one.first, one.last)]
        while waiting and not self._stop.is_set():
            self._associate(waiting, STAT_AE if stat else ROUTINE_AE)
            if waiting:
                with self._lock:
                    self.sent.interruptions += 1
                self._stop.wait(_AGAIN_S)
        with self._lock:
            self.sent.late_s = max(self.sent.late_s, late_s)
            if waiting:
                self.sent.given_up.add(study_uid(one.number))
            elif one.is_new:
                self.sent.news_at[study_uid(one.number)].append(utc_now())

    def _associate(self, waiting: list[Dataset], title: str) -> None:
        """One association; what was stored leaves the list."""
        scu = AE(title)
        scu.add_requested_context(waiting[0].SOPClassUID, waiting[0].file_meta.TransferSyntaxUID)
        scu.acse_timeout = scu.dimse_timeout = scu.network_timeout = 30
        association = scu.associate("127.0.0.1", self._port, ae_title="HEIMDALLR")
        if not association.is_established:
            return
        while waiting and association.is_established:
            image = waiting[0]
            try:
                status = association.send_c_store(image).get("Status")
            except (RuntimeError, OSError):
                break
            if status != 0:
                break
            del waiting[0]
            with self._lock:
                stored = self.sent.digests[str(image.StudyInstanceUID)]
                stored[str(image.SOPInstanceUID)] = digest_of(image)
                self.sent.images += 1
        if association.is_established:
            association.release()

    def _image(self, number: int, file: int) -> Dataset:
        image = copy.deepcopy(self._slices[file])
        uid = study_uid(number)
        image.StudyInstanceUID, image.SeriesInstanceUID = uid, f"{uid}.5"
        image.FrameOfReferenceUID = f"{uid}.9"
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"{uid}.5.{file + 1}"
        image.PatientID, image.AccessionNumber = f"P{number}", f"D{number}"
        image.PatientName = f"SIMULATED^{number}"
        return image
