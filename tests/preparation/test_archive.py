"""Opening inputs; every hostile ZIP is refused and leaves nothing behind."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from heimdallr.domain.errors import NoDicomError, UnsafeArchiveError
from heimdallr.preparation import inner_archives
from heimdallr.preparation.archive import ArchiveLimits, InputKind, extract_zip, open_input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def _zip(path: Path, members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_members_are_written_under_generated_names(tmp_path: Path) -> None:
    """A patient's name in the archive never becomes a path."""
    archive = _zip(tmp_path / "a.zip", {"SILVA MARIA/IM 1.dcm": b"one", "SILVA MARIA/2": b"two"})
    with open_input(archive, tmp_path / "work") as opened:
        assert opened.kind is InputKind.DICOM
        assert [path.name for path in opened.files] == ["000001", "000002"]
        assert [path.read_bytes() for path in opened.files] == [b"one", b"two"]
        assert "SILVA" not in " ".join(map(str, opened.files))
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["../evil", "a/../../evil", "..\\evil", "C:\\..\\evil", "a/b/.."],
)
def test_names_that_climb_out_are_refused(tmp_path: Path, name: str) -> None:
    """They could not do harm under generated names, but nobody honest writes them."""
    archive = _zip(tmp_path / "a.zip", {"good": b"x", name: b"y"})
    with (
        pytest.raises(UnsafeArchiveError, match="outside"),
        open_input(archive, tmp_path / "work"),
    ):
        pass
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["/DICOM/IM1", "C:/DICOM/IM1", "C:\\DICOM\\IM1", "\\\\host\\share\\IM1", "./a/./b..c"]
)
def test_names_with_a_root_are_only_names(tmp_path: Path, name: str) -> None:
    """Some programs pack whole paths; under a generated name they lead nowhere."""
    archive = _zip(tmp_path / "a.zip", {name: b"image"})
    (tmp_path / "out").mkdir()
    (path,) = extract_zip(archive, tmp_path / "out")
    assert path == tmp_path / "out" / "000001"
    assert path.read_bytes() == b"image"


def test_links_are_passed_over(tmp_path: Path) -> None:
    """A symbolic link inside an archive is not followed and not written."""
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("image", b"image")
    (tmp_path / "out").mkdir()
    (path,) = extract_zip(tmp_path / "a.zip", tmp_path / "out")
    assert path.read_bytes() == b"image"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (ArchiveLimits(members=2), "more than 2 files"),
        (ArchiveLimits(total_bytes=10_000), "more than the limit"),
        (ArchiveLimits(member_bytes=9_000), "a member"),
        (ArchiveLimits(ratio=10.0, ratio_from_bytes=20_000), "far more"),
    ],
)
def test_a_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, limits: ArchiveLimits, reason: str
) -> None:
    """Too many, too large, too well compressed."""
    archive = _zip(tmp_path / "a.zip", {f"{number}": bytes(10_000) for number in range(3)})
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(UnsafeArchiveError, match=reason):
        extract_zip(archive, target, limits)
    assert list(target.iterdir()) == []


def test_a_member_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """The central directory says 10 bytes, the data are 50,000: what comes out is counted."""
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(50_000))
    content = plain.getvalue()
    lie = (10).to_bytes(4, "little")
    content = content.replace((50_000).to_bytes(4, "little"), lie)
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(UnsafeArchiveError):
        extract_zip(tmp_path / "a.zip", tmp_path)


DICOM = bytes(128) + b"DICM" + bytes(400)


def _packed(kind: str, content: bytes) -> bytes:
    """One file in an archive."""
    packed = io.BytesIO()
    if kind == "ZIP":
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0")
            archive.writestr("x", content)
    elif kind.startswith("tar"):
        mode = {"tar": "w", "tar.gz": "w:gz", "tar.xz": "w:xz", "tar.bz2": "w:bz2"}[kind]
        with tarfile.open(fileobj=packed, mode=mode) as tar:  # type: ignore[call-overload]
            member = tarfile.TarInfo("x")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    else:
        compress: dict[str, Callable[[bytes], bytes]] = {
            "gzip": gzip.compress,
            "bzip2": bz2.compress,
            "xz": lzma.compress,
        }
        return compress[kind](content)
    return packed.getvalue()


KINDS = ("ZIP", "tar", "tar.gz", "tar.xz", "tar.bz2", "gzip", "bzip2", "xz")


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_of_images_in_an_archive_is_refused(tmp_path: Path, kind: str) -> None:
    """Whatever its name: passed over, what is left would be measured as if it were all."""
    members = {"IM1": DICOM, "innocent.dcm": _packed(kind, DICOM)}
    outer = _zip(tmp_path / "a.zip", members)
    with pytest.raises(UnsafeArchiveError, match="another archive of images"):
        extract_zip(outer, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_any_other_archive_in_an_archive_is_written_like_a_file(tmp_path: Path, kind: str) -> None:
    """A viewer's Java archive, an office document, a compressed page."""
    content = _packed(kind, b"no image" * 100)
    outer = _zip(tmp_path / "a.zip", {"IM1": DICOM, "viewer.jar": content})
    (tmp_path / "out").mkdir()
    image, viewer = extract_zip(outer, tmp_path / "out")
    assert (image.read_bytes(), viewer.read_bytes()) == (DICOM, content)


@pytest.mark.parametrize("head", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x01\x00"])
def test_an_archive_that_cannot_be_looked_into_is_refused(tmp_path: Path, head: bytes) -> None:
    """It may hold the rest of the study."""
    outer = _zip(tmp_path / "a.zip", {"IM1": DICOM, "rest": head + bytes(1000)})
    with pytest.raises(UnsafeArchiveError, match="another archive"):
        extract_zip(outer, tmp_path)


def test_a_damaged_archive_in_an_archive_holds_nothing(tmp_path: Path) -> None:
    """A cut viewer does not cost the images."""
    cut = _packed("ZIP", DICOM * 20)[:-60]
    bomb = b"PK\x03\x04" + b"PK\x05\x06" + bytes(8) + (2**31).to_bytes(4, "little") + bytes(6)
    (tmp_path / "out").mkdir()
    outer = _zip(tmp_path / "a.zip", {"IM1": DICOM, "viewer.jar": cut, "bomb": bomb})
    assert len(extract_zip(outer, tmp_path / "out")) == 3


def test_what_an_inner_stream_unpacks_to_is_read_so_far_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tar of a gigabyte is not unpacked to see what is in it."""
    monkeypatch.setattr(inner_archives, "MOST_BYTES", 2**16)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in (("large", bytes(2**20)), ("image", DICOM)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    outer = _zip(tmp_path / "a.zip", {"IM1": DICOM, "viewer.tgz": packed.getvalue()})
    (tmp_path / "out").mkdir()
    assert len(extract_zip(outer, tmp_path / "out")) == 2


@pytest.mark.parametrize("kind", [one for one in KINDS if one != "ZIP"])
def test_another_kind_of_archive_is_named(tmp_path: Path, kind: str) -> None:
    """Handed in by itself."""
    (tmp_path / "study").write_bytes(_packed(kind, DICOM))
    with (
        pytest.raises(UnsafeArchiveError, match=r"a (tar|gzip|xz|bzip2) archive, not a ZIP"),
        open_input(tmp_path / "study", tmp_path / "work"),
    ):
        pass


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    """The flag alone decides; no password is asked for."""
    archive = _zip(tmp_path / "a.zip", {"a": b"content"})
    content = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    archive.write_bytes(content)
    with pytest.raises(UnsafeArchiveError, match="encrypted"):
        extract_zip(archive, tmp_path)


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    """A flipped byte fails the checksum, a missing end the directory."""
    archive = _zip(tmp_path / "a.zip", {"a": b"content" * 100}, zipfile.ZIP_STORED)
    content = bytearray(archive.read_bytes())
    content[60] ^= 0xFF
    (tmp_path / "flipped.zip").write_bytes(content)
    (tmp_path / "cut.zip").write_bytes(content[:-10])
    (tmp_path / "text.zip").write_bytes(b"no archive at all")
    for name in ("flipped.zip", "cut.zip", "text.zip"):
        with pytest.raises(UnsafeArchiveError):
            extract_zip(tmp_path / name, tmp_path)


def test_a_directory_that_claims_millions_of_members_is_not_even_read(tmp_path: Path) -> None:
    """The end record is checked before the central directory is loaded."""
    archive = tmp_path / "a.zip"
    size = 46 * 3000
    end = b"PK\x05\x06" + bytes(8) + size.to_bytes(4, "little") + bytes(6)
    archive.write_bytes(bytes(size) + end)
    with pytest.raises(UnsafeArchiveError, match="more than 100 files"):
        extract_zip(archive, tmp_path, ArchiveLimits(members=100))


def test_a_folder_is_read_where_it_lies(tmp_path: Path) -> None:
    """Sorted, files only, links to folders not followed."""
    (tmp_path / "in" / "b").mkdir(parents=True)
    (tmp_path / "in" / "b" / "2").write_bytes(b"2")
    (tmp_path / "in" / "1").write_bytes(b"1")
    (tmp_path / "in" / "loop").symlink_to(tmp_path)
    with open_input(tmp_path / "in", tmp_path) as opened:
        assert [path.name for path in opened.files] == ["1", "2"]


def test_a_nifti_file_is_told_by_its_name(tmp_path: Path) -> None:
    """Both endings."""
    for name in ("a.nii", "b.NII.GZ"):
        (tmp_path / name).write_bytes(b"")
        with open_input(tmp_path / name, tmp_path) as opened:
            assert opened.kind is InputKind.NIFTI


def test_a_path_that_does_not_exist_is_named_as_such(tmp_path: Path) -> None:
    """Without repeating the path, which may hold a name."""
    with (
        pytest.raises(NoDicomError, match="neither a file nor a folder"),
        open_input(tmp_path / "absent", tmp_path),
    ):
        pass
