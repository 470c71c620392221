"""The administrator's page says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from heimdallr.store.models import Role
from heimdallr.store.people import passwords, sign_in, tokens
from heimdallr.web.access.principal import ROLE_PERMISSIONS, SCOPE_PERMISSIONS, Permission

PAGE = (Path(__file__).parents[3] / "docs" / "access.md").read_text(encoding="utf-8")
ORDER = ["metrics", "read", "upload", "operate", "admin"]


@pytest.mark.parametrize(
    ("heading", "granted"),
    [
        ("Role", {role.value: ROLE_PERMISSIONS[role] for role in Role}),
        ("Scope", {scope: SCOPE_PERMISSIONS[scope] for scope in tokens.SCOPES}),
    ],
)
def test_tables_of_permissions(heading: str, granted: dict[str, frozenset[Permission]]) -> None:
    """Each role and scope has the row that its permissions make, and no other has one."""
    head = f"| {heading} | {' | '.join(ORDER)} |\n"
    table = PAGE.partition(head)[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE))
    expected = {
        name: " | ".join("yes" if Permission(one) in some else "–" for one in ORDER)
        for name, some in granted.items()
    }
    assert rows == expected, f"docs/access.md, table headed {heading}"


def test_figures() -> None:
    """Limits and lengths on the page are those of the program."""
    minutes = int(sign_in.WINDOW.total_seconds() // 60)
    figures = (
        f"Failures within {minutes} minutes",
        f"| {sign_in.PER_NAME_AND_ADDRESS} with one name from one address |",
        f"| {sign_in.PER_ADDRESS} from one address |",
        f"| {sign_in.PER_NAME} with one name |",
        f"last {sign_in._KNOWN_FOR.days} days",
        f"opens nothing after {passwords.ONE_TIME_FOR.days} days",
        f"at least {passwords.MIN_LENGTH} characters, {passwords._MIN_DIFFERENT} of them different",
    )
    missing = [text for text in figures if text not in PAGE]
    assert not missing, f"docs/access.md must say, word by word: {missing}"
