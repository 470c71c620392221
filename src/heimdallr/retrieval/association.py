"""Opens an association with an archive, and says in words why there is none."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from pydicom.uid import UID

from heimdallr.delivery.senders.association import (
    NoAssociationError,
    NoContextAcceptedError,
    association,
)
from heimdallr.delivery.senders.own_node import CertificateError, OwnNode, Patience
from heimdallr.delivery.sending import Fate
from heimdallr.domain.errors import ArchiveError, ConfigurationError
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pynetdicom.association import Association
    from pynetdicom.events import EventHandlerType
    from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
    from pynetdicom.presentation import PresentationContext

    from heimdallr.config import Settings
    from heimdallr.delivery.destinations import DicomNode

SLOW_S = 900.0
"""An archive that has to bring a study from a slow store may say nothing for so long.

Chosen, not measured: half of it may end a retrieval that would have come, twice leaves a dead
association unnoticed for half an hour.
"""


@contextmanager
def associated(
    node: DicomNode,
    settings: Settings,
    contexts: Sequence[PresentationContext],
    *,
    roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
    handlers: Sequence[EventHandlerType] = (),
) -> Iterator[Association]:
    """An association that is released at the end, aborted when something goes wrong.

    Args:
        node: the archive.
        settings: our AE title and time limits.
        contexts: what is proposed; the first has to be accepted.
        roles: in which of them we are the storage SCP.
        handlers: what to do with what the archive sends.

    Raises:
        ArchiveError: it cannot be reached, rejects us, or does not know the first context.
        ConfigurationError: a certificate cannot be used.
    """
    slow_s = max(SLOW_S, settings.dimse_timeout)
    patience = Patience(settings.acse_timeout, settings.acse_timeout, slow_s)
    own = replace(OwnNode.of(settings), patience=patience)
    service = contexts[0].abstract_syntax
    not_done = Statement("archive_does_not_do", {"service": UID(str(service)).name})
    try:
        with association(node, own, contexts, handlers, roles=roles) as made:
            if service not in {one.abstract_syntax for one in made.accepted_contexts}:
                raise ArchiveError(not_done)
            yield made
    except NoContextAcceptedError:
        raise ArchiveError(not_done) from None
    except NoAssociationError as error:
        raise _translated(error, node) from None


def _translated(error: NoAssociationError, node: DicomNode) -> ArchiveError | ConfigurationError:
    if isinstance(error.__cause__, CertificateError):
        msg = f"the certificates for {node.ae_title} cannot be used: {error.__cause__.reason}"
        return ConfigurationError(msg, remedy="PEM files, a key without a password")
    if error.rejection is None or error.answer.fate is Fate.LATER:
        return ArchiveError(error.why, again=True)
    address, said = f"{node.host}:{node.port}", error.rejection.reason_str
    about = {"ae_title": node.ae_title, "address": address, "said": said}
    return ArchiveError(Statement("archive_rejects_us", about))
