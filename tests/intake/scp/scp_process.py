"""A listener in a process of its own, to be killed: prints its port and receives until it is."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from heimdallr.config import Settings
from heimdallr.intake.scp.server import Scp


def main() -> None:
    """Arguments: spool folder, ``direct`` or ``ordinary``."""
    spool = Path(sys.argv[1])
    settings = Settings(
        data_dir=spool.parent, disk_reserve_gb=0, direct_data_path=sys.argv[2] == "direct"
    )
    scp = Scp(settings, spool)
    scp.start(port=0)
    print(scp.port, flush=True)  # noqa: T201 - read by the test
    threading.Event().wait()


if __name__ == "__main__":
    main()
