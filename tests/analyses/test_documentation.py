"""``docs/measurements.md`` says what the code does."""

from __future__ import annotations

from pathlib import Path

from heimdallr.analyses.documentation import page
from heimdallr.analyses.registry import ANALYSES

PAGE = Path(__file__).parents[2] / "docs" / "measurements.md"


def test_the_page_is_current() -> None:
    """Made from the analyses' docstrings as they are now."""
    current = PAGE.read_text(encoding="utf-8") == page()
    command = "python -m heimdallr.analyses.documentation > docs/measurements.md"
    assert current, f"the analyses say otherwise; run `{command}`"


def test_every_docstring_teaches_its_metric() -> None:
    """Formula or method, gate, and how to read the number."""
    for name, analysis in ANALYSES.items():
        text = analysis.__doc__ or ""
        assert any(word in text for word in ("**Formula", "**Definition", "**Method")), name
        assert "**How to read it.**" in text, name
