"""The page ``docs/measurements.md``, made from the analyses themselves.

``python -m heimdallr.analyses.documentation > docs/measurements.md`` renews it; a test keeps it
current.
"""

from __future__ import annotations

import inspect
import sys

from heimdallr.analyses import belief
from heimdallr.analyses.registry import ANALYSES
from heimdallr.analyses.rules.findings import RULES

_HEAD = """\
# Measurements

This page is made from the docstrings of `src/heimdallr/analyses/`; renew it with
`python -m heimdallr.analyses.documentation > docs/measurements.md`.

Every measurement has a name, a value, a unit and a status. There is a value exactly when the
status is *measured*; otherwise a reason says why not:

| status | meaning |
|---|---|
| measured | the value is there |
| not_applicable | it makes no sense for this study: density on MR, a bleed without a head |
| not_assessable | it would make sense, but this study cannot: a cut organ, a missing mask |
| failed | the software broke; the reason names the analysis and the kind of error |

Missing is never 0. Names marked ● are also top-level keys of `resultados.json`, absent unless
measured. Slice indices count from 0 at the inferior end of the volume in RAS+ orientation.
Attenuation statistics are population statistics. Adult limits are not applied under 18 years.
"""

_FINDINGS = """\
## Findings

Rules over the measurements. A finding has a code, a severity (critical, significant, note), its
evidence, the slice to look at and the source of its limit. A rule whose measurements are missing
stays silent, so the absence of a finding says nothing.

| code | rule |
|---|---|
"""


def page() -> str:
    """The whole page as Markdown."""
    title, _, text = (inspect.getdoc(belief) or "").partition("\n")
    sections = [_HEAD, f"## {title.rstrip('.')}\n\n{_markdown(text)}\n"]
    for name, analysis in ANALYSES.items():
        title, _, text = (inspect.getdoc(analysis) or "").partition("\n")
        rows = "\n".join(
            f"| `{output.name}`{' ●' if output.flat else ''} | {output.unit} | {output.meaning} |"
            for output in analysis.OUTPUTS
        )
        sections.append(
            f"## {title.rstrip('.')}\n\n`{name}`\n\n{_markdown(text)}\n\n"
            f"| name | unit | meaning |\n|---|---|---|\n{rows}\n"
        )
    rules = "".join(
        f"| `{rule.__name__}` | {_markdown(' '.join((inspect.getdoc(rule) or '').split()))} |\n"
        for rule in RULES
    )
    sections.append(_FINDINGS + rules)
    return "\n".join(sections)


def _markdown(text: str) -> str:
    """A docstring's double backticks as Markdown's single ones."""
    return text.strip().replace("``", "`")


if __name__ == "__main__":
    sys.stdout.write(page())
