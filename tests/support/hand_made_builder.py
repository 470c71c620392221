"""A builder's process that makes folders by hand: ``python hand_made_builder.py FD``."""

from __future__ import annotations

import sys
from multiprocessing.connection import Connection

from hand_made_corrections import HandMade

from heimdallr.store.upkeep.case_builder_process import serve

if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])), HandMade())
