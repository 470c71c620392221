"""What every endpoint works with; built once per application, none of it global."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from datetime import datetime

    from heimdallr.config import Settings
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders
    from heimdallr.store.reading.options import Options
    from heimdallr.web.change_feed import Feed
    from heimdallr.web.corrector import Corrector
    from heimdallr.web.http.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Context:
    """Settings, database, folders, clock and live feed of one application.

    Attributes:
        now: the clock.
        options: what the worklist can be filtered by, a few seconds old at most.
        corrector: lets results follow what people correct.
        stopping: set when the service is to end; streams that never end watch it.
    """

    settings: Settings
    database: Database
    folders: DataFolders
    now: Callable[[], datetime]
    telemetry: Telemetry
    feed: Feed
    stopping: threading.Event
    options: Callable[[], Options]
    corrector: Corrector


def context(request: Request) -> Context:
    """The context of the application that answers."""
    found: Context = request.app.state.heimdallr
    return found


Ctx = Annotated[Context, Depends(context)]
