"""Opens an association with an archive, and says in words why there is none."""

from __future__ import annotations

import logging
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydicom.uid import UID
from pynetdicom import AE

from heimdallr.delivery.senders.association import rejected, rejection_of
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
    # It logs what peers send, values and all.
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
    entity = AE(ae_title=node.calling_ae or settings.ae_title)
    entity.requested_contexts = list(contexts)
    entity.acse_timeout = entity.connection_timeout = settings.acse_timeout
    entity.dimse_timeout = entity.network_timeout = max(SLOW_S, settings.dimse_timeout)
    association = entity.associate(
        node.host,
        node.port,
        ae_title=node.ae_title,
        max_pdu=settings.max_pdu,
        ext_neg=list(roles),
        tls_args=(_tls(node, settings), node.host) if node.tls else None,
        evt_handlers=list(handlers),
    )
    try:
        accepted = {one.abstract_syntax for one in association.accepted_contexts}
        # With no context accepted at all pynetdicom has aborted the association by itself.
        was_accepted = association.is_established or association.rejected_contexts
        if was_accepted and contexts[0].abstract_syntax not in accepted:
            service = UID(str(contexts[0].abstract_syntax)).name
            raise ArchiveError(Statement("archive_does_not_do", {"service": service}))
        if not association.is_established:
            raise _not_made(association, node)
        yield association
        if association.is_established:
            association.release()
    finally:
        if association.is_established:
            association.abort()


def _not_made(association: Association, node: DicomNode) -> ArchiveError:
    told = rejection_of(association)
    name, address = node.ae_title, f"{node.host}:{node.port}"
    if told is None:
        why = Statement("archive_not_reached", {"ae_title": name, "address": address})
        return ArchiveError(why, again=True)
    answer = rejected(told, node, association.requestor.ae_title)
    if answer.fate is Fate.LATER and answer.why is not None:
        return ArchiveError(answer.why, again=True)
    said = {"ae_title": name, "address": address, "said": told.reason_str}
    return ArchiveError(Statement("archive_rejects_us", said))


def _tls(node: DicomNode, settings: Settings) -> ssl.SSLContext:
    """What we believe, and show when asked: the listener's own certificate.

    Raises:
        ConfigurationError: a file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=node.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.dicom_certificate is not None:
            context.load_cert_chain(settings.dicom_certificate, settings.dicom_key, password="")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "damaged"
        msg = f"the certificates for {node.ae_title} cannot be used: {reason}"
        raise ConfigurationError(msg, remedy="PEM files, a key without a password") from None
    return context
