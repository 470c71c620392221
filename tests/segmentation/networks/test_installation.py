"""Weights are installed whole or not at all, from ZIPs that may be hostile."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import torch
from tiny_networks import install_tiny

from heimdallr.domain.errors import LicenceError, WeightsError
from heimdallr.segmentation.networks import installation
from heimdallr.segmentation.networks.installation import download, install, verify
from heimdallr.segmentation.networks.weights import CHECKSUMS, WeightsStore
from heimdallr.segmentation.tasks import task

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.segmentation.networks.weights import Weights

DATASET = "Dataset297_TotalSegmentator_total_3mm_1559subj"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release ZIP of ``total_fast`` with tiny weights."""
    install_tiny(tmp_path / "made", task("total_fast"))
    return zipped(tmp_path / "made", tmp_path / "release.zip")


def zipped(folder: Path, archive: Path) -> Path:
    """A ZIP of everything below a folder."""
    shutil.make_archive(str(archive.with_suffix("")), "zip", folder)
    return archive


def installed(folder: Path) -> Weights:
    """The weights of ``total_fast`` in a folder."""
    return WeightsStore(folder, bundled_dir=folder / "none").locate(task("total_fast"))[0]


def test_a_release_is_installed_and_verified(release: Path, tmp_path: Path) -> None:
    """Checksums are recorded, the network loads, nothing is left beside it."""
    folder = tmp_path / "weights"
    assert install(release, folder) == (DATASET,)
    assert [entry.name for entry in folder.iterdir()] == [DATASET]
    found = verify(installed(folder))
    assert found.recorded
    assert found.parameters > 1000
    recorded = json.loads((folder / DATASET / CHECKSUMS).read_text())
    assert found.sha256[0] in recorded.values()


def test_installing_again_replaces(release: Path, tmp_path: Path) -> None:
    """The new release takes the old one's place."""
    folder = tmp_path / "weights"
    install(release, folder)
    (folder / DATASET / "old.txt").write_text("old")
    install(release, folder)
    assert not (folder / DATASET / "old.txt").exists()
    assert [entry.name for entry in folder.iterdir()] == [DATASET]


def test_replaced_weights_are_never_missing(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill at any instant leaves the old or the new: no folder steps aside for another."""
    folder = tmp_path / "weights"
    install(release, folder)
    there: list[bool] = []
    rename = Path.rename

    def looking(path: Path, target: Path) -> Path:
        moved = rename(path, target)
        there.append((folder / DATASET).exists())
        return moved

    monkeypatch.setattr(Path, "rename", looking)
    (folder / DATASET / "old.txt").write_text("old")
    install(release, folder)
    assert all(there)
    assert not (folder / DATASET / "old.txt").exists()


@pytest.mark.parametrize("can_exchange", [True, False])
def test_replacing_works_on_any_file_system(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, can_exchange: bool
) -> None:
    """Where two names cannot be exchanged in one step, the older folder steps aside."""
    if not can_exchange:
        monkeypatch.setattr(installation, "exchange", lambda _one, _other: False)
    folder = tmp_path / "weights"
    install(release, folder)
    (folder / DATASET / "old.txt").write_text("old")
    install(release, folder)
    assert verify(installed(folder)).recorded
    assert sorted(path.name for path in folder.rglob("*.txt")) == []
    assert [entry.name for entry in folder.iterdir()] == [DATASET]


def test_verify_notices_a_changed_checkpoint(release: Path, tmp_path: Path) -> None:
    """Another training's numbers under the same name are not what was installed."""
    install(release, tmp_path / "weights")
    found = installed(tmp_path / "weights")
    checkpoint = torch.load(found.checkpoints[0], weights_only=False)
    next(iter(checkpoint["network_weights"].values())).add_(1)
    torch.save(checkpoint, found.checkpoints[0])
    with pytest.raises(WeightsError, match="has changed since it was installed"):
        verify(found)


def test_verify_works_without_recorded_checksums(release: Path, tmp_path: Path) -> None:
    """TotalSegmentator's own downloads have none; what can be checked is checked."""
    install(release, tmp_path / "weights")
    (tmp_path / "weights" / DATASET / CHECKSUMS).unlink()
    assert not verify(installed(tmp_path / "weights")).recorded


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil.txt", "a/../../evil", "..\\evil.txt"])
def test_a_file_outside_the_folder_is_refused(release: Path, tmp_path: Path, name: str) -> None:
    """Path traversal installs nothing at all."""
    with zipfile.ZipFile(release, "a") as archive:
        archive.writestr(name, "evil")
    with pytest.raises(WeightsError, match="outside the weights folder"):
        install(release, tmp_path / "weights")
    assert list((tmp_path / "weights").iterdir()) == []
    assert not list(tmp_path.rglob("evil*"))


def test_links_are_refused(release: Path, tmp_path: Path) -> None:
    """A symbolic link could point anywhere."""
    link = zipfile.ZipInfo(f"{DATASET}/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(release, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(WeightsError, match="outside the weights folder"):
        install(release, tmp_path / "weights")


def test_a_bomb_is_stopped(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written is counted, not what the ZIP claims."""
    monkeypatch.setattr(installation, "MAX_UNPACKED_BYTES", 10_000)
    with pytest.raises(WeightsError, match="unpacks to more"):
        install(release, tmp_path / "weights")
    assert list((tmp_path / "weights").iterdir()) == []


@pytest.mark.parametrize("missing", ["plans.json", "dataset.json", "checkpoint_final.pth"])
def test_an_incomplete_network_is_refused(tmp_path: Path, missing: str) -> None:
    """The old weights stay when the new ones are not whole."""
    install_tiny(tmp_path / "made", task("total_fast"))
    install(zipped(tmp_path / "made", tmp_path / "good.zip"), tmp_path / "weights")
    next((tmp_path / "made").rglob(missing)).unlink()
    with pytest.raises(WeightsError, match="lacks plans"):
        install(zipped(tmp_path / "made", tmp_path / "bad.zip"), tmp_path / "weights")
    assert verify(installed(tmp_path / "weights")).recorded


def test_other_files_are_no_weights(tmp_path: Path) -> None:
    """A text file and a ZIP of something else are told apart."""
    (tmp_path / "no.zip").write_text("hello")
    with pytest.raises(WeightsError, match="no readable ZIP"):
        install(tmp_path / "no.zip", tmp_path / "weights")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("photo.jpg", "x")
    with pytest.raises(WeightsError, match="no nnU-Net dataset folder"):
        install(tmp_path / "other.zip", tmp_path / "weights")


def client(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    """A client whose server is a function."""
    return httpx.Client(transport=httpx.MockTransport(answer))


def test_an_interrupted_download_is_resumed(release: Path, tmp_path: Path) -> None:
    """Only the missing bytes are asked for."""
    content = release.read_bytes()
    folder = tmp_path / "weights"
    partial = folder / ".downloads" / f"{DATASET}.zip"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(content[:1000])
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.url} {request.headers['Range']}")
        return httpx.Response(206, content=content[1000:])

    shares: list[float] = []
    done = download(
        task("total_fast"),
        folder,
        client=client(answer),
        progress=lambda share, _text: shares.append(share),
    )
    assert done == (DATASET,)
    assert asked[0].endswith(f"/v2.0.0-weights/{DATASET}.zip bytes=1000-")
    assert shares[-1] == 1.0
    assert verify(installed(folder)).recorded
    assert not partial.exists()


def test_a_server_that_ignores_the_range_starts_over(release: Path, tmp_path: Path) -> None:
    """An answer of 200 is the whole file."""
    folder = tmp_path / "weights"
    partial = folder / ".downloads" / f"{DATASET}.zip"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"something else")
    download(
        task("total_fast"),
        folder,
        client=client(lambda _request: httpx.Response(200, content=release.read_bytes())),
    )
    assert verify(installed(folder)).recorded


def test_an_unreachable_server_names_the_way_without_it(tmp_path: Path) -> None:
    """Air-gapped sites learn which file to carry over."""

    def answer(request: httpx.Request) -> httpx.Response:
        msg = "no route"
        raise httpx.ConnectError(msg, request=request)

    with pytest.raises(WeightsError, match=rf"{DATASET}\.zip elsewhere and install it"):
        download(task("total_fast"), tmp_path, client=client(answer))


def test_licensed_weights_are_asked_for_with_the_number_in_the_body(tmp_path: Path) -> None:
    """Without a number nothing is sent; with one it travels in the body, not in an address."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(403)

    with pytest.raises(LicenceError, match="licence number"):
        download(task("tissue_types"), tmp_path, client=client(answer))
    assert requests == []
    with pytest.raises(WeightsError) as caught:
        download(task("tissue_types"), tmp_path, licence="aca_SECRET", client=client(answer))
    assert "aca_SECRET" not in str(caught.value) + str(requests[0].url)
    assert json.loads(requests[0].content)["license_number"] == "aca_SECRET"
