"""The first administrator's password: on the terminal, once, and nowhere else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from heimdallr.config import Settings
from heimdallr.web.access import welcome_administrator

if TYPE_CHECKING:
    import pytest
    from access_site import Site


def test_printed_once_and_never_logged(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard error shows name and password at the first start, and nothing at the second."""
    with capture_logs() as events:
        welcome_administrator(Settings(), site.database, site.clock())
        first = capsys.readouterr()
        welcome_administrator(Settings(), site.database, site.clock())
        second = capsys.readouterr()
    found = re.search(r"password  ([a-z0-9-]{23})\n", first.err)
    assert found
    assert (first.out, second.out, second.err, events) == ("", "", "", [])
    assert site.browser().sign_in("admin", found.group(1)).status_code == 200


def test_nothing_where_access_control_is_off(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """A demonstration prints no password that nobody needs."""
    welcome_administrator(Settings(auth="off"), site.database, site.clock())
    assert capsys.readouterr().err == ""
