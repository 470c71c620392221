"""Follow a study on a server until it is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from pydantic import BaseModel

FINAL = {"done", "refused", "failed", "cancelled", "held", "stored", "sent"}
"""States a study does not leave by itself."""
GOOD = {"done", "stored", "sent"}


class FoundFinding(BaseModel):
    """A finding, in one line."""

    code: str
    severity: str
    title: str


class StudyNow(BaseModel):
    """A study as the server shows it at the moment."""

    id: int
    case_id: str | None = None
    state: str
    progress: float = 0.0
    remaining_s: float | None = None
    error: str = ""
    findings: list[FoundFinding] = []

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.state in FINAL


class NotFollowedError(Exception):
    """The server does not show the study; the text says why."""


@dataclass(frozen=True, slots=True)
class Follower:
    """Asks for a study again and again.

    Attributes:
        client: of the server.
        limit_s: how long at most, for all studies together; ``None``: as long as it takes.
        every_s: seconds between two questions.
        clock: seconds, monotonic.
        sleep: waits.
    """

    client: httpx.Client
    limit_s: float | None = None
    every_s: float = 1.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def follow(
        self, study_id: int, deadline: float | None, report: Callable[[StudyNow], None]
    ) -> StudyNow | None:
        """Wait for the end of a study; a server that is away for a while is waited for as well.

        Args:
            study_id: its number.
            deadline: by the clock.
            report: told of each state seen.

        Returns:
            The study as it was seen last; ``None`` when it was never seen.

        Raises:
            NotFollowedError: the server does not know it, or does not show it.
        """
        last: StudyNow | None = None
        while True:
            seen = self._ask(study_id)
            if seen is not None:
                last = seen
                report(seen)
            if (last and last.is_over) or (deadline is not None and self.clock() >= deadline):
                return last
            self.sleep(self.every_s)

    def deadline(self) -> float | None:
        """When the limit, counted from now, has passed."""
        return None if self.limit_s is None else self.clock() + self.limit_s

    def _ask(self, study_id: int) -> StudyNow | None:
        try:
            answer = self.client.get(f"/api/v1/studies/{study_id}")
        except httpx.HTTPError:
            return None
        if answer.status_code in {401, 403}:
            msg = "the token may not read; it needs the scope `read`"
            raise NotFollowedError(msg)
        if answer.status_code == httpx.codes.NOT_FOUND:
            msg = "the study was deleted"
            raise NotFollowedError(msg)
        if not answer.is_success:
            return None
        try:
            return StudyNow.model_validate_json(answer.content)
        except ValueError:
            msg = "the answer is not Heimdallr's"
            raise NotFollowedError(msg) from None
