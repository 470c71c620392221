"""The run a worker is given, and the protocol of the code that does the work.

Light on purpose: whoever strings stages together need not know how one is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from heimdallr.domain.lacking_images import LackingImages
from heimdallr.workflow.work_folder import Source, content_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from heimdallr.domain.errors import HeimdallrError
    from heimdallr.domain.study import Selection

Report = Callable[[float], int]
"""Told the share of the stage that is done; says how urgent the case is; raises when it is to stop.
"""


class StudyRefusedError(Exception):
    """The study cannot be measured; says why, of every series."""

    def __init__(self, error: HeimdallrError, selection: Selection | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.selection = selection


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a worker has to know of a run, as plain values.

    Attributes:
        sources: the images.
        lacking: how many more there should be.
    """

    workflow_id: str
    study_id: int
    study_key: str
    case_id: str
    revision: int
    attempt: int
    fresh: bool
    sources: tuple[Source, ...]
    lacking: LackingImages = field(default_factory=LackingImages)

    @property
    def content(self) -> str:
        """Fingerprint of the revision's files."""
        return content_of((one.key, one.digest) for one in self.sources)


class Work(Protocol):
    """The work on one run, as the durable workflow sees it."""

    def do(self, stage: str, report: Report) -> float:
        """Make a stage's output whole, if it is not; the seconds it took when it was made.

        Raises:
            StudyRefusedError: the study cannot be measured.
            HeimdallrError: the stage failed.
        """

    def publish(self, chronicle: Chronicle, last_word: Callable[[], None]) -> Path:
        """Publish the case; its folder.

        Raises:
            HeimdallrError: the stage failed; an older folder is untouched.
        """


@dataclass(frozen=True, slots=True)
class Chronicle:
    """When a case was begun, and what the stages before the last one took."""

    started_at: datetime
    seconds: Mapping[str, float] = field(default_factory=dict)
