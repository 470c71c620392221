"""How every service begins: settings, logging, and the event that ends it."""

from __future__ import annotations

import threading

import click

from heimdallr import logs
from heimdallr.config import Settings, load_settings
from heimdallr.files import keep_others_out
from heimdallr.parent_process import stop_on_signals


def begin(service: str) -> tuple[Settings, threading.Event]:
    """Read the settings and make this process a service.

    Its log lines carry its name; SIGTERM and SIGINT set the event; what it writes is for its own
    user and group only.

    Args:
        service: ``listener``, ``web``, ``worker`` or ``deliverer``.
    """
    settings = load_settings()
    context = click.get_current_context(silent=True)
    common = context.find_root().params if context else {}
    logs.configure(
        service=service,
        level="debug" if common.get("verbose") else settings.log_level,
        json_lines=bool(common.get("log_json")) or settings.log_format == "json",
    )
    keep_others_out()
    return settings, stop_on_signals()
