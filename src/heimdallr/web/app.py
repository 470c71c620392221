"""The web application: its routers, what surrounds them, and its description."""

from __future__ import annotations

import re
import threading
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from fastapi import FastAPI

from heimdallr import __version__
from heimdallr.clock import utc_now
from heimdallr.store.layout import data_folders
from heimdallr.store.reading.options import Options, options
from heimdallr.web import access
from heimdallr.web.answers.answer_cache import Cached
from heimdallr.web.answers.change_events import look_for_changes
from heimdallr.web.api import (
    agreement,
    body_size,
    bulk,
    changes,
    commands,
    corrections,
    deliveries,
    destinations,
    explorer,
    findings,
    health,
    history,
    measurements,
    pages,
    patients,
    report,
    rules,
    studies,
    system,
    uploads,
    verification,
    versions,
    viewer,
    worklist,
)
from heimdallr.web.change_feed import Feed
from heimdallr.web.context import Context
from heimdallr.web.corrector import Corrector
from heimdallr.web.http import openapi, problems
from heimdallr.web.http.compression import Compression
from heimdallr.web.http.head_requests import heads
from heimdallr.web.http.limits import BodyLimits, Surround
from heimdallr.web.http.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.config import Settings
    from heimdallr.store.database import Database

_ROUTERS = (
    uploads, patients, worklist, studies, report, viewer, history, commands, body_size,
    corrections, versions, verification, bulk, findings, rules, measurements, explorer,
    deliveries, destinations, changes, agreement, system, health, pages,
)  # fmt: skip
_UNLIMITED = re.compile(f"{uploads.PATH}|{corrections.STREAMED}")
OPTIONS_S = 10.0
"""How old what the worklist can be filtered by may be."""


def create_app(
    settings: Settings,
    database: Database,
    *,
    now: Callable[[], datetime] = utc_now,
    stopping: threading.Event | None = None,
) -> FastAPI:
    """The application over an open database whose tables are made.

    Args:
        settings: of the service.
        database: where the studies are.
        now: the clock.
        stopping: set when the service is to end.

    Raises:
        ConfigurationError: access control is off where others can reach the server.
    """
    stopping = stopping or threading.Event()
    folders = data_folders(settings)
    telemetry = Telemetry(database, folders.root, now)
    app = FastAPI(
        title="Heimdallr",
        version=__version__,
        description=openapi.DESCRIPTION,
        openapi_tags=openapi.TAGS,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    context = Context(
        settings=settings,
        database=database,
        folders=folders,
        now=now,
        telemetry=telemetry,
        feed=Feed(partial(look_for_changes, database), stopping, telemetry.followers),
        stopping=stopping,
        options=Cached(partial(_options, database), OPTIONS_S),
        corrector=Corrector(database, folders, now),
    )
    app.state.heimdallr = context
    app.state.uploads = uploads.Gate()
    problems.install(app)
    for module in _ROUTERS:
        app.include_router(module.router)
    app.include_router(heads(module.router for module in _ROUTERS))
    app.add_middleware(BodyLimits, unlimited=_UNLIMITED)
    app.add_middleware(Compression)
    access.install(app, settings, database, now)
    app.add_middleware(Surround, telemetry=telemetry)
    openapi.install(app)
    return app


def _options(database: Database) -> Options:
    with database.read() as session:
        return options(session)
