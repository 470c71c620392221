"""What every reader of a series' numbers has to be told, as far as its headers tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.domain.statements import Statement
from heimdallr.domain.study import KernelClass, PixelValues, Series, Spectral

if TYPE_CHECKING:
    from collections.abc import Iterator


def notices_of(series: Series) -> tuple[Statement, ...]:
    """In the order in which they matter: what the pixels are, how they were altered."""
    of_ct = _of_ct(series) if series.modality == "CT" else ()
    return (*of_ct, *_of_compression(series))


def _of_ct(series: Series) -> Iterator[Statement]:
    if series.pixel_values is PixelValues.UNKNOWN:
        yield Statement("attenuation_unknown")
    elif series.spectral is Spectral.NON_CONTRAST:
        yield Statement("virtual_non_contrast_image")
    elif series.spectral is Spectral.MONOENERGETIC and series.energy_kev is not None:
        yield Statement("monoenergetic_image", {"energy_kev": series.energy_kev})
    elif series.pixel_values is PixelValues.VIRTUAL:
        yield Statement("virtual_image")
    if series.kernel_class is KernelClass.LUNG:
        yield Statement("lung_kernel")
    elif series.kernel_class is KernelClass.BONE:
        yield Statement("bone_kernel")


def _of_compression(series: Series) -> Iterator[Statement]:
    lossy = series.lossy
    if lossy is None:
        return
    method = lossy.method or "unknown"
    if not lossy.certain:
        yield Statement("perhaps_lossy_compression", {"method": method})
    elif lossy.ratio is None:
        yield Statement("lossy_compression", {"method": method})
    else:
        yield Statement("lossy_compression_ratio", {"method": method, "ratio": lossy.ratio})
