"""A department's rules: in force at once, recorded in the audit trail, never in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from heimdallr.analyses.rules.rule_table import packaged_rules
from heimdallr.config import Settings
from heimdallr.store.models import AuditEntry
from heimdallr.workflow.department_rules import in_force
from heimdallr.workflow.rule_watch import OBJECT, RuleWatch

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.store.database import Database

OFF = "[splenomegaly]\nenabled = false\n"


def settings_with(folder: Path, text: str) -> Settings:
    """Settings whose data folder holds a file of rules."""
    (folder / "rules.toml").write_text(text, encoding="utf-8")
    return Settings(data_dir=folder)


def test_a_change_is_in_force_for_the_next_case(tmp_path: Path) -> None:
    """And makes the measured stage of a case that is being worked on anew."""
    before = in_force(Settings(data_dir=tmp_path))
    after = in_force(settings_with(tmp_path, OFF))
    assert before.table is packaged_rules()
    assert "splenomegaly" not in {rule.code for rule in after.table}
    assert before.fingerprint != after.fingerprint


def test_a_broken_file_does_not_hold_up_a_case(tmp_path: Path) -> None:
    """The package's rules are asked, and every reader is told."""
    broken = in_force(settings_with(tmp_path, "[splenomegaly\n"))
    assert broken.table is packaged_rules()
    assert [one.code for one in broken.notices] == ["department_rules_broken"]


def test_a_file_that_a_setting_names_has_to_be_there(tmp_path: Path) -> None:
    """A word mistyped must not switch a department's rules off in silence."""
    missing = in_force(Settings(data_dir=tmp_path, rules_file=tmp_path / "ruels.toml"))
    assert [one.code for one in missing.notices] == ["department_rules_broken"]


def test_each_change_is_one_line_of_the_audit_trail(database: Database, tmp_path: Path) -> None:
    """However many workers look, and how often; what is broken is a line too."""
    settings = Settings(data_dir=tmp_path)
    workers = [RuleWatch(settings, database) for _ in range(2)]

    def seen() -> list[tuple[str, str]]:
        for one in (*workers, *workers):
            one.look()
        with database.read() as session:
            rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
            return [(one.outcome, one.details) for one in rows if one.object == OBJECT]

    assert seen() == []
    settings_with(tmp_path, OFF)
    (first,) = seen()
    assert first[0] == "ok"
    assert first[1].endswith(": splenomegaly: enabled")
    settings_with(tmp_path, "[splenomegaly\n")
    assert seen()[-1][0] == "refused"
    (tmp_path / "rules.toml").unlink()
    assert seen()[-1] == ("ok", "as they come with the package")
    assert len(seen()) == 3
    RuleWatch(settings, database).look()
    assert len(seen()) == 3
