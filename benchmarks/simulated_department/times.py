"""What stages take on two cores without a GPU, measured; the clock of the simulated networks.

Measured by ``benchmarks/process_study.py`` (an abdominal CT of 60 slices, bundled networks: 10 s of
segmentation, on a machine with other work) and ``benchmarks/engine.py --large`` (512×512×600, one
network of TotalSegmentator's true 3 mm architecture: 30 s). A line is drawn through the two. Not
every image of a study belongs to the series that is measured: the line is an upper bound.
"""

from __future__ import annotations

_FEW, _FEW_S = 60, 10.0
_MANY, _MANY_S = 600, 30.0


def segment_s(images: int) -> float:
    """Seconds of segmentation for a study of so many images."""
    return _FEW_S + (_MANY_S - _FEW_S) * (images - _FEW) / (_MANY - _FEW)
