"""Metal and cement in bone: what makes a vertebra's attenuation and its outline untrue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.imaging.morphology import box_around

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.imaging.volume import Array

METAL_HU, METAL_MM3 = 2000.0, 50.0
"""So much at least so dense in the box around a bone is metal.

Chosen, not measured: dense cortex reaches 1,800 HU, screws 3,000 and more, and a pedicle screw has
some 800 mm³. Half the volume would be a clip or a wire beside the bone, half the attenuation
cortex; twice would pass titanium thinned by partial volume.
"""

CEMENT_HU, CEMENT_SHARE = 600.0, 0.02
"""So large a share of a body without its cortex so dense is no trabecular bone.

Chosen, not measured: marrow in the young reaches 300 HU, cement 1,000 and more, dense metastases
500 to 900; an endplate that the erosion left is dense too, but thin. Half the share would be one
bone island, twice would pass a small plug of cement.
"""


def has_metal(case: Case, structure: str) -> bool:
    """Whether there is metal in the box around a structure, on its label or beside it."""
    box = box_around(case.statistics[structure], case.image.shape, case.image.affine)
    dense = int((case.image.data[box] >= METAL_HU).sum())
    return dense * case.image.voxel_volume_mm3 >= METAL_MM3


def is_dense(trabecular_hu: Array) -> bool:
    """Whether attenuations inside a bone are those of cement, sclerosis or metal."""
    return bool((trabecular_hu >= CEMENT_HU).mean() >= CEMENT_SHARE)
