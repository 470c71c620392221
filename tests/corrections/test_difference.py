"""Changed voxels: written, read, checked, applied, taken back; and what is no difference."""

from __future__ import annotations

import gzip
import json
import struct
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from heimdallr.corrections import difference
from heimdallr.corrections.difference import (
    MAGIC,
    Difference,
    Runs,
    apply,
    between,
    composed,
    labels_version,
    reverse,
    voxels_of,
)
from heimdallr.domain.errors import CorrectionError, OtherBaseError

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.imaging.volume import Array

SHAPE = (5, 4, 3)


def labels(*, highest: int = 3) -> st.SearchStrategy[Array]:
    """Small label maps."""
    return arrays.arrays(np.uint8, SHAPE, elements=st.integers(0, highest))


def file_of(
    runs: list[tuple[int, int, int, int]], *, header: object = None, magic: bytes = MAGIC
) -> bytes:
    """A difference written by hand: (start, length, before, after) each."""
    told = header or {"shape": list(SHAPE), "maps": [{"name": "total", "runs": len(runs)}]}
    text = json.dumps(told, separators=(",", ":")).encode()
    columns = list(zip(*runs, strict=True)) or [(), (), (), ()]
    body = struct.pack(f"<{len(runs)}L", *columns[0]) + struct.pack(f"<{len(runs)}L", *columns[1])
    body += bytes(columns[2]) + bytes(columns[3])
    return gzip.compress(magic + struct.pack("<L", len(text)) + text + body)


@given(labels(), labels())
def test_what_is_applied_can_be_taken_back(before: Array, after: Array) -> None:
    """Forward and back again is the map it was."""
    runs = between("total", before, after)

    assert np.array_equal(apply(before, runs), after)
    assert np.array_equal(apply(after, reverse(runs)), before)
    assert runs.voxels == np.count_nonzero(before != after)


@given(labels(), labels(), labels())
def test_a_written_difference_is_read_as_it_was(one: Array, other: Array, third: Array) -> None:
    """Writing and reading change nothing, and equal ones are equal byte by byte."""
    found = {"total": between("total", one, other), "body": between("body", other, third)}
    made = Difference(SHAPE, {name: runs for name, runs in found.items() if len(runs)})

    again = Difference.read(made.pack())

    assert again.pack() == made.pack()
    assert list(again.maps) == list(made.maps)
    for name, runs in made.maps.items():
        for column in ("starts", "lengths", "before", "after"):
            assert np.array_equal(getattr(again.maps[name], column), getattr(runs, column))


@given(st.lists(labels(), min_size=2, max_size=5))
def test_changes_that_followed_each_other_are_one_change(maps: list[Array]) -> None:
    """From the first map to the last, whatever lay between."""
    steps = [between("total", one, other) for one, other in pairwise(maps)]

    found, expected = composed(steps), between("total", maps[0], maps[-1])

    for column in ("starts", "lengths", "before", "after"):
        assert np.array_equal(getattr(found, column), getattr(expected, column))


def test_voxels_count_along_the_first_axis_first() -> None:
    """A run may go on in the next row; the bytes are those of the format."""
    before = np.zeros(SHAPE, np.uint8)
    after = before.copy()
    after[1:5, 2, 1] = 7  # 1 + 5·(2 + 4·1) = 31, to the end of the row
    after[0:2, 3, 1] = 7  # goes on in the next

    runs = between("total", before, after)

    assert (runs.starts.tolist(), runs.lengths.tolist()) == ([31], [6])
    assert (runs.before.tolist(), runs.after.tolist()) == ([0], [7])
    written = Difference(SHAPE, {"total": runs}).pack()
    assert gzip.decompress(written) == gzip.decompress(file_of([(31, 6, 0, 7)]))


def test_many_voxels_are_gone_through_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are cut where a piece ends, and nothing is lost there."""
    monkeypatch.setattr(difference, "_CHUNK_VOXELS", 7)
    generator = np.random.default_rng(5)
    before, after = generator.integers(0, 3, (2, *SHAPE), dtype=np.uint8)
    after[:, 1] = 4

    runs = between("total", before, after)

    assert np.array_equal(apply(before, runs), after)
    assert max(len(where) for where, _, _ in voxels_of(runs)) == 7


@pytest.mark.parametrize("order", ["C", "F"])
def test_how_a_map_lies_in_memory_does_not_matter(order: str) -> None:
    """C order, Fortran order and mirrored axes give the same voxels."""
    before = np.array(np.arange(60).reshape(SHAPE) % 4, np.uint8, order=order)  # type: ignore[call-overload]
    after = before[::-1]

    changed = apply(before, between("total", before, after))

    assert np.array_equal(changed, after)
    assert changed.flags.f_contiguous
    assert before[0, 0, 0] == 0


def test_another_base_is_noticed() -> None:
    """A voxel with another label refuses the whole, and nothing has changed."""
    before = np.zeros(SHAPE, np.uint8)
    runs = Difference.read(file_of([(3, 2, 0, 1)])).maps["total"]
    before[4, 0, 0] = 2

    with pytest.raises(OtherBaseError):
        apply(before, runs)

    assert before.sum() == 2


BOMB = gzip.compress(bytes(300 << 20), 9)

HOSTILE = {
    "no gzip": b"HDLRDIF1",
    "nothing": b"",
    "another magic": file_of([(3, 2, 0, 1)], magic=b"HDLRDIF2"),
    "only the magic": gzip.compress(MAGIC),
    "cut off": file_of([(3, 2, 0, 1)])[:-12],
    "one byte short": gzip.compress(gzip.decompress(file_of([(3, 2, 0, 1)]))[:-1]),
    "something behind it": gzip.compress(gzip.decompress(file_of([(3, 2, 0, 1)])) + b"x"),
    "two members": file_of([(3, 2, 0, 1)]) + gzip.compress(b"x"),
    "a long header": gzip.compress(MAGIC + struct.pack("<L", 1 << 31) + b"{}"),
    "a header of other keys": file_of([(3, 2, 0, 1)], header={"shape": [5, 4, 3]}),
    "a header that is a list": file_of([], header=[1]),
    "more runs than told": file_of(
        [(3, 2, 0, 1)], header={"shape": SHAPE, "maps": [{"name": "total", "runs": 2}]}
    ),
    "negative runs": file_of([], header={"shape": SHAPE, "maps": [{"name": "total", "runs": -1}]}),
    "a map twice": file_of([], header={"shape": SHAPE, "maps": [{"name": "total", "runs": 0}] * 2}),
    "no voxels": file_of([], header={"shape": [5, 0, 3], "maps": []}),
    "an empty run": file_of([(3, 0, 0, 1)]),
    "a run that changes nothing": file_of([(3, 2, 1, 1)]),
    "overlapping runs": file_of([(3, 3, 0, 1), (5, 1, 0, 2)]),
    "descending runs": file_of([(9, 1, 0, 1), (5, 1, 0, 2)]),
    "beyond the volume": file_of([(58, 3, 0, 1)]),
    "beyond any number": file_of([(0xFFFFFFFF, 0xFFFFFFFF, 0, 1)]),
    "a bomb": BOMB,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_difference_is_refused(name: str) -> None:
    """Whatever comes over the wire: refused with a reason."""
    with pytest.raises(CorrectionError) as refused:
        Difference.read(HOSTILE[name])

    assert refused.value.why.code in {"difference_damaged", "difference_too_large"}


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(noise: bytes) -> None:
    """No content makes another error than the one for people."""
    for packed in (noise, gzip.compress(noise), gzip.compress(MAGIC + noise)):
        with pytest.raises(CorrectionError):
            Difference.read(packed)


@pytest.mark.parametrize(
    ("shape", "known", "code"),
    [
        ((5, 4, 4), {"total": [1]}, "difference_of_other_shape"),
        (SHAPE, {"body": [1]}, "difference_of_unknown_map"),
        (SHAPE, {"total": [2]}, "difference_of_unknown_label"),
    ],
)
def test_what_does_not_fit_the_case_is_refused(
    shape: tuple[int, int, int], known: dict[str, list[int]], code: str
) -> None:
    """Another volume, another map, a number without a name."""
    made = Difference.read(file_of([(3, 2, 0, 1), (9, 1, 1, 0)]))
    made.check(SHAPE, {"total": [1]})

    with pytest.raises(CorrectionError) as refused:
        made.check(shape, known)

    assert refused.value.why.code == code


def test_nothing_changed_is_no_correction() -> None:
    """An empty difference is refused, so that no version says nothing."""
    with pytest.raises(CorrectionError) as refused:
        Difference.read(file_of([])).check(SHAPE, {"total": [1]})

    assert refused.value.why.code == "correction_changes_nothing"


def test_two_grids_are_not_compared() -> None:
    """Maps of two shapes are a mistake of the caller."""
    with pytest.raises(ValueError, match="total"):
        between("total", np.zeros((2, 2, 2)), np.zeros((2, 2, 3)))


def test_no_voxel_makes_no_run() -> None:
    """Equal maps differ nowhere."""
    nothing = between("total", np.ones(SHAPE, np.uint8), np.ones(SHAPE, np.uint8))

    assert isinstance(nothing, Runs)
    assert (len(nothing), nothing.voxels, nothing.labels) == (0, 0, set())


def test_the_base_follows_names_and_bytes_of_the_label_maps(tmp_path: Path) -> None:
    """Another content or name is another base; labels.json does not count."""
    maps = tmp_path / "labels"
    maps.mkdir()
    (maps / "total.nii.gz").write_bytes(b"one")
    first = labels_version(tmp_path)
    (maps / "labels.json").write_text("{}")
    assert labels_version(tmp_path) == first

    seen = {first}
    (maps / "total.nii.gz").write_bytes(b"two")
    seen.add(labels_version(tmp_path))
    (maps / "total.nii.gz").rename(maps / "body.nii.gz")
    seen.add(labels_version(tmp_path))

    assert len(seen) == 3
    assert all(len(one) == 32 for one in seen)
