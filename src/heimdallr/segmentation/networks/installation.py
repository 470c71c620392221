"""Installing weights: from a ZIP or a folder on sites without internet, or by download; verifying.

A ZIP is a release file of TotalSegmentator or of another collection: one dataset folder, or
several; a folder is one of these, or holds some, or BLAST-CT's checkpoints. It is unpacked beside
the weights folder, checked, given its checksums, and only then moved into place by a rename, so a
reader never sees half a network. Nothing is ever downloaded unless :func:`download` is called.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

import httpx
from totalsegmentator.registry import package_version

from heimdallr.domain.errors import LicenceError, WeightsError
from heimdallr.files import exchange, sha256_of
from heimdallr.segmentation.network_collections import networks_not_run
from heimdallr.segmentation.networks import blast_ct
from heimdallr.segmentation.networks.plans import check_classes, read_descriptions
from heimdallr.segmentation.networks.weights import (
    BLAST_CHECKPOINTS,
    BLAST_FOLDER,
    CHECKPOINT,
    CHECKSUMS,
)
from heimdallr.segmentation.tasks import all_tasks, download_url, tasks_of_collections

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.segmentation.networks.weights import Weights
    from heimdallr.segmentation.tasks import Model, Task

MAX_UNPACKED_BYTES = 20 * 1024**3
"""The largest release unpacks to about 1 GB; several may share a ZIP."""

MAX_MEMBERS = 10_000

LICENCE_SERVER = "https://backend.totalsegmentator.com:443/download_weights"
"""Where licensed weights come from (``totalsegmentator.libs``)."""

_DATASET = re.compile(r"Dataset\d{3}_[A-Za-z0-9_.\-]+")

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Verification:
    """What :func:`verify` found.

    Attributes:
        weights: what was checked.
        sha256: one checksum per checkpoint.
        recorded: whether they were compared with checksums recorded at installation.
        parameters: numbers in the network.
    """

    weights: Weights
    sha256: tuple[str, ...]
    recorded: bool
    parameters: int


def verify(weights: Weights) -> Verification:
    """Check that weights are whole: recorded checksums, loadable, fitting their plans.

    Raises:
        WeightsError: they are not; the message says what is wrong.
    """
    recorded = _recorded_checksums(weights.folder.parent)
    digests = []
    for path in weights.checkpoints:
        digest = sha256_of(path)
        name = path.relative_to(weights.folder.parent).as_posix()
        if recorded and recorded.get(name) != digest:
            msg = f"{weights.dataset}/{name} has changed since it was installed"
            raise WeightsError(msg, remedy="install the weights again")
        digests.append(digest)
    from heimdallr.segmentation.networks.network import load_network  # noqa: PLC0415 - PyTorch

    load = load_network if weights.model.framework == "nnunet" else blast_ct.load_network
    parameters = sum(parameter.numel() for parameter in load(weights).modules[0].parameters())
    return Verification(weights, tuple(digests), bool(recorded), parameters)


def install(source: Path, weights_dir: Path) -> tuple[str, ...]:
    """Install the datasets of a ZIP file or a folder; those already there are replaced.

    Args:
        source: the ZIP as its makers release it, a dataset folder or one that holds some, or the
            folder of BLAST-CT's checkpoints.
        weights_dir: the weights folder; made when it does not exist.

    Returns:
        Names of the dataset folders installed.

    Raises:
        WeightsError: it is neither, is unsafe, or holds a network that is incomplete or unknown.
    """
    weights_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=weights_dir, prefix=".installing-") as aside:
        (_copy if source.is_dir() else _unpack)(source.resolve(), Path(aside))
        datasets = sorted(
            f for f in Path(aside).iterdir() if _DATASET.fullmatch(f.name) or f.name == _BLAST
        )
        if not datasets:
            msg = f"{source.name} holds no nnU-Net dataset folder (Dataset…)"
            if source.is_dir():
                msg += f" and no checkpoint of {_BLAST} ({BLAST_CHECKPOINTS})"
            raise WeightsError(msg, remedy=_SOURCE_REMEDY)
        for dataset in datasets:
            _check_known(dataset)
            _check_complete(dataset)
        for dataset in datasets:
            _record_checksums(dataset)
            _move_in(dataset, weights_dir / dataset.name)
    return tuple(dataset.name for dataset in datasets)


def download(
    task: Task,
    weights_dir: Path,
    *,
    licence: str | None = None,
    progress: Callable[[float, str], None] = lambda _share, _text: None,
    client: httpx.Client | None = None,
) -> tuple[str, ...]:
    """Fetch the weights of a task from where their makers publish them, and install them.

    An interrupted download is resumed.

    Args:
        task: whose networks.
        weights_dir: the weights folder.
        licence: TotalSegmentator licence number, for licensed tasks.
        progress: called with a share from 0 to 1 and what is being fetched.
        client: for tests.

    Raises:
        WeightsError: the server cannot be reached, refuses, or sends something else.
        LicenceError: the task needs a licence number and there is none.
    """
    if task.licence_required and not licence:
        msg = f"the weights of {task.name} need a TotalSegmentator licence number"
        raise LicenceError(msg, remedy="set TOTALSEGMENTATOR_LICENSE")
    installed: list[str] = []
    with client or httpx.Client(follow_redirects=True, timeout=60) as session:
        for number, model in enumerate(task.models):

            def report(share: float, model: Model = model, number: int = number) -> None:
                progress((number + share) / len(task.models), model.dataset)

            partial = _partial(weights_dir / ".downloads", model)
            partial.parent.mkdir(parents=True, exist_ok=True)
            try:
                request = _request(session, task, model, licence, partial)
                _fetch(session, request, partial, report)
            except httpx.HTTPError as error:
                url = download_url(model) or "TotalSegmentator's licence server"
                msg = f"{model.dataset} could not be downloaded ({type(error).__name__})"
                remedy = f"check the connection, or fetch {url} elsewhere and install it"
                raise WeightsError(msg, remedy=remedy) from error
            try:
                fetched = partial if model.framework == "nnunet" else partial.parent
                installed += install(fetched, weights_dir)
            finally:
                partial.unlink(missing_ok=True)
    return tuple(installed)


def _partial(folder: Path, model: Model) -> Path:
    """Where a download grows: a ZIP, or a checkpoint in a folder of its own."""
    if model.framework == "nnunet":
        return folder / f"{model.dataset}.zip"
    return folder / model.dataset / str(download_url(model)).rpartition("/")[2]


def _request(
    session: httpx.Client, task: Task, model: Model, licence: str | None, target: Path
) -> httpx.Request:
    """What to ask for: a release file, from where an earlier attempt stopped, or a licensed one."""
    if task.licence_required:
        target.unlink(missing_ok=True)  # the licence server cannot resume
        body = {"license_number": licence, "task": task.family, "version": package_version()}
        return session.build_request("POST", LICENCE_SERVER, json=body)
    url = download_url(model)
    if url is None:
        msg = f"no download address of {model.dataset} is known"
        raise WeightsError(msg, remedy="install a ZIP of these weights")
    have = target.stat().st_size if target.is_file() else 0
    return session.build_request("GET", url, headers={"Range": f"bytes={have}-"} if have else {})


def _fetch(
    session: httpx.Client, request: httpx.Request, target: Path, report: Callable[[float], None]
) -> None:
    """Send a request and append its answer to ``target``, or start ``target`` anew."""
    response = session.send(request, stream=True)
    try:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # everything was there already
        response.raise_for_status()
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
        done = target.stat().st_size if resumed else 0
        total = done + int(response.headers.get("content-length", 0))
        with target.open("ab" if resumed else "wb") as file:
            for piece in response.iter_bytes(_PIECE):
                file.write(piece)
                done += len(piece)
                report(min(done / total, 1.0) if total else 0.0)
    finally:
        response.close()


_BLAST = next(
    task.models[0].dataset
    for task in tasks_of_collections()
    if task.models[0].framework == "blast_ct"
)
_SOURCE_REMEDY = "use the ZIP or the dataset folder as its makers release it, unchanged"


def _copy(folder: Path, target: Path) -> None:
    """Copy the datasets of a folder, or the checkpoints of BLAST-CT in it; nothing else."""
    try:
        is_dataset = _DATASET.fullmatch(folder.name) is not None
        for dataset in (folder,) if is_dataset else folder.iterdir():
            if _DATASET.fullmatch(dataset.name):
                shutil.copytree(dataset, target / dataset.name)
        for place in (folder, folder / BLAST_FOLDER):
            for checkpoint in place.glob(BLAST_CHECKPOINTS):
                into = target / _BLAST / BLAST_FOLDER
                into.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(checkpoint, into / checkpoint.name)
    except OSError as error:
        msg = f"{folder.name} could not be copied: {error.strerror}"
        raise WeightsError(msg, remedy="make room, and the files readable") from error


def _unpack(archive: Path, target: Path) -> None:
    """Unpack regular files only, inside ``target`` only, up to a size."""
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = [member for member in zipped.infolist() if not member.is_dir()]
            if len(members) > MAX_MEMBERS:
                msg = f"{archive.name} holds {len(members)} files; weights are a handful"
                raise WeightsError(msg, remedy=_SOURCE_REMEDY)
            room = MAX_UNPACKED_BYTES
            for member in members:
                path = target / _safe_name(member, archive)
                path.parent.mkdir(parents=True, exist_ok=True)
                with zipped.open(member) as source:
                    room -= _write(source, path, room)
                if room < 0:
                    msg = f"{archive.name} unpacks to more than any weights do"
                    raise WeightsError(msg, remedy=_SOURCE_REMEDY)
    except (OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        msg = f"{archive.name} is no readable ZIP file"
        raise WeightsError(msg, remedy="fetch it again") from error


def _write(source: IO[bytes], path: Path, room: int) -> int:
    """Write a file, of at most ``room`` bytes; its size, or more than ``room`` where it is cut."""
    size = 0
    with path.open("wb") as file:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > room:
                break
            file.write(piece)
    return size


def _safe_name(member: zipfile.ZipInfo, archive: Path) -> PurePosixPath:
    """A member's path, refused when it could leave the folder or is a link."""
    name = PurePosixPath(member.filename.replace("\\", "/"))
    is_link = (member.external_attr >> 16) & 0o170000 == 0o120000  # noqa: PLR2004 - S_IFLNK
    outside = name.is_absolute() or ".." in name.parts or ":" in member.filename
    if is_link or outside or not name.parts:
        msg = f"{archive.name} holds a file that would be written outside the weights folder"
        raise WeightsError(msg, remedy="do not use this file")
    return name


def _check_known(dataset: Path) -> None:
    """Some task runs networks of this name, or of TotalSegmentator's number."""
    if why := networks_not_run().get(dataset.name):
        msg = f"{dataset.name} {why}: nothing here would run it"
        raise WeightsError(msg, remedy="docs/segmentation.md lists the networks that are run")
    models = [model for task in all_tasks().values() for model in task.models]
    of_number = {model.dataset_id for model in models if model.published is None}
    if dataset.name in {model.dataset for model in models}:
        return
    if int(dataset.name[len("Dataset") :][:3]) not in of_number:
        msg = f"no task runs {dataset.name}"
        remedy = "keep the folder's name as released; 'heimdallr weights list --all' has them"
        raise WeightsError(msg, remedy=remedy)


def _check_complete(dataset: Path) -> None:
    """A dataset folder holds at least one network with plans and a checkpoint in every fold."""
    if dataset.name == _BLAST:
        return  # there is nothing beside the checkpoints that were copied
    networks = [
        folder
        for folder in sorted(dataset.glob("*__*__*"))
        if all((folder / name).is_file() for name in ("plans.json", "dataset.json"))
        and any(folder.glob(f"fold_*/{CHECKPOINT}"))
    ]
    if not networks:
        msg = f"{dataset.name} lacks plans.json, dataset.json or fold_0/{CHECKPOINT}"
        raise WeightsError(msg, remedy=_SOURCE_REMEDY)
    for folder in networks:
        if empty := [f for f in sorted(folder.glob("fold_*")) if not (f / CHECKPOINT).is_file()]:
            msg = f"{empty[0].name} of {dataset.name} lacks {CHECKPOINT}"
            raise WeightsError(msg, remedy="copy the whole folder again, or leave that fold out")
        for task in tasks_of_collections():
            if task.models[0].dataset == dataset.name:
                check_classes(read_descriptions(folder)[1], task.models[0])


def _record_checksums(dataset: Path) -> None:
    files = sorted(f for f in dataset.rglob("*") if f.is_file() and f.name != CHECKSUMS)
    sums = {f.relative_to(dataset).as_posix(): sha256_of(f) for f in files}
    (dataset / CHECKSUMS).write_text(json.dumps(sums, indent=1) + "\n")


def _recorded_checksums(dataset: Path) -> dict[str, str]:
    """Checksums by path below the dataset folder; empty when none were recorded."""
    file = dataset / CHECKSUMS
    if not file.is_file():
        return {}
    try:
        return {str(k): str(v) for k, v in json.loads(file.read_text()).items()}
    except (ValueError, AttributeError) as error:
        msg = f"{dataset.name}/{CHECKSUMS} is damaged"
        raise WeightsError(msg, remedy="install the weights again") from error


def _move_in(dataset: Path, place: Path) -> None:
    """Put a checked dataset folder in its place; one that is there is replaced.

    Where the file system cannot exchange them, the old one steps aside, and returns if that fails.
    """
    if not place.exists():
        dataset.rename(place)
        return
    if exchange(dataset, place):
        shutil.rmtree(dataset, ignore_errors=True)
        return
    old = dataset.with_name(f"{place.name}.replaced")
    place.rename(old)
    try:
        dataset.rename(place)
    except OSError:
        old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)
