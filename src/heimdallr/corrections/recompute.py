"""A case folder follows a person's correction: label maps, numbers, findings, pictures, story.

The case is read back from its folder, the correction put into it, and only what the change can
reach is worked out again (:func:`heimdallr.analyses.registry.run_changed`); the rules are all asked
anew. The folder is built beside its place and replaces the old one whole, or not at all.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import heimdallr
from heimdallr.analyses.registry import run_changed
from heimdallr.corrections import rewriting
from heimdallr.corrections.conclusions import Told, accepted, corrected_results
from heimdallr.corrections.difference import labels_version
from heimdallr.corrections.pictures import NOT_DRAWN, earlier_failures, outdated
from heimdallr.corrections.steps import Present, Step, step_for
from heimdallr.corrections.versions import AGAIN, results_of
from heimdallr.corrections.wanted import check
from heimdallr.domain.corrections import REJECTED
from heimdallr.domain.errors import CorrectionError, OtherBaseError, PublishingError
from heimdallr.domain.statements import Statement
from heimdallr.publishing.case_file import CASE_FILE, case_json, written_by
from heimdallr.publishing.case_folder import case_folder
from heimdallr.publishing.identity import contrast_phase, identity_json
from heimdallr.publishing.publish import draw
from heimdallr.publishing.results import notices, results_json
from heimdallr.publishing.schema import (
    IDENTITY_FILE,
    LABELS_FILE,
    LABELS_FOLDER,
    RESULTS_FILE,
    Identity,
    Labels,
    Results,
    read_identity,
    read_labels,
    read_results,
)
from heimdallr.publishing.stored_case import measurements_of, stored_case
from heimdallr.publishing.verification_file import VERIFICATION_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from heimdallr.corrections.wanted import Wanted
    from heimdallr.domain.measurement import Measurement
    from heimdallr.publishing.correction_records import CorrectionRecord


@dataclass(frozen=True, slots=True)
class Applied:
    """What a correction came to.

    Attributes:
        results: what the folder says now.
        identity: likewise.
        record: the correction, with what it did to each structure.
        base: token of the new label maps.
        notes: what the person should be told, a suspected transitional vertebra say.
    """

    results: Results
    identity: Identity
    record: CorrectionRecord
    base: str
    notes: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A case folder as it is."""

    results: Results
    identity: Identity
    labels: Labels
    networks: Results


def apply_correction(
    folder: Path,
    wanted: Wanted,
    number: int,
    *,
    clock: Callable[[], datetime],
    last_word: Callable[[], None] = lambda: None,
) -> Applied:
    """Let a case folder follow a correction.

    Args:
        folder: of the case; replaced whole.
        wanted: the correction.
        number: its number, which no other of the study has.
        clock: gives the time with its zone, for ``created_at``.
        last_word: as of :func:`heimdallr.publishing.case_folder.case_folder`.

    Raises:
        OtherBaseError: it was made on other label maps.
        CorrectionError: it does not fit the case, or another version of the program measured that.
        PublishingError: the folder cannot be read or written.
        In each case the folder is as it was.
    """
    found = _read(folder)
    base = labels_version(folder)
    if wanted.record.base != base and not wanted.onto_present:
        raise OtherBaseError(Statement("correction_of_other_base"))
    check(wanted, found.results, found.labels)
    record = wanted.record.model_copy(update={"number": number, "base": base})
    present = Present(folder, stored_case(folder), found.results, found.labels)
    if written_by(folder) != heimdallr.__version__:
        raise CorrectionError(Statement("correction_of_old_folder"))
    step = step_for(present, replace(wanted, record=record))
    with case_folder(folder.parent, folder.name, last_word=last_word) as new:
        results, identity = _fill(new, folder, found, step, clock)
        base = labels_version(new)
    return Applied(results, identity, step.record, base, step.notes)


def _read(folder: Path) -> _Found:
    try:
        results = read_results(folder)
        return _Found(results, read_identity(folder), read_labels(folder), results_of(folder, 0))
    except (OSError, ValueError) as error:
        # The error's own text quotes the file.
        msg = f"the case folder cannot be read ({type(error).__name__})"
        raise PublishingError(msg, remedy=AGAIN) from None


def _fill(
    new: Path, old: Path, found: _Found, step: Step, clock: Callable[[], datetime]
) -> tuple[Results, Identity]:
    """Everything in the new folder; label maps are packed while numbers and pictures are made."""
    case = step.case
    told, touched = _measured(found, step)
    said = [one.text for one in notices(case)]
    kinds = outdated(touched, notices_changed=said != _said(found.results))
    identity = _identity(found.identity, told)
    written = {RESULTS_FILE, CASE_FILE, *([] if identity is found.identity else [IDENTITY_FILE])}
    # Who verified may change meanwhile: the store writes that when the folder has taken its place.
    rewriting.link_unchanged(new, old, step.maps, {*written, VERIFICATION_FILE}, kinds)
    labels = rewriting.described(case, found.labels, step.maps)
    with ThreadPoolExecutor(2) as background:
        packing = background.submit(rewriting.write_maps, new, old, labels, step.maps)
        pictures, failures = draw(kinds, case, told, said)
        saving = [background.submit(one.save, new / name) for name, one in pictures.items()]
        for one in (packing, *saving):
            one.result()
    results = corrected_results(
        case,
        told,
        step.standing,
        Told(found.results, found.networks, identity),
        clock(),
        failures=[*earlier_failures(found.results, kinds), *failures],
    )
    rewriting.write(new / LABELS_FOLDER / LABELS_FILE, labels.model_dump_json() + "\n")
    rewriting.write(new / RESULTS_FILE, results_json(results))
    rewriting.write(new / CASE_FILE, case_json(case))
    if IDENTITY_FILE in written:
        rewriting.write(new / IDENTITY_FILE, identity_json(identity))
    rewriting.keep_correction(new, old, step.record, step.notes, step.difference)
    return results, identity


def _measured(found: _Found, step: Step) -> tuple[tuple[Measurement, ...], frozenset[str]]:
    """All measurements that are accepted; the analyses that could see the change.

    What a rejection has hidden is not kept: its analysis is asked again.
    """
    before = measurements_of(found.results)
    hidden = {one.analysis for one in before if one.why and one.why.code == REJECTED}
    measured, run = run_changed(step.case, step.earlier, before, step.changed, again=hidden)
    told = accepted(measured, step.standing.of_kind("measurement"))
    was = {one.name: (one.value, one.why) for one in before}
    differing = {one.analysis for one in told if was.get(one.name) != (one.value, one.why)}
    return told, run | differing


def _said(results: Results) -> list[str]:
    """What every reader is told, as pictures have it."""
    coded = zip(results.notices, results.notices_coded, strict=True)
    return [text for text, one in coded if one.code != NOT_DRAWN]


def _identity(identity: Identity, told: Sequence[Measurement]) -> Identity:
    """``id.json`` names the contrast phase, and nothing else that is measured."""
    phase, series = contrast_phase(told), identity.selected_series
    if series.contrast_phase == phase:
        return identity
    update = {"selected_series": series.model_copy(update={"contrast_phase": phase})}
    return identity.model_copy(update=update)
