"""The page ``docs/measurements.md``, made from the analyses themselves.

``python -m heimdallr.analyses.documentation > docs/measurements.md`` renews it; a test keeps it
current.
"""

from __future__ import annotations

import inspect
import sys

from heimdallr.analyses import belief
from heimdallr.analyses.registry import ANALYSES
from heimdallr.analyses.rules.findings import REMARKS
from heimdallr.analyses.rules.norms import Norm, norms
from heimdallr.analyses.rules.rule_table import packaged_rules, unit_of

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

Rules over the measurements, most urgent first. A finding has a code, a severity (critical,
significant, note), its evidence, the slice to look at and the source of its limit. A rule whose
measurements are missing is not asked, and `resultados.json` says so under `rules`: the absence of a
finding alone says nothing. A department can change each of them: [rules.md](rules.md).

| code | rule | when | source |
|---|---|---|---|
"""


_NORMS = """\
## Norms

Where a number stands among people of the same sex, age and build is shown beside it, with the
people compared with. An unknown sex or age, contrast where the norm is of unenhanced CT, or a
virtual image where it is of an area or attenuation, leaves it out and says so. A norm makes no
finding. The figures are in
`src/heimdallr/analyses/rules/norm_tables/`.

| measurements | source | made from | what is not used or could not be read |
|---|---|---|---|
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
    sections.append(_FINDINGS + _rules())
    sections.append(_NORMS + _norms())
    return "\n".join(sections)


def _norms() -> str:
    tables: dict[str, list[Norm]] = {}
    for norm in (one for of in norms().values() for one in of):
        tables.setdefault(norm.source, []).append(norm)
    return "".join(
        f"| {', '.join(f'`{one.quantity}`' for one in of)} | {source} | {of[0].population} "
        f"| {of[0].remark} |\n"
        for source, of in tables.items()
    )


def _rules() -> str:
    rows = [
        f"| `{rule.code}` | {rule.about} | "
        + "<br>".join(f"{one.severity.value}: {one.in_words(unit_of(one))}" for one in rule.limits)
        + f" | {'; '.join(dict.fromkeys(one.source for one in rule.limits if one.source))} |\n"
        for rule in packaged_rules().rules
    ]
    rows += [
        f"| `{remark.__name__}` | {' '.join((inspect.getdoc(remark) or '').split())} | | |\n"
        for remark in REMARKS
    ]
    return "".join(rows)


def _markdown(text: str) -> str:
    """A docstring's double backticks as Markdown's single ones."""
    return text.strip().replace("``", "`")


if __name__ == "__main__":
    sys.stdout.write(page())
