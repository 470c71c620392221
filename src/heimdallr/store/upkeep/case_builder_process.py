"""The other end of :mod:`.case_builder`: does jobs out of a pipe until the pipe or patience ends.

Run as ``python -m heimdallr.store.upkeep.case_builder_process FD``.
"""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from heimdallr import logs
from heimdallr.domain.errors import CorrectionError, HeimdallrError, OtherBaseError
from heimdallr.store.upkeep.case_builder import Told

if TYPE_CHECKING:
    from heimdallr.store.upkeep.case_builder import Build, Job

IDLE_S = 300.0
"""How long it stays warm: somebody who corrects a study saves again within minutes."""

OOM_SCORE = 800
"""What the kernel ends first where memory runs out. Chosen: before a case that is being measured
(500 in ``deploy/systemd``), for a correction is kept, and can be computed again at once."""
_OOM_SCORE_FILE = Path("/proc/self/oom_score_adj")


class CalledOffError(Exception):
    """The last word was no."""


def serve(pipe: Connection, build: Build, idle_s: float = IDLE_S) -> None:
    """Do jobs until whoever gives them is gone, or has given none for a while."""
    with suppress(OSError):  # elsewhere than on Linux there is none
        _OOM_SCORE_FILE.write_text(str(OOM_SCORE))
    while pipe.poll(idle_s):
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(Told("begun"))
        pipe.send(_outcome(job, pipe, build))
        gc.collect()


def _outcome(job: Job, pipe: Connection, build: Build) -> Told:
    def last_word() -> None:
        pipe.send(Told("last_word"))
        if pipe.recv() is not True:
            raise CalledOffError

    try:
        outcome = build(job, last_word)
    except CalledOffError:
        return Told("called_off")
    except OtherBaseError as error:
        return Told("other_base", error.why)
    except CorrectionError as error:
        return Told("refused", error.why)
    except HeimdallrError as error:
        return Told("failed", text=str(error))
    except (EOFError, BrokenPipeError):
        raise SystemExit(1) from None  # nobody is there any more
    except Exception as error:  # noqa: BLE001 - the edge of the process: told, without its text
        return Told("broken", text=logs.describe(error))
    return Told("done", outcome=outcome)


if __name__ == "__main__":
    from heimdallr.store.upkeep.case_jobs import do

    serve(Connection(int(sys.argv[1])), do)
