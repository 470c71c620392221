"""A secret that a command reads from a file: on the command line everybody would see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from heimdallr.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def read_token(file: Path) -> SecretStr:
    """The token a file holds.

    Raises:
        ConfigurationError: it cannot be read, or is empty.
    """
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        msg = f"{file} cannot be read"
        raise ConfigurationError(msg, remedy="check --token-file") from error
    if not text or not text.isprintable():
        msg = f"{file} holds no token"
        raise ConfigurationError(msg, remedy="check --token-file")
    return SecretStr(text)
