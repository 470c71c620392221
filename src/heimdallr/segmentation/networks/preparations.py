"""What the networks of one case share: the image at a spacing, and prepared as plans want it.

The five networks of ``total`` have the same plans, the bundled ones of bodies and tissues too, and
each would resample and prepare the same image anew. The last image and the last preparation are
kept, no more: both are as large as the case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from heimdallr.segmentation.networks.preprocessing import prepare
from heimdallr.segmentation.networks.resampling import spread_out, to_spacing

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.imaging.volume import Affine, Array
    from heimdallr.segmentation.network_collections import SplineOrder
    from heimdallr.segmentation.networks.plans import Plans
    from heimdallr.segmentation.networks.preprocessing import Prepared

Made = TypeVar("Made")

Spacing = tuple[float | None, float | None, float | None]


class Preparations:
    """Made once, as long as the same array and the same wishes are asked for.

    Arrays are the same when they are one object; nobody may write into them meanwhile.
    """

    def __init__(self) -> None:
        self._images: _Last[tuple[Array, Affine]] = _Last()
        self._prepared: _Last[Prepared] = _Last()

    def image(
        self,
        data: Array,
        affine: Affine,
        box: tuple[slice, slice, slice],
        spacing_mm: Spacing | None,
        order: SplineOrder = 1,
        *,
        integers: bool = False,
        signal: bool = False,
    ) -> tuple[Array, Affine]:
        """A part of an image at a spacing.

        Args:
            data: (I, J, K) image.
            affine: (4, 4) voxel index → RAS mm of the part.
            box: which part.
            spacing_mm: voxel size wanted; None: as it is.
            order: of the spline.
            integers: cut fractions off first, as TotalSegmentator does where it crops.
            signal: of MR, which has no unit: it may be multiplied.

        Returns:
            As of :func:`~heimdallr.segmentation.networks.resampling.to_spacing`.
        """
        has_fractions = signal and data.dtype.kind == "f"

        def make() -> tuple[Array, Affine]:
            self._prepared.forget()
            part = spread_out(data[box]) if has_fractions else data[box]
            part = part.astype(np.int32) if integers else part
            return (
                (part, affine)
                if spacing_mm is None
                else to_spacing(part, affine, spacing_mm, order)
            )

        wishes = (affine.tolist(), box, spacing_mm, order, integers, has_fractions)
        return self._images.made_of(data, wishes, make)

    def prepared(self, image: Array, affine: Affine, part: slice, plans: Plans) -> Prepared:
        """Some planes of an image of :meth:`image` as a network wants them.

        Args:
            image: (I, J, K).
            affine: (4, 4) voxel index → RAS mm.
            part: planes along K.
            plans: of the network.
        """
        wishes = (
            affine.tolist(),
            part,
            plans.spacing_mm,
            plans.transpose_forward,
            plans.normalizations,
            plans.resampling_data,
        )
        return self._prepared.made_of(
            image, wishes, lambda: prepare(image[:, :, part], affine, plans)
        )


class _Last(Generic[Made]):
    """The last thing made, what of, and how."""

    def __init__(self) -> None:
        self._kept: tuple[Array, tuple[object, ...], Made] | None = None

    def made_of(self, source: Array, wishes: tuple[object, ...], make: Callable[[], Made]) -> Made:
        """What was made of the source before, or what is made of it now."""
        if self._kept is None or self._kept[0] is not source or self._kept[1] != wishes:
            self.forget()  # before there is another
            self._kept = (source, wishes, make())
        return self._kept[2]

    def forget(self) -> None:
        """Free the memory."""
        self._kept = None
