"""Other people's open networks: what is in them, where they come from, whose they are.

One JSON table per collection in ``segmentation/collections``: folder names, addresses, what each
class number means and what we call it, licence and credit, and where all of that was read. A table
says nothing that its source does not say; networks whose class numbers nobody has published are
under ``not_run``, with the reason.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Framework = Literal["nnunet", "blast_ct"]
"""What builds and runs a network: nnU-Net's plans, or the package ``blast-ct``."""


SplineOrder = Literal[1, 3]


@dataclass(frozen=True, slots=True)
class Collection:
    """Networks that were published together.

    Attributes:
        name: what their makers call them.
        licence: SPDX identifier of the weights' licence.
        credit: the paper their makers ask to be cited.
        home: where they are published.
    """

    name: str
    licence: str
    credit: str
    home: str


@dataclass(frozen=True, slots=True)
class PublishedNetwork:
    """One network of a collection.

    Attributes:
        task: what the task is called here.
        collection: whose it is.
        dataset: name of its folder.
        framework: what runs it.
        address: where its makers publish the weights.
        their_names: label number → class name in the source.
        our_names: label number → structure, TotalSegmentator's class name where it has one.
        spacing_mm: voxel size along R, A, S the image is resampled to first; None within: as it
            is; None: left to nnU-Net.
        resampling_order: of the spline that resamples it.
        looks_near: structure it is run around; None: everywhere.
    """

    task: str
    collection: Collection
    dataset: str
    framework: Framework
    address: str
    their_names: Mapping[int, str]
    our_names: Mapping[int, str]
    spacing_mm: tuple[float | None, float | None, float | None] | None
    resampling_order: SplineOrder
    looks_near: str | None


@cache
def published_networks() -> tuple[PublishedNetwork, ...]:
    """Every network of every collection."""
    return tuple(
        _network(entry, _collection(table)) for table in _tables() for entry in table["networks"]
    )


@cache
def networks_not_run() -> Mapping[str, str]:
    """Folder name → why these weights of a collection serve no task."""
    return MappingProxyType(
        {name: why for table in _tables() for name, why in table.get("not_run", {}).items()}
    )


@cache
def datasets_of_collections() -> frozenset[str]:
    """Folder names that are taken: some share their number with TotalSegmentator's."""
    return frozenset(network.dataset for network in published_networks()) | set(networks_not_run())


@cache
def _tables() -> tuple[dict[str, Any], ...]:
    folder = resources.files("heimdallr.segmentation").joinpath("collections")
    files = sorted((file for file in folder.iterdir()), key=lambda file: file.name)
    return tuple(json.loads(file.read_text("utf-8")) for file in files)


def _collection(table: dict[str, Any]) -> Collection:
    return Collection(table["name"], table["licence"], table["credit"], table["home"])


def _network(entry: dict[str, Any], collection: Collection) -> PublishedNetwork:
    classes = {int(number): names for number, names in entry["classes"].items()}
    spacing = entry.get("spacing_mm")
    return PublishedNetwork(
        task=entry["task"],
        collection=collection,
        dataset=entry["dataset"],
        framework=entry["framework"],
        address=entry["address"],
        their_names=MappingProxyType({n: theirs for n, (theirs, _) in classes.items()}),
        our_names=MappingProxyType({n: ours for n, (_, ours) in classes.items()}),
        spacing_mm=None if spacing is None else (spacing[0], spacing[1], spacing[2]),
        resampling_order=entry.get("resampling_order", 1),
        looks_near=entry.get("looks_near"),
    )
