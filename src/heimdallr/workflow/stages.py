"""The four stages of a case, each a function over what the one before it returned.

``heimdallr process`` goes through them in memory; a worker keeps each output on the disk as well
(:mod:`heimdallr.workflow.cases.case_work`). There is no other way from a study to its case folder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from heimdallr.analyses.case import Case
from heimdallr.analyses.registry import run_all
from heimdallr.analyses.rules.findings import Conclusions, find
from heimdallr.clock import local_now
from heimdallr.domain.statements import Statement
from heimdallr.imaging.slabs import bridged, emptied, gaps_in
from heimdallr.imaging.volume import load_volume
from heimdallr.preparation.selection import Preferences
from heimdallr.publishing.publish import Publication
from heimdallr.publishing.publish import publish as publish_case
from heimdallr.segmentation.engine import Engine
from heimdallr.segmentation.plan import nothing_segmented, segment_case
from heimdallr.workflow.weights import cache_folder, open_store

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.config import Settings
    from heimdallr.domain.measurement import Measurement
    from heimdallr.imaging.volume import Volume
    from heimdallr.preparation.prepare import PreparedStudy
    from heimdallr.publishing.publish import PublishedCase
    from heimdallr.segmentation.plan import CaseSegmentations, Resolution
    from heimdallr.workflow.assignment import Chronicle
    from heimdallr.workflow.department_rules import InForce

Progress = Callable[[float], object]
"""Told the share of a stage that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Segmented:
    """A volume and its label maps."""

    image: Volume
    made: CaseSegmentations


@dataclass(frozen=True, slots=True)
class Analyzed:
    """What was measured, what the rules made of it, and what is to be told of the rules."""

    measurements: tuple[Measurement, ...] = ()
    conclusions: Conclusions = field(default_factory=Conclusions)
    notices: tuple[Statement, ...] = ()


def make_engine(settings: Settings) -> Engine:
    """The engine the settings ask for; it is meant to live as long as the process."""
    licence = settings.totalsegmentator_license
    return Engine(
        open_store(settings),
        device=settings.device,
        backend=settings.backend,
        cache_dir=cache_folder(settings),
        threads=settings.threads,
        licence=licence.get_secret_value() if licence else None,
        crop_to_body=settings.crop_to_body,
    )


def preferences(settings: Settings) -> Preferences:
    """What the settings say about choosing a series."""
    return Preferences(phase_order=settings.phase_order)


def segment(
    prepared: PreparedStudy, engine: Engine, resolution: Resolution, progress: Progress
) -> Segmented:
    """Load the volume and run the networks its modality asks for.

    Those of CT read Hounsfield units: on numbers of another scale they see organs that are not
    there, so they are not run where the header does not say what its pixel values are.
    Nothing is labelled in slices that no image shows.

    Raises:
        WeightsError: weights are absent or damaged.
        SegmentationError: a network could not be run.
    """

    def advance(share: float, _text: str) -> None:
        progress(share)

    image = load_volume(prepared.volume_path)
    if prepared.study.modality == "CT" and not prepared.series.attenuation_known:
        return Segmented(image, nothing_segmented(Statement("attenuation_unknown")))
    gaps = gaps_in(image.shape, image.affine, prepared.unseen)
    looked_at = bridged(image, gaps) if gaps else image
    made = segment_case(
        engine, looked_at, prepared.study.modality, resolution=resolution, progress=advance
    )
    if gaps:
        for task, one in made.done.items():
            made.done[task] = replace(one, label_map=emptied(one.label_map, gaps))
    return Segmented(image, made)


def case_of(prepared: PreparedStudy, segmented: Segmented) -> Case:
    """What the analyses receive."""
    return Case(
        modality=prepared.study.modality,
        image=segmented.image,
        patient=prepared.study.patient,
        series=prepared.series,
        segmentations=segmented.made.done,
        skipped_tasks=segmented.made.skipped,
        notices=prepared.notices,
        unseen=prepared.unseen,
    )


def analyze(case: Case, rules: InForce) -> Analyzed:
    """Measure everything, then ask the rules."""
    measurements = run_all(case)
    return Analyzed(measurements, find(case, measurements, rules.table), rules.notices)


def publish(
    output: Path,
    prepared: PreparedStudy,
    case: Case,
    analyzed: Analyzed,
    chronicle: Chronicle,
    *,
    last_word: Callable[[], None] = lambda: None,
) -> PublishedCase:
    """Write the case folder.

    Args:
        output: folder of all cases.
        prepared: the study and its volume.
        case: the volume and its label maps.
        analyzed: measurements and findings.
        chronicle: when, and how long.
        last_word: called when everything is written, before the folder takes its place; what it
            raises leaves an older folder as it was.

    Raises:
        PublishingError: the folder could not be written; an older one is untouched.
    """
    told = replace(case, notices=(*case.notices, *analyzed.notices))
    publication = Publication(
        prepared,
        told.knowing(case.worked_out),
        analyzed.measurements,
        analyzed.conclusions,
        chronicle.started_at,
        dict(chronicle.seconds),
    )
    return publish_case(output, publication, local_now, last_word=last_word)
