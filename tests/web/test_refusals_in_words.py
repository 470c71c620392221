"""Whatever code a correction is refused with, the dashboard has words that say what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "heimdallr"
ANSWERED = [
    *(SOURCE / "web" / "http").glob("*.py"),
    *(SOURCE / "web" / "access" / name for name in ("gate.py", "guard.py", "refusals.py")),
    *(SOURCE / "web" / "api" / name for name in ("corrections.py", "verification.py")),
    *(
        SOURCE / "web" / "answers" / name
        for name in ("cases.py", "corrections.py", "proposals.py", "verification.py")
    ),
    SOURCE / "web" / "corrector.py",
]
"""What stands between a correction that is sent and its answer."""
OF_NO_CORRECTION = {"method_not_allowed", "range_not_satisfiable"}
SAID = [*(SOURCE / "corrections").rglob("*.py"), *(SOURCE / "store" / "upkeep").glob("corr*.py")]


def words(language: str) -> dict[str, str]:
    """The dashboard's words for codes that are no statements."""
    text = (ROOT / "frontend" / "src" / "app" / f"{language}.json").read_text("utf-8")
    found: dict[str, str] = json.loads(text)["refused"]
    return found


def test_every_code_of_an_answer_has_words_of_the_dashboard() -> None:
    """And no words are for a code that is never given."""
    codes = {"unreachable"}
    for path in ANSWERED:
        text = path.read_text("utf-8")
        codes.update(re.findall(r'code="([a-z_]+)"', text))
        codes.update(re.findall(r'(?:\b\d{3}|StudyState\.[A-Z]+): "([a-z_]+)"', text))
    for language in ("en", "pt"):
        assert set(words(language)) == codes - OF_NO_CORRECTION


def test_every_statement_about_a_correction_has_words_in_both_languages() -> None:
    """They are shown as they are, so none may be missing."""
    codes = {
        code
        for path in SAID
        for code in re.findall(r'Statement\(\s*"([a-z_]+)"', path.read_text("utf-8"))
    }
    assert len(codes) > 40, "or nothing was found"
    for language in ("en", "pt"):
        text = (SOURCE / "domain" / "words" / f"{language}.ftl").read_text("utf-8")
        known = set(re.findall(r"(?m)^([a-z_]+) = ", text))
        assert codes <= known, codes - known
