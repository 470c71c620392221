"""Changes of a department's rules of findings, recorded in the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from heimdallr.analyses.rules.rule_table import RuleTable, packaged_rules
from heimdallr.clock import utc_now
from heimdallr.domain.errors import RulesError
from heimdallr.store.models import AuditEntry
from heimdallr.workflow.department_rules import InForce, department_rules

if TYPE_CHECKING:
    from heimdallr.config import Settings
    from heimdallr.store.database import Database

_log = structlog.get_logger()

ACTION, OBJECT = "rules.change", "rules"


class RuleWatch:
    """Records in the audit trail that the department's file has changed."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._seen: tuple[int, int] | None = (0, 0)

    def look(self) -> None:
        """Look whether the file is another than at the last look; cheap where it is not."""
        seen = self._signature()
        if seen == self._seen:
            return
        entry = self._entry()
        with self._database.write() as session:
            last = session.scalar(
                select(AuditEntry.details)
                .where(AuditEntry.object == OBJECT, AuditEntry.action == ACTION)
                .order_by(AuditEntry.id.desc())
                .limit(1)
            )
            if entry.details != (last or _details(packaged_rules())):
                session.add(entry)
                _log.info("rules_changed", state=entry.outcome)
        self._seen = seen

    def _signature(self) -> tuple[int, int] | None:
        try:
            found = self._settings.rules_path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def _entry(self) -> AuditEntry:
        try:
            outcome, details = "ok", _details(department_rules(self._settings))
        except RulesError as error:
            _log.error("rules_broken", reason=str(error))
            outcome, details = "refused", str(error)
        return AuditEntry(
            at=utc_now(),
            actor="worker",
            action=ACTION,
            object=OBJECT,
            outcome=outcome,
            details=details[:500],
        )


def _details(rules: RuleTable) -> str:
    """What differs from the package, rule by rule: ``splenomegaly: limits``."""
    if not rules.changed:
        return "as they come with the package"
    digest = InForce(rules).fingerprint
    changed = "; ".join(f"{code}: {', '.join(fields)}" for code, fields in rules.changed.items())
    return f"{digest}: {changed}"
