"""Every table there is, for whoever goes through all of them: migrations, backups, checks."""

from __future__ import annotations

from heimdallr.store import body_sizes, models

METADATA = models.Base.metadata
"""Of all tables, once their modules are imported: :data:`MODULES`."""
MODULES = (models, body_sizes)
