"""How every service begins: settings, logging, and the event that ends it."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from heimdallr import logs
from heimdallr.config import Settings, load_settings
from heimdallr.files import keep_others_out
from heimdallr.parent_process import stop_on_signals


@dataclass(slots=True)
class Asked:
    """What was said before the name of the command.

    Attributes:
        verbose: log more.
        log_json: log JSON lines.
    """

    verbose: bool = False
    log_json: bool = False


asked = Asked()
"""Of this process."""


def begin(service: str) -> tuple[Settings, threading.Event]:
    """Read the settings and make this process a service.

    Its log lines carry its name; SIGTERM and SIGINT set the event; what it writes is for its own
    user and group only.

    Args:
        service: ``listener``, ``web``, ``worker``, ``deliverer`` or ``exchange``.
    """
    settings = load_settings()
    logs.configure(
        service=service,
        level="debug" if asked.verbose else settings.log_level,
        json_lines=asked.log_json or settings.log_format == "json",
    )
    keep_others_out()
    return settings, stop_on_signals()
