"""Outputs of no analysis, for tests that write their measurements by hand."""

from __future__ import annotations

from heimdallr.analyses.declared_outputs import Output


def output(name: str, unit: str = "", *, flat: bool = False) -> Output:
    """An output whose meaning does not matter."""
    return Output(name, unit, "made up for a test", flat)
