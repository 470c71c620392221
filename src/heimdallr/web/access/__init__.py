"""Who may do what: sign-in, API tokens, permissions, security headers, the audit trail.

For whoever writes routes::

    from heimdallr.web.access import Operator, Reader, audit

    @router.post("/studies/{study_id}/cancel", responses=REFUSALS)
    def cancel(request: Request, study_id: int, who: Operator) -> ...:
        audit(request, who, "study.cancel", f"study:{study_id}")

Every route demands a permission or stands in :data:`heimdallr.web.access.guard.PUBLIC`, or the
service does not start. Requests without valid credentials are refused before their body is read.

For whoever makes the application: ``FastAPI(docs_url=None, redoc_url=None)``, its routes, then
``install``; uvicorn with ``proxy_headers=False`` (the proxies are looked at here, and only those
that are trusted), ``server_header=False``, ``access_log=False`` (query strings hold what people
search for). A stream that lasts goes through :func:`while_allowed`. In tests:
``TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50000))``.
"""

from __future__ import annotations

from heimdallr.web.access.gate import while_allowed
from heimdallr.web.access.guard import (
    PUBLIC,
    Administrator,
    MetricsReader,
    Operator,
    Reader,
    SignedIn,
    Uploader,
    demand,
    guarded_routes,
    require,
    unguarded,
)
from heimdallr.web.access.headers import dashboard_policy
from heimdallr.web.access.installation import install, welcome_administrator
from heimdallr.web.access.principal import Permission, Principal
from heimdallr.web.access.refusals import REFUSALS
from heimdallr.web.access.trail import audit, entry

__all__ = [
    "PUBLIC",
    "REFUSALS",
    "Administrator",
    "MetricsReader",
    "Operator",
    "Permission",
    "Principal",
    "Reader",
    "SignedIn",
    "Uploader",
    "audit",
    "dashboard_policy",
    "demand",
    "entry",
    "guarded_routes",
    "install",
    "require",
    "unguarded",
    "welcome_administrator",
    "while_allowed",
]
