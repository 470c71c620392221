"""The web service: uvicorn around the application, until it is told to stop."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import structlog
import uvicorn

from heimdallr import parent_process
from heimdallr.clock import utc_now
from heimdallr.domain.errors import ConfigurationError, StorageError
from heimdallr.intake.uploads import clean_uploads
from heimdallr.store.database import open_database
from heimdallr.store.index_building import build_in_background
from heimdallr.store.layout import writable_folders
from heimdallr.store.migrate import upgrade
from heimdallr.store.upkeep.deletion import finish_deletions
from heimdallr.store.upkeep.integrity import is_elsewhere, tell_elsewhere
from heimdallr.store.upkeep.resizing import follow_pending
from heimdallr.web.access import welcome_administrator
from heimdallr.web.app import create_app
from heimdallr.web.http.connections import GuardedProtocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from fastapi import FastAPI

    from heimdallr.config import Settings

MAX_CONNECTIONS = 400
"""Beyond this requests are answered 503; files and connections stay below the usual 1,024."""
KEEP_ALIVE_S = 15
"""How long a connection may wait for its next request."""
DRAIN_S = 20
"""How long answers under way may take once the service is told to stop."""

_log = structlog.get_logger()


def run_web(settings: Settings, stop: threading.Event) -> None:
    """Serve the API and the dashboard until ``stop`` is set.

    Raises:
        ConfigurationError: TLS is configured by half, access control may not be off here, or the
            data folder cannot be written.
        StorageError: the port or the database cannot be had.
    """
    _check_tls(settings)
    folders = writable_folders(settings)
    database = open_database(settings)
    try:
        upgrade(database)
        build_in_background(database)
        welcome_administrator(settings, database, utc_now())
        clean_uploads(folders)
        if is_elsewhere(database, folders):
            tell_elsewhere(folders)
        else:
            finish_deletions(database, folders, utc_now())
            follow_pending(database, folders, utc_now())
        app = create_app(settings, database, stopping=stop)
        corrector = app.state.heimdallr.corrector
        corrector.start()
        try:
            serve(app, settings, stop)
        finally:
            corrector.close()
    finally:
        database.close()


def serve(
    app: FastAPI, settings: Settings, stop: threading.Event, sock: socket.socket | None = None
) -> None:
    """Answer requests until ``stop`` is set; those under way are given time to end.

    Args:
        app: the application.
        settings: of the service.
        stop: ends it.
        sock: a socket bound already, instead of the configured address.

    Raises:
        StorageError: the port cannot be had.
    """
    server = _Server(
        uvicorn.Config(
            app,
            host=settings.server_host,
            port=settings.server_port,
            http=GuardedProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MAX_CONNECTIONS,
            backlog=256,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=DRAIN_S,
            ssl_certfile=settings.server_certificate,
            ssl_keyfile=settings.server_key,
        )
    )
    watcher = threading.Thread(target=server.exit_when, args=(stop,), name="stop-web", daemon=True)
    watcher.start()
    try:
        server.run(sockets=[sock] if sock else None)
    except SystemExit as error:
        msg = f"the web server cannot listen on {settings.server_host}:{settings.server_port}"
        raise StorageError(msg, remedy="see `heimdallr doctor`") from error


class _Server(uvicorn.Server):
    """Uvicorn that leaves signals to the service and says when it listens."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: the service's own event stops it."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell whoever started this process."""
        await super().startup(sockets)
        if self.started:
            parent_process.ready()
            scheme = "https" if self.config.is_ssl else "http"
            _log.info("web_listening", url=f"{scheme}://{self.config.host}:{self.config.port}")

    def exit_when(self, stop: threading.Event) -> None:
        """Wait for the event, then leave the main loop."""
        stop.wait()
        self.should_exit = True


def _check_tls(settings: Settings) -> None:
    certificate, key = settings.server_certificate, settings.server_key
    if (certificate is None) != (key is None):
        msg = "a certificate needs its key, and a key its certificate"
        remedy = "set HEIMDALLR_SERVER_CERTIFICATE and HEIMDALLR_SERVER_KEY, or neither"
        raise ConfigurationError(msg, remedy=remedy)
    for path in filter(None, (certificate, key)):
        if not path.is_file():
            msg = f"{path} is not there"
            raise ConfigurationError(msg, remedy="see HEIMDALLR_SERVER_CERTIFICATE and _KEY")
