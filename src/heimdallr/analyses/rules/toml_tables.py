"""Tables in TOML, as the package brings them and as a department writes them."""

from __future__ import annotations

import sys
from functools import cache
from importlib import resources
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def parsed(text: str) -> dict[str, Any]:
    """A table.

    Raises:
        ValueError: it is none.
    """
    return tomllib.loads(text)


@cache
def packaged_table(file: str) -> dict[str, Any]:
    """A table that lies beside this module; not to be changed."""
    return parsed((resources.files(__package__) / file).read_text(encoding="utf-8"))
