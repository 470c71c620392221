"""Read the Containerfile: what an image is made of, and how it is run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Image:
    """What a Containerfile says, in the order it says it."""

    base: str
    run: tuple[str, ...]
    settings: Mapping[str, str]
    user: str
    command: tuple[str, ...]
    health: tuple[str, ...]


def read_containerfile(path: Path) -> Image:
    """Read the few instructions that ours has; another one is an error of the test."""
    text = re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).strip().splitlines()
    told: dict[str, list[str]] = {}
    for line in filter(None, lines):
        word, _, rest = line.partition(" ")
        told.setdefault(word, []).append(rest)
    known = {"FROM", "RUN", "ARG", "ENV", "WORKDIR", "VOLUME", "EXPOSE", "USER"}
    assert told.keys() <= known | {"HEALTHCHECK", "ENTRYPOINT", "CMD"}, "teach this function"
    return Image(
        base=told["FROM"][0],
        run=tuple(re.sub(r"^(--mount=\S+\s+)+", "", step) for step in told["RUN"]),
        settings=dict(pair.split("=", 1) for rest in told["ENV"] for pair in rest.split()),
        user=told["USER"][-1],
        command=(*json.loads(told["ENTRYPOINT"][-1]), *json.loads(told["CMD"][-1])),
        health=tuple(json.loads(told["HEALTHCHECK"][-1].partition("CMD ")[2])),
    )
