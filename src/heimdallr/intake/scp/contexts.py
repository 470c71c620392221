"""Which presentation contexts are accepted, and with which transfer syntax.

The order is ours, not the peer's: pynetdicom takes the first syntax of the acceptor's list that
the peer offers. Explicit VR keeps the VRs of private elements; what is compressed stays so, since
it was made so by whoever acquired it; Implicit VR, which loses private VRs, comes last.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from pydicom.uid import (
    HTJ2K,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)
from pydicom.uid import (
    JPEG2000 as JPEG2000_LOSSY,
)
from pynetdicom.presentation import (
    AllStoragePresentationContexts,
    PresentationContext,
    build_context,
)
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # made at import
    StorageCommitmentPushModel,
    Verification,
)

from heimdallr.intake.scp.commands import is_uid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydicom.uid import UID

TRANSFER_SYNTAXES: tuple[UID, ...] = (
    ExplicitVRLittleEndian,
    JPEGLSLossless,
    JPEG2000Lossless,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEGLosslessSV1,
    JPEGLossless,
    RLELossless,
    DeflatedExplicitVRLittleEndian,
    JPEGLSNearLossless,
    JPEG2000_LOSSY,
    HTJ2K,
    JPEGExtended12Bit,
    JPEGBaseline8Bit,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)
"""Accepted for storage, best first: every one that the rest of Heimdallr can decode."""

_STORAGE = frozenset(str(context.abstract_syntax) for context in AllStoragePresentationContexts)
_STANDARD_ROOT = "1.2.840.10008."
_STORAGE_ROOT = "1.2.840.10008.5.1.4.1.1."
"""Storage SOP classes of every edition of the standard, retired and future ones too."""


def is_storage(abstract_syntax: str) -> bool:
    """Whether objects are stored under it: a storage SOP class, or a manufacturer's own."""
    return (
        abstract_syntax in _STORAGE
        or abstract_syntax.startswith(_STORAGE_ROOT)
        or not abstract_syntax.startswith(_STANDARD_ROOT)
    )


def supported(proposed: Iterable[str], *, commitment: bool = False) -> list[PresentationContext]:
    """The contexts to negotiate with a peer that proposes these abstract syntaxes.

    With ``commitment`` it may report what it keeps of what we sent it.

    They are shared between associations: pynetdicom reads an acceptor's contexts only, and 170 of
    them copied for each association take 50 ms.
    """
    contexts = [_VERIFICATION, _COMMITMENT] if commitment else [_VERIFICATION]
    storage = (uid for uid in map(str, proposed) if is_uid(uid) and is_storage(uid))
    contexts += [_storage(uid) for uid in dict.fromkeys(storage)]
    return contexts


_VERIFICATION = build_context(Verification, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])

_COMMITMENT = build_context(
    StorageCommitmentPushModel, [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
)
_COMMITMENT.scu_role, _COMMITMENT.scp_role = False, True
"""The peer that reports is the service's provider, though it asks for the association (PS3.4
section J.3.3); one that does not negotiate roles is let pass."""


@lru_cache(maxsize=1024)
def _storage(abstract_syntax: str) -> PresentationContext:
    return build_context(abstract_syntax, list(TRANSFER_SYNTAXES))
