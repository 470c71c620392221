"""HEAD for file downloads: size and version of a file before it is fetched.

FastAPI answers HEAD with 405. The twin of a route runs the same code under the same guard; the
response then sends its headers only. It is no operation of its own in the API's description.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Response, status
from fastapi.routing import APIRoute

if TYPE_CHECKING:
    from collections.abc import Iterable


def heads(routers: Iterable[APIRouter]) -> APIRouter:
    """A HEAD route for each GET route of these routers that says it sends ranges of a file."""
    twins = APIRouter(include_in_schema=False)
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and status.HTTP_206_PARTIAL_CONTENT in route.responses:
                twins.add_api_route(
                    route.path,
                    route.endpoint,
                    methods=["HEAD"],
                    name=f"head_{route.name}",
                    dependencies=route.dependencies,
                    response_class=Response,
                )
    return twins
