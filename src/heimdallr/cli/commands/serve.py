"""`heimdallr serve`: run the web server: API and dashboard."""

from __future__ import annotations

from heimdallr.cli.service import begin


def serve() -> None:
    """Answer on HEIMDALLR_SERVER_HOST:HEIMDALLR_SERVER_PORT until SIGTERM or Ctrl-C."""
    settings, stop = begin("web")
    from heimdallr.web.service import run_web  # noqa: PLC0415 - commands start quickly

    run_web(settings, stop)
