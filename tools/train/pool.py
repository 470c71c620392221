"""Bodies on disk: dressed real label maps and phantoms, one compressed file each.

    python tools/train/pool.py all MAP.nii.gz… --pool DIR --count 120

`count` phantoms, and a third as many dressed maps and heads.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from body_files import save_body
from phantoms import build_heads, build_phantoms
from realmaps import dress, load_map

if TYPE_CHECKING:
    from collections.abc import Sequence


def build_real(maps: Sequence[Path], pool: Path, count: int, seed: int) -> None:
    """Dress the real maps in turn until the pool has `count` bodies of them."""
    labels = [load_map(path) for path in maps]
    for index in range(count):
        path = pool / "real" / f"{index:04d}.npz"
        if path.exists():
            continue
        rng = np.random.default_rng([seed, index])
        save_body(path, dress(labels[index % len(labels)], rng))
        print(f"real body {index}", flush=True)


def main() -> None:
    """Build pools from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["real", "phantom", "head", "all"])
    parser.add_argument("maps", nargs="*", type=Path)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    if options.what in {"real", "all"}:
        build_real(options.maps, options.pool, options.count // 3 + 1, options.seed)
    if options.what in {"phantom", "all"}:
        build_phantoms(options.pool, options.count, options.seed)
    if options.what in {"head", "all"}:
        build_heads(options.pool, options.count // 3 + 1, options.seed)


if __name__ == "__main__":
    main()
