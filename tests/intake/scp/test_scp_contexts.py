"""Which presentation contexts are accepted."""

from __future__ import annotations

from pydicom.pixels import get_decoder  # type: ignore[attr-defined]  # not re-exported
from pydicom.uid import UID
from pynetdicom.presentation import build_context, negotiate_as_acceptor
from scp_peers import CT, VERIFICATION

from heimdallr.intake.scp.contexts import TRANSFER_SYNTAXES, is_storage, supported

IMPLICIT_LE, EXPLICIT_LE, JPEG_LS = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.4.80",
)


def _negotiated(abstract_syntax: str, *transfer_syntaxes: str) -> str | None:
    """The transfer syntax a peer gets that proposes these; ``None`` when it gets none."""
    proposed = build_context(abstract_syntax, list(transfer_syntaxes))
    proposed.context_id = 1
    (result,), _ = negotiate_as_acceptor([proposed], supported([abstract_syntax]))
    return str(result.transfer_syntax[0]) if result.result == 0 else None


def test_explicit_before_compressed_before_implicit() -> None:
    """Our order decides, not the peer's: private VRs survive, nothing is compressed anew."""
    assert _negotiated(CT, IMPLICIT_LE, EXPLICIT_LE) == EXPLICIT_LE
    assert _negotiated(CT, IMPLICIT_LE, JPEG_LS) == JPEG_LS
    assert _negotiated(CT, JPEG_LS, EXPLICIT_LE) == EXPLICIT_LE
    assert _negotiated(CT, IMPLICIT_LE) == IMPLICIT_LE


def test_every_storage_class_is_accepted() -> None:
    """Known, retired, of a future edition, and a manufacturer's own."""
    for uid in (
        CT,
        "1.2.840.10008.5.1.4.1.1.5",
        "1.2.840.10008.5.1.4.1.1.999.9",
        "1.3.12.2.1107.5",
    ):
        assert is_storage(uid), uid
        assert _negotiated(uid, EXPLICIT_LE) == EXPLICIT_LE


def test_what_is_no_storage_is_not() -> None:
    """Query, worklist and printing are not ours; neither is text that is no UID."""
    for uid in ("1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.31", "1.2.840.10008.5.1.1.9"):
        assert not is_storage(uid), uid
        assert _negotiated(uid, EXPLICIT_LE) is None
    assert supported(["None", "../x"]) == supported([])
    assert _negotiated(VERIFICATION, IMPLICIT_LE) == IMPLICIT_LE


def test_what_is_accepted_can_be_decoded() -> None:
    """Every compressed syntax has a decoder here."""
    for uid in TRANSFER_SYNTAXES:
        if UID(uid).is_encapsulated:
            assert get_decoder(uid).is_available, uid


def test_contexts_are_shared() -> None:
    """An association with 128 contexts does not copy 128 lists."""
    assert supported([CT])[1] is supported([CT])[1]
