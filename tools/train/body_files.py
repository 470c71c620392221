"""Training bodies on disk, one compressed file each."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
from realmaps import Body

if TYPE_CHECKING:
    from pathlib import Path


def save_body(path: Path, body: Body) -> None:
    """Write one body, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part.npz")
    values = {one.name: getattr(body, one.name) for one in fields(body)}
    np.savez_compressed(
        aside, **{name: value for name, value in values.items() if value is not None}
    )
    os.replace(aside, path)  # noqa: PTH105 - the atomic one


def load_body(path: Path) -> Body:
    """Read one body."""
    with np.load(path) as stored:
        return Body(**stored)
