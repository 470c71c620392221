"""Who we are to a peer: AE title, certificate, and how long we wait for it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.domain.statements import Statement
from heimdallr.store.commitment_reports import CommitmentReports
from heimdallr.store.layout import data_folders

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.config import Settings


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a peer may take. All values are chosen; half would do on a hospital's network.

    Attributes:
        connect_s: until a connection stands.
        answer_s: until it answers what costs it nothing, and between two parts of an answer.
        store_s: until it has stored an object, beside the time of the transfer.
        least_bytes_per_s: the transfer is given up below this rate; a slow branch office has more.
        commitment_s: how long a report of storage commitment is waited for on the spot.
    """

    connect_s: float = 10.0
    answer_s: float = 30.0
    store_s: float = 60.0
    least_bytes_per_s: float = 50_000.0
    commitment_s: float = 2.0

    def to_store_s(self, size_bytes: int) -> float:
        """How long sending and storing so many bytes may take."""
        return self.store_s + size_bytes / self.least_bytes_per_s


class CertificateError(Exception):
    """A certificate, key or file of authorities of ours cannot be used.

    Attributes:
        reason: in the words of OpenSSL or the system; names no file.
    """

    def __init__(self, error: Exception) -> None:
        told = getattr(error, "reason", None) or getattr(error, "strerror", None)
        self.reason = str(told or type(error).__name__)
        super().__init__(self.reason)

    @property
    def why(self) -> Statement:
        """For whoever named the files."""
        return Statement("certificate_unusable", {"error": self.reason})


@dataclass(frozen=True, slots=True)
class OwnNode:
    """This side of every connection.

    Attributes:
        ae_title: of our listener, to which storage commitment is answered.
        certificate: PEM, shown to peers that speak TLS and ask for one; ``None``: none is.
        key: PEM, its private key where that is a file of its own.
        reports: where the listener leaves reports of storage commitment.
        patience: how long a peer may take.
        max_pdu: bytes of a DICOM message that we take at a time.
    """

    ae_title: str
    certificate: Path | None = None
    key: Path | None = None
    reports: CommitmentReports | None = None
    patience: Patience = Patience()
    max_pdu: int = 131_072

    @classmethod
    def of(cls, settings: Settings) -> OwnNode:
        """This side as the settings have it; its certificate is the listener's."""
        return cls(
            ae_title=settings.ae_title,
            certificate=settings.dicom_certificate,
            key=settings.dicom_key,
            reports=CommitmentReports(data_folders(settings).commitments),
            max_pdu=settings.max_pdu,
        )

    def context_for(self, ca: Path | None) -> ssl.SSLContext:
        """What a TLS peer must show us (:func:`trusting`), and what we show when it asks.

        Raises:
            CertificateError: a file cannot be used.
        """
        context = trusting(ca)
        if self.certificate is not None:
            try:
                # A password is given so that OpenSSL does not ask for one on a terminal.
                context.load_cert_chain(self.certificate, self.key, password="")
            except (OSError, ValueError) as error:
                raise CertificateError(error) from None
        return context


def trusting(ca: Path | None) -> ssl.SSLContext:
    """What a TLS peer must show: a certificate of its name, by a known or this authority.

    Raises:
        CertificateError: the file of authorities cannot be used.
    """
    context = ssl.create_default_context()
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except (OSError, ValueError) as error:
            raise CertificateError(error) from None
    return context
