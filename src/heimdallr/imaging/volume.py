"""Images and label maps as arrays with an affine, always in one orientation.

A NIfTI file may store its voxels in any of 48 axis orders. It is reoriented once, when it is
loaded, to the closest canonical orientation *RAS+*: the first index grows towards the patient's
right, the second towards anterior, the third towards superior. After that, and only after that,
code may call axis 2 the superior axis. Oblique and gantry-tilted acquisitions keep their rotation
or shear in the affine; voxel volume is therefore ``|det|``, never a product of spacings.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
from nibabel.affines import apply_affine
from nibabel.filebasedimages import ImageFileError
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation, ornt_transform
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from heimdallr.domain.errors import ConversionError
from heimdallr.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Array = npt.NDArray[Any]
Affine = npt.NDArray[np.float64]

RAS = np.array([[0, 1], [1, 1], [2, 1]])
"""nibabel's orientation code of the canonical axes: R, A, S, none flipped."""

_SNIFFED = 540
"""Bytes of the longer of NIfTI's two headers."""

_GZIP_LEVEL = 1
"""As nibabel has it: label maps shrink well at any level, and time is what counts."""


@dataclass(frozen=True, slots=True)
class NativeGrid:
    """How a file stored its voxels before they were reoriented, so that results can go back.

    Attributes:
        affine: (4, 4) voxel index → RAS mm of the file as stored.
        shape: voxels along the file's own axes.
    """

    affine: Affine
    shape: tuple[int, int, int]

    def from_canonical(self, data: Array) -> Array:
        """Array over the RAS+ grid → the same voxels in the file's own axis order."""
        return np.asarray(apply_orientation(data, ornt_transform(RAS, io_orientation(self.affine))))

    def box_from_canonical(self, box: tuple[slice, ...]) -> tuple[slice, ...]:
        """Box in the RAS+ grid → the same voxels' box in the file's own axis order."""
        native = list(box)
        turned = ornt_transform(RAS, io_orientation(self.affine)).astype(int).tolist()
        for side, (axis, direction) in zip(box, turned, strict=True):
            length = self.shape[axis]
            there = slice(length - side.stop, length - side.start)
            native[axis] = side if direction > 0 else there
        return tuple(native)


@dataclass(frozen=True, slots=True)
class _Grid:
    """What an image and a label map share: voxels in RAS+ order and where they are.

    Attributes:
        data: (I, J, K) array; I → right, J → anterior, K → superior.
        affine: (4, 4) float64, voxel index → RAS mm (NIfTI convention, DICOM's LPS negated).
    """

    data: Array
    affine: Affine

    def __post_init__(self) -> None:
        """Refuse what is not three-dimensional, or whose affine is singular or not canonical."""
        if self.data.ndim != 3:  # noqa: PLR2004 - three spatial axes
            msg = f"a volume has three axes, not {self.data.ndim}"
            raise ConversionError(msg)
        if not np.isfinite(self.affine).all() or abs(np.linalg.det(self.affine)) < 1e-9:  # noqa: PLR2004
            msg = "the volume's affine is singular"
            raise ConversionError(msg, remedy="the file's geometry is damaged; convert it anew")
        if not np.array_equal(io_orientation(self.affine), RAS):
            msg = "volumes are kept in RAS+ order; load them with load_volume or load_label_map"
            raise ValueError(msg)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along right, anterior, superior."""
        i, j, k = self.data.shape
        return i, j, k

    @property
    def spacing_mm(self) -> Affine:
        """(3,) distance between neighbouring voxel centres along each axis."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel, |det| of the affine: right for oblique and sheared grids too."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    def voxel_to_world(self, ijk: npt.ArrayLike) -> Affine:
        """(…, 3) voxel indices → (…, 3) RAS mm."""
        return np.asarray(apply_affine(self.affine, np.asarray(ijk)))

    def world_to_voxel(self, xyz_ras_mm: npt.ArrayLike) -> Affine:
        """(…, 3) RAS mm → (…, 3) fractional voxel indices."""
        return np.asarray(apply_affine(np.linalg.inv(self.affine), np.asarray(xyz_ras_mm)))


@dataclass(frozen=True, slots=True)
class Volume(_Grid):
    """One image: HU for CT, arbitrary signal for MR."""


@dataclass(frozen=True, slots=True)
class LabelMap(_Grid):
    """A segmentation: each voxel holds the number of one structure, or 0.

    Attributes:
        names: label number → structure name (TotalSegmentator's class names).
    """

    names: Mapping[int, str]

    def number(self, name: str) -> int:
        """The label number of a structure; :class:`KeyError` for a name this map does not know."""
        for number, known in self.names.items():
            if known == name:
                return number
        raise KeyError(name)

    def mask(self, name: str) -> npt.NDArray[np.bool_]:
        """Boolean (I, J, K) array of one structure, all False when it is absent."""
        return np.asarray(self.data == self.number(name))


def load_volume(path: Path, plain: bytes | None = None) -> Volume:
    """Read a 3-D NIfTI image and reorient it to RAS+; planes of one height lie together.

    Values that are whole numbers stay integers (a 512×512×600 CT is 315 MB as int16), also where a
    CT is stored with an intercept; everything else becomes float32.

    Args:
        path: the file.
        plain: what is in it, where somebody has read and expanded it already.

    Raises:
        ConversionError: the file is unreadable, not 3-D or has a singular affine.
    """
    image = _open(path, plain)
    data = _shifted(image)
    if data is None:
        data = np.asanyarray(image.dataobj)
    if not np.issubdtype(data.dtype, np.integer):
        data = data.astype(np.float32, copy=False)
    return Volume(*_canonical(data, _affine(image), path))


def load_label_map(path: Path, names: Mapping[int, str], plain: bytes | None = None) -> LabelMap:
    """Read a NIfTI label map and reorient it to RAS+.

    Args:
        path: the file.
        names: label number → structure.
        plain: as of :func:`load_volume`.

    Raises:
        ConversionError: the file is unreadable, not 3-D, or holds values that are no labels.
    """
    image = _open(path, plain)
    data = np.asanyarray(image.dataobj)
    labels = data
    if data.dtype not in (np.uint8, np.uint16):
        labels = data.astype(np.uint8 if data.size == 0 or data.max() < 256 else np.uint16)  # noqa: PLR2004
        if not np.array_equal(labels, data):
            msg = f"{path.name} holds values that are no label numbers"
            raise ConversionError(msg)
    canonical, affine = _canonical(labels, _affine(image), path)
    return LabelMap(canonical, affine, names)


def native_grid(path: Path) -> NativeGrid:
    """The axis order and affine a NIfTI file uses itself; reads the header only."""
    image = _open(path)
    i, j, k = _three_axes(image.shape, path)
    return NativeGrid(_affine(image), (i, j, k))


def stored_type(path: Path) -> np.dtype[Any]:
    """The data type of a NIfTI file's voxels as stored; reads the header only."""
    stored: np.dtype[Any] = _open(path).get_data_dtype()
    return stored


def save_nifti(path: Path, data: Array, affine: Affine, *, like: NativeGrid | None = None) -> None:
    """Write a ``.nii`` or ``.nii.gz`` that appears whole or not at all.

    Args:
        path: file to appear.
        data: (I, J, K) array in RAS+ order.
        affine: (4, 4) voxel index → RAS mm of ``data``.
        like: write in this file's own axis order and affine, so that both overlay voxel by voxel.
    """
    if like is not None:
        data, affine = like.from_canonical(data), like.affine
    image = nib.Nifti1Image(np.ascontiguousarray(data), affine)
    image.header.set_xyzt_units("mm", "sec")
    with whole_file(path) as file:
        if path.suffix == ".gz":
            with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as packed:
                image.to_stream(packed)
        else:
            image.to_stream(file)


def _open(path: Path, plain: bytes | None = None) -> nib.Nifti1Image:
    try:
        if plain is None:
            image = nib.load(path)
        else:
            second = nib.Nifti2Header.may_contain_header(plain[:_SNIFFED])
            image = (nib.Nifti2Image if second else nib.Nifti1Image).from_bytes(plain)
    except (OSError, ImageFileError, HeaderDataError, WrapStructError, ValueError) as error:
        msg = f"{path.name} is not a readable NIfTI file"
        raise ConversionError(msg) from error
    if not isinstance(image, nib.Nifti1Image):
        msg = f"{path.name} is not a NIfTI file"
        raise ConversionError(msg)
    return image


def _shifted(image: nib.Nifti1Image) -> Array | None:
    """The values as int16 where slope and intercept only shift stored integers, and they fit."""
    proxy = image.dataobj
    low, high = np.iinfo(np.int16).min, np.iinfo(np.int16).max
    if proxy.dtype.kind not in "iu" or proxy.slope != 1 or not float(proxy.inter).is_integer():
        return None
    stored, shift = np.asanyarray(proxy.get_unscaled()), int(proxy.inter)
    if shift == 0 or stored.size == 0:
        return None
    if int(stored.min()) + shift < low or int(stored.max()) + shift > high:
        return None
    # A stored value of 16 bits without a sign may be out of range before it is shifted, not after:
    # both are counted modulo 2¹⁶.
    return np.asarray(stored.astype(np.int16) + np.array(shift).astype(np.int16))


def _affine(image: nib.Nifti1Image) -> Affine:
    return np.asarray(image.affine, dtype=np.float64)


def _three_axes(shape: tuple[int, ...], path: Path) -> tuple[int, ...]:
    while len(shape) > 3 and shape[-1] == 1:  # noqa: PLR2004 - a 4-D file of one time point
        shape = shape[:-1]
    if len(shape) != 3:  # noqa: PLR2004
        msg = f"{path.name} has {len(shape)} axes; one volume has three"
        raise ConversionError(msg, remedy="hand in one volume, not a time series or a slice")
    return shape


def _canonical(data: Array, affine: Affine, path: Path) -> tuple[Array, Affine]:
    data = data.reshape(_three_axes(data.shape, path))
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine)) < 1e-9:  # noqa: PLR2004
        msg = f"the affine of {path.name} is singular"
        raise ConversionError(msg, remedy="the file's geometry is damaged; convert it anew")
    orientation = io_orientation(affine)
    reoriented = np.asfortranarray(apply_orientation(data, orientation))
    moved = affine @ inv_ornt_aff(orientation, data.shape)
    return reoriented, np.asarray(moved, dtype=np.float64)
