"""Receiving 600 CT slices over DICOM: ours beside DCMTK, Orthanc and plain pynetdicom.

    python benchmarks/receive.py [--runs 5] [--slices 600] [--only NAME …] [--folder DIR]

The sender is DCMTK's `dcmsend` on the same machine, over one and over four associations, once with
`TCP_NODELAY=1` and once with Nagle's algorithm on (DCMTK's default, and that of many modalities).
Every receiver takes the study once in each round, in an order that turns, so that none has the
quieter machine; figures are medians, in images per second, from the first sender's start to the
last one's end. `dcmsend` itself is part of each time: it reads every file before it connects.

Receivers answer without delay, so that Nagle's algorithm is the sender's alone. They keep what they
get; *fsync* means that each image is on the disk before its sender is told so. Orthanc runs without
it and without MD5, DCMTK's `storescp` writes what comes bit by bit. *Recording* is the whole
listen service, whose other process reads every image, digests it and writes the database meanwhile.

At last sixteen associations send at once, each its next image as soon as the last was answered, and
the time from an image's last byte to its answer is printed. The sender is then a few lines of
sockets in this process, so that it leaves the processors to the receiver.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "intake" / "scp"))
from scp_peers import RawPeer, data_set_of, p_data, store_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pynetdicom.events import Event

ORTHANC = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
SITUATIONS = [("TCP_NODELAY", 1), ("TCP_NODELAY", 4), ("Nagle", 1), ("Nagle", 4)]
TOGETHER = 16
"""Associations that send at once while response times are taken."""
ACCEPTED = 2
"""PDU type of A-ASSOCIATE-AC (PS3.8 section 9.3.3)."""
PDU_BYTES = 100_000


@dataclass(frozen=True)
class Receiver:
    """Something that receives.

    Attributes:
        name: in the table.
        program: without which it cannot run; empty for ours.
        command: from its folder and its port.
    """

    name: str
    program: str
    command: Callable[[Path, int], list[str]]


def ourselves(kind: str) -> Callable[[Path, int], list[str]]:
    """The command of a receiver in Python: this file again."""
    return lambda folder, port: [sys.executable, __file__, "--serve", kind, str(folder), str(port)]


def orthanc(folder: Path, port: int) -> list[str]:
    """Orthanc as quick as it gets: nothing is synchronised, digested or listened for beside."""
    settings = {
        "Name": "ORTHANC", "StorageDirectory": str(folder), "IndexDirectory": str(folder),
        "DicomPort": port, "DicomAet": "HEIMDALLR", "HttpServerEnabled": False, "Plugins": [],
        "StoreMD5ForAttachments": False, "SyncStorageArea": False, "MaximumPduLength": 131072,
        "DicomThreadsCount": TOGETHER, "StableAge": 600,
    }  # fmt: skip
    path = folder / "orthanc.json"
    path.write_text(json.dumps(settings))
    return [ORTHANC, str(path)]


def storescp(folder: Path, port: int) -> list[str]:
    """DCMTK's, writing the bits that come, a process for each association."""
    return ["storescp", "+B", "--fork", "-pdu", "131072", "-od", str(folder), str(port)]


RECEIVERS = [
    Receiver("Heimdallr, fsync", "", ourselves("fsync")),
    Receiver("Heimdallr, fsync, recording", "", ourselves("service")),
    Receiver("Heimdallr, no fsync", "", ourselves("nosync")),
    Receiver("DCMTK storescp, no fsync", "storescp", storescp),
    Receiver("Orthanc, no fsync, no MD5", ORTHANC, orthanc),
    Receiver("pynetdicom, its usual handlers", "", ourselves("pynetdicom")),
]
FSYNC, NO_FSYNC, STORESCP, RIVAL = RECEIVERS[0], RECEIVERS[2], RECEIVERS[3], RECEIVERS[4]


def make_study(folder: Path, count: int) -> list[Path]:
    """Write a CT series of 512×512 slices with an object and noise in it."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    rng = np.random.default_rng(1)
    row, column = np.mgrid[-256:256, -256:256]
    body = np.where(row**2 + column**2 < 200**2, 1064, 24)
    study, series, paths = generate_uid(), generate_uid(), []
    for number in range(1, count + 1):
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
        dataset.PatientName, dataset.PatientID, dataset.Modality = "BENCHMARK^ONE", "B1", "CT"
        dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber = "20260201", "101010", "B1"
        dataset.SeriesNumber, dataset.InstanceNumber = 1, number
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.ImagePositionPatient = [-180, -180, float(number)]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing, dataset.SliceThickness, dataset.KVP = [0.7, 0.7], 1, 120
        dataset.Rows = dataset.Columns = 512
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
        dataset.PixelRepresentation, dataset.RescaleSlope, dataset.RescaleIntercept = 0, 1, -1024
        noisy = body + rng.normal(0, 12, body.shape)
        dataset.PixelData = noisy.clip(0, 4095).astype(np.uint16).tobytes()
        path = folder / f"{number:04d}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


@contextmanager
def running(receiver: Receiver, base: Path) -> Iterator[int]:
    """A receiver that listens; yields its port."""
    folder = Path(tempfile.mkdtemp(dir=base))
    port = free_port()
    server = subprocess.Popen(
        receiver.command(folder, port),
        env=os.environ | {"TCP_NODELAY": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, server)
        os.sync()
        yield port
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder)


def receive(receiver: Receiver, study: list[Path], situation: tuple[str, int], base: Path) -> float:
    """Images per second of one transfer."""
    delay, associations = situation
    environment = {k: v for k, v in os.environ.items() if k != "TCP_NODELAY"}
    if delay == "TCP_NODELAY":
        environment["TCP_NODELAY"] = "1"
    with running(receiver, base) as port:
        send = ["dcmsend", "-aec", "HEIMDALLR", "127.0.0.1", str(port)]
        began = time.perf_counter()
        senders = [
            subprocess.Popen([*send, *map(str, study[n::associations])], env=environment)
            for n in range(associations)
        ]
        if any(sender.wait() for sender in senders):
            sys.exit(f"{receiver.name} did not take the study")
        return len(study) / (time.perf_counter() - began)


def response_times(receiver: Receiver, study: list[Path], base: Path) -> list[float]:
    """Seconds from the last byte of each image to its answer, sixteen associations at once."""
    messages = [message(path) for path in study]
    took: list[float] = []

    def send(peer: RawPeer, mine: list[bytes]) -> None:
        if peer.associate() != ACCEPTED:
            ready.abort()  # or the others wait for this one
            sys.exit(f"{receiver.name} did not take sixteen associations")
        ready.wait()
        for one in mine:
            peer.send(one)
            sent = time.perf_counter()
            if peer.status():
                sys.exit(f"{receiver.name} did not take an image")
            took.append(time.perf_counter() - sent)
        peer.release()

    with running(receiver, base) as port, ThreadPoolExecutor(TOGETHER) as pool:
        ready = threading.Barrier(TOGETHER)
        peers = [RawPeer(SimpleNamespace(port=port)) for _ in range(TOGETHER)]
        for peer in peers:
            peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        list(pool.map(send, peers, [messages[n::TOGETHER] for n in range(TOGETHER)]))
    return took


def message(path: Path) -> bytes:
    """A C-STORE request with its data set, as PDUs."""
    from pydicom.filereader import read_file_meta_info

    data_set = data_set_of(path)
    command = store_command(str(read_file_meta_info(path).MediaStorageSOPInstanceUID))
    pieces = [data_set[at : at + PDU_BYTES] for at in range(0, len(data_set), PDU_BYTES)]
    last = [0] * (len(pieces) - 1) + [2]
    return b"".join([p_data(1, 3, command), *map(p_data, [1] * len(pieces), last, pieces)])


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until a receiver listens."""
    for _ in range(600):
        if server.poll() is not None:
            sys.exit("a receiver ended before it received")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            time.sleep(0.5)
            return
    sys.exit("a receiver does not listen")


def serve(kind: str, folder: Path, port: int) -> None:
    """Be one of the receivers in Python."""
    if kind == "pynetdicom":
        serve_plainly(folder, port)
        return
    from heimdallr.config import Settings
    from heimdallr.intake.listener import run_listener
    from heimdallr.intake.scp.server import Scp

    settings = Settings(
        data_dir=folder, dicom_port=port, receive_sync=kind != "nosync", disk_reserve_gb=0.1
    )
    if kind == "service":
        from heimdallr.parent_process import stop_on_signals

        run_listener(settings, stop_on_signals())
        return
    spool = folder / "spool"
    spool.mkdir()
    Scp(settings, spool).start()
    threading.Event().wait()


def serve_plainly(folder: Path, port: int) -> None:
    """A pynetdicom SCP as its documentation shows one, with the encoded data set kept."""
    from pynetdicom import AE, AllStoragePresentationContexts, evt

    def store(event: Event) -> int:
        name = str(event.request.AffectedSOPInstanceUID)  # type: ignore[union-attr]
        (folder / name).write_bytes(event.encoded_dataset())
        return 0

    entity = AE("HEIMDALLR")
    entity.maximum_pdu_size = 131072
    entity.maximum_associations = 2 * TOGETHER  # those that end are counted for a while
    entity.supported_contexts = AllStoragePresentationContexts
    entity.start_server(("127.0.0.1", port), evt_handlers=[(evt.EVT_C_STORE, store)], block=False)
    threading.Event().wait()


def print_table(rates: dict[tuple[str, tuple[str, int]], list[float]], names: list[str]) -> None:
    """Medians, and what we claim of them."""
    median = {key: statistics.median(values) for key, values in rates.items()}
    head = [f"{delay} ×{count}" for delay, count in SITUATIONS]
    print(f"{'images/s':32}" + "".join(f"{one:>16}" for one in head))
    for name in names:
        print(f"{name:32}" + "".join(f"{median[name, one]:16.0f}" for one in SITUATIONS))
    for ours, peer, aim in ((FSYNC, RIVAL, 1.0), (NO_FSYNC, STORESCP, 0.7)):
        if not {ours.name, peer.name} <= {*names}:
            print(f"not compared with {peer.name}: left out, or not installed")
            continue
        ratios = [median[ours.name, one] / median[peer.name, one] for one in SITUATIONS]
        line = "".join(f"{ratio:16.2f}" for ratio in ratios)
        print(f"{ours.name} ÷ {peer.name.partition(',')[0]}, aim {aim}")
        print(f"{'':32}{line}")


def print_response_times(times: dict[str, list[float]]) -> None:
    """Of all runs together."""
    print(f"ms to an answer, {TOGETHER} associations   median      95 %      99 %     worst")
    for name, took in times.items():
        figures = [1000 * float(np.quantile(took, share)) for share in (0.5, 0.95, 0.99, 1)]
        print(f"{name:32}" + "".join(f"{one:10.0f}" for one in figures))


def main() -> None:
    """Make a study, have everyone receive it, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slices", type=int, default=600)
    parser.add_argument("--only", nargs="+", default=[""], help="words in the receivers' names")
    parser.add_argument("--folder", type=Path, help="where files go; default: the temporary folder")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        kind, folder, port = arguments.serve
        serve(kind, Path(folder), int(port))
        return
    if shutil.which("dcmsend") is None:
        print("skipped: DCMTK's dcmsend is not installed")
        return
    wanted = [one for one in RECEIVERS if any(word in one.name for word in arguments.only)]
    present = [one for one in wanted if not one.program or shutil.which(one.program)]
    rates: dict[tuple[str, tuple[str, int]], list[float]] = {}
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as base:
        study_folder = Path(base) / "study"
        study_folder.mkdir()
        study = make_study(study_folder, arguments.slices)
        for turn in range(arguments.runs):
            for situation in SITUATIONS:
                for place in range(len(present)):
                    receiver = present[(place + turn) % len(present)]
                    rate = receive(receiver, study, situation, Path(base))
                    rates.setdefault((receiver.name, situation), []).append(rate)
            for place in range(len(present)):
                receiver = present[(place + turn) % len(present)]
                took = response_times(receiver, study, Path(base))
                times.setdefault(receiver.name, []).extend(took)
    print(f"{len(study)} slices of 512×512, {os.cpu_count()} processors, {arguments.runs} runs")
    print_table(rates, [one.name for one in present])
    print_response_times(times)


if __name__ == "__main__":
    main()
