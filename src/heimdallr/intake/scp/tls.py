"""TLS for the DICOM listener (PS3.15 annex B): 1.2 or newer, client certificates if asked."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from heimdallr.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from heimdallr.config import Settings


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """What the listener shows and demands; ``None`` when it speaks without TLS.

    Raises:
        ConfigurationError: a file is missing, unreadable, encrypted or does not belong.
    """
    if settings.dicom_certificate is None:
        if settings.dicom_key or settings.dicom_client_ca:
            msg = "HEIMDALLR_DICOM_KEY and _CLIENT_CA need HEIMDALLR_DICOM_CERTIFICATE"
            raise ConfigurationError(msg)
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # A password is given so that OpenSSL does not ask for one on a terminal nobody watches.
        context.load_cert_chain(settings.dicom_certificate, settings.dicom_key, password="")
    except (OSError, ValueError) as error:
        msg = f"HEIMDALLR_DICOM_CERTIFICATE or _KEY cannot be used: {_reason(error)}"
        raise ConfigurationError(msg, remedy="PEM files, the key without a password") from None
    if settings.dicom_client_ca is not None:
        try:
            context.load_verify_locations(settings.dicom_client_ca)
        except OSError as error:
            msg = f"HEIMDALLR_DICOM_CLIENT_CA cannot be used: {_reason(error)}"
            raise ConfigurationError(msg, remedy="a PEM file of authorities") from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _reason(error: Exception) -> str:
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
