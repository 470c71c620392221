"""Opening inputs; every hostile ZIP is refused and leaves nothing behind."""

from __future__ import annotations

import io
import stat
import zipfile
from typing import TYPE_CHECKING

import pytest

from heimdallr.domain.errors import NoDicomError, UnsafeArchiveError
from heimdallr.preparation.archive import ArchiveLimits, InputKind, extract_zip, open_input

if TYPE_CHECKING:
    from collections.abc import Mapping
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
    ["../evil", "a/../../evil", "/etc/evil", "C:\\evil", "..\\evil", "\\\\host\\evil", "a/b/.."],
)
def test_names_that_point_outside_are_refused(tmp_path: Path, name: str) -> None:
    """They could not do harm under generated names, but nobody honest writes them."""
    archive = _zip(tmp_path / "a.zip", {"good": b"x", name: b"y"})
    with (
        pytest.raises(UnsafeArchiveError, match="outside"),
        open_input(archive, tmp_path / "work"),
    ):
        pass
    assert list((tmp_path / "work").iterdir()) == []


def test_links_are_refused(tmp_path: Path) -> None:
    """A symbolic link inside an archive."""
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UnsafeArchiveError, match="link"):
        extract_zip(tmp_path / "a.zip", tmp_path)


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


@pytest.mark.parametrize("inner", ["study.zip", "innocent.dcm"])
def test_an_archive_in_an_archive_is_refused(tmp_path: Path, inner: str) -> None:
    """By its name or by its first bytes."""
    nested = io.BytesIO()
    with zipfile.ZipFile(nested, "w") as archive:
        archive.writestr("x", b"y")
    outer = _zip(tmp_path / "a.zip", {inner: nested.getvalue()})
    with pytest.raises(UnsafeArchiveError, match="another archive"):
        extract_zip(outer, tmp_path)


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
