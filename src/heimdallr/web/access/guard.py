"""What a route demands, and the proof that every route demands something.

A route names its permission as a dependency; ``Reader`` and its kin are short for it::

    @router.get("/studies/{study_id}")
    def study(study_id: int, who: Reader) -> Study: ...

The few routes for everybody stand in :data:`PUBLIC`. A route that does neither keeps the
service from starting (:func:`unguarded`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request, Security
from fastapi.routing import iter_route_contexts
from fastapi.security import APIKeyCookie, HTTPBearer

from heimdallr.web.access.principal import Permission, Principal
from heimdallr.web.access.refusals import unauthenticated
from heimdallr.web.access.trail import audit
from heimdallr.web.http.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi import FastAPI
    from fastapi.dependencies.models import Dependant

PUBLIC = {
    ("GET", "/"): "the dashboard's page; it shows the sign-in form",
    ("GET", "/studies/*"): "the same page, as all addresses of the dashboard",
    ("GET", "/explorer"): "the same page",
    ("GET", "/rules"): "the same page",
    ("GET", "/system"): "the same page",
    ("GET", "/destinations"): "the same page",
    ("GET", "/access"): "the same page",
    ("GET", "/welcome"): "the same page",
    ("GET", "/help"): "the same page",
    ("GET", "/assets/*"): "the dashboard's program, styles and pictures",
    ("GET", "/favicon.ico"): "the dashboard's icon",
    ("GET", "/healthz"): "is the process alive; says nothing else",
    ("GET", "/readyz"): "can it serve; says nothing about a patient",
    ("GET", "/docs"): "how to use the API",
    ("GET", "/docs/*"): "program and style of that page",
    ("GET", "/openapi.json"): "the API's description, the same for every installation",
    ("POST", "/api/v1/session"): "signing in; bounded by a rate limit",
}
"""Routes without a permission, and why; a path that ends in ``*`` stands for all below it."""

_bearer = HTTPBearer(
    auto_error=False, scheme_name="token", description="API token of `heimdallr token create`"
)
_cookie = APIKeyCookie(
    name="heimdallr_session",
    auto_error=False,
    scheme_name="session",
    description="cookie of a browser that signed in; under TLS its name begins with __Host-",
)


def require(permission: Permission | None) -> Callable[..., Principal]:
    """A dependency that lets through who has the permission, and hands the route who it is.

    Args:
        permission: what is demanded; None for anybody who is signed in, even with a password
            that must be changed first.

    Raises:
        Problem: 401 without valid credentials, 403 without the permission.
    """

    def check(
        request: Request,
        _token: Annotated[object, Security(_bearer)] = None,
        _session: Annotated[object, Security(_cookie)] = None,
    ) -> Principal:
        principal: Principal | None = getattr(request.state, "principal", None)
        if principal is None:
            raise unauthenticated()
        if permission is not None:
            demand(request, principal, permission)
        return principal

    check.__heimdallr_rule__ = Rule(permission)  # type: ignore[attr-defined]
    return check


def demand(request: Request, principal: Principal, permission: Permission) -> None:
    """Let through who has the permission; for what a request's body alone tells.

    Raises:
        Problem: 403 without it; the audit trail says so.
    """
    if principal.may(permission):
        return
    if principal.must_change_password:
        detail = "the password must be changed first: POST /api/v1/session/password"
        raise Problem(403, detail, code="password_change")
    route = getattr(request.scope.get("route"), "path", "")
    audit(request, principal, "access", outcome="refused", details=f"{request.method} {route}")
    raise Problem(403, f"this takes the permission {permission.value}")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a guard demands; ``permission`` None: to be signed in."""

    permission: Permission | None


SignedIn = Annotated[Principal, Depends(require(None))]
Reader = Annotated[Principal, Depends(require(Permission.READ))]
Uploader = Annotated[Principal, Depends(require(Permission.UPLOAD))]
Operator = Annotated[Principal, Depends(require(Permission.OPERATE))]
Administrator = Annotated[Principal, Depends(require(Permission.ADMIN))]
MetricsReader = Annotated[Principal, Depends(require(Permission.METRICS))]


@dataclass(frozen=True, slots=True)
class GuardedRoute:
    """A route of the application; ``rule`` None and not ``public`` is a hole."""

    method: str
    path: str
    public: bool
    rule: Rule | None


def is_public(method: str, path: str) -> bool:
    """Whether a path, or a route's template, is for everybody."""
    method = "GET" if method == "HEAD" else method
    return any(
        method == allowed
        and (path.startswith(public[:-1]) if public.endswith("*") else path == public)
        for allowed, public in PUBLIC
    )


def guarded_routes(app: FastAPI) -> Iterator[GuardedRoute]:
    """Every method of every route, those of included routers and mounts too."""
    for context in iter_route_contexts(app.routes):
        path = context.path or "/"
        if context.methods is None:  # a mount: everything below it
            path = path.rstrip("/") + "/*"
        dependant: Dependant | None = getattr(context, "dependant", None)
        rule = _rule(dependant) if dependant else None
        methods = set(context.methods or {"GET"})
        if "GET" in methods:
            methods.discard("HEAD")  # a page's own; that of a file is a route of its own
        for method in sorted(methods):
            yield GuardedRoute(method, path, is_public(method, path), rule)


def unguarded(app: FastAPI) -> list[str]:
    """Routes that demand nothing and are not listed as public."""
    return [
        f"{route.method} {route.path}"
        for route in guarded_routes(app)
        if route.rule is None and not route.public
    ]


def _rule(dependant: Dependant) -> Rule | None:
    rule = getattr(dependant.call, "__heimdallr_rule__", None)
    if isinstance(rule, Rule):
        return rule
    return next(filter(None, map(_rule, dependant.dependencies)), None)
