"""What an analysis reads of a case, so that after a change only those run again that it concerns.

Declared beside its outputs. What is declared and not read costs time; what is read and not declared
would leave a number that is no longer true: ``tests/analyses/test_declared_inputs.py`` changes
whatever an analysis does not declare, and its measurements have to stay.

Image, series, gaps and provenance are everybody's: they never change within a case.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Of a case.

    Attributes:
        structures: of the whole-body map: their voxels, and what is believed of them.
        whole_map: that map as a whole, be it only where nothing is labelled.
        tasks: other tasks whose maps are read.
        every_task: all of them.
        levels: which vertebra is which, and on what that rests.
        coverage: which regions are in view or may be unseen, and whether there is a patient: asked
            wherever a structure is not there.
        patient: sex, age, height or weight.
        facts: measurements of earlier analyses.
    """

    structures: tuple[str, ...] = ()
    whole_map: bool = False
    tasks: tuple[str, ...] = ()
    every_task: bool = False
    levels: bool = False
    coverage: bool = False
    patient: bool = False
    facts: tuple[str, ...] = ()
