"""`heimdallr user` and `heimdallr token`, as an administrator types them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url, select
from typer.testing import CliRunner, Result

from heimdallr.cli import administration
from heimdallr.cli.app import app
from heimdallr.domain.errors import AccountError, ConfigurationError
from heimdallr.store.database import Database
from heimdallr.store.models import AuditEntry, User
from heimdallr.store.people.passwords import matches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_passwords: None
) -> Iterator[Database]:
    """The database of an empty data folder."""
    del quick_passwords
    monkeypatch.setenv("HEIMDALLR_DATA_DIR", str(tmp_path))
    database = Database(make_url(f"sqlite:///{tmp_path / 'state' / 'heimdallr.db'}"))
    yield database
    database.close()


def _run(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=typed, catch_exceptions=True)


def _user(database: Database, name: str) -> User:
    with database.read() as session:
        return session.scalars(select(User).where(User.name == name)).one()


def test_users_from_the_first_to_the_last_command(kept: Database) -> None:
    """Added with a one-time password, listed, given another role, shut out and let in."""
    one_time = _run("user", "add", "Anna", "--role", "admin").stdout.strip()
    anna = _user(kept, "anna")
    assert matches(one_time, anna.password_hash)
    assert anna.must_change_password
    typed = _run("user", "add", "bob", "--ask", typed="correct horse battery\n")
    assert typed.exit_code == 0
    assert "correct" not in typed.output
    assert matches("correct horse battery", _user(kept, "bob").password_hash)
    assert not _user(kept, "bob").must_change_password
    assert _run("user", "role", "bob", "operator").exit_code == 0
    assert _run("user", "disable", "bob").exit_code == 0
    listed = {row["name"]: row for row in json.loads(_run("user", "list", "--json").stdout)}
    assert (listed["bob"]["role"], listed["bob"]["disabled"]) == ("operator", True)
    assert "disabled" in _run("user", "list").stdout
    assert _run("user", "enable", "bob").exit_code == 0
    again = _run("user", "password", "bob").stdout.strip()
    assert matches(again, _user(kept, "bob").password_hash)
    with kept.read() as session:
        trail = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in trail] == [
        "user.create", "user.create", "user.change", "user.change", "user.change", "user.password",
    ]  # fmt: skip
    assert {entry.actor for entry in trail} == {f"shell:{administration.login()}"}


@pytest.mark.parametrize(
    ("words", "typed", "message"),
    [
        (("user", "add", "anna"), None, "already"),
        (("user", "add", "a b"), None, "letters"),
        (("user", "add", "bob", "--ask"), "short\n", "12"),
        (("user", "add", "bob", "--ask"), "", "no password"),
        (("user", "disable", "anna"), None, "only administrator"),
        (("user", "role", "anna", "viewer"), None, "only administrator"),
        (("user", "password", "nobody"), None, "no user"),
        (("token", "create", "x", "--scope", "everything"), None, "scopes"),
        (("token", "revoke", "x"), None, "no token"),
    ],
)
def test_what_is_refused(
    kept: Database, words: tuple[str, ...], typed: str | None, message: str
) -> None:
    """One deliberate error that says why; nothing changes."""
    _run("user", "add", "anna", "--role", "admin")
    result = _run(*words, typed=typed)
    assert isinstance(result.exception, AccountError)
    assert message in str(result.exception)
    assert not _user(kept, "anna").disabled


def test_tokens(kept: Database) -> None:
    """The secret alone on standard output, once; then states only."""
    made = _run("token", "create", "ris", "--scope", "upload", "--scope", "read", "--days", "3")
    secret = made.stdout.strip()
    assert secret.startswith("hdl_")
    (row,) = json.loads(_run("token", "list", "--json").stdout)
    assert (row["scopes"], row["revoked_at"]) == (["read", "upload"], None)
    assert row["expires_at"]
    assert "valid" in _run("token", "list").stdout
    assert _run("token", "revoke", "ris").exit_code == 0
    assert "revoked" in _run("token", "list").stdout
    assert secret not in _run("token", "list", "--json").stdout
    with kept.read() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["token.create", "token.revoke"]


def test_no_command_takes_a_password_as_an_argument() -> None:
    """Arguments can be read by every user of the machine."""
    for command in (("user", "add"), ("user", "password")):
        options = _run(*command, "--help").stdout
        assert "--ask" in options
        assert "--password" not in options


def test_password_is_asked_for_twice_on_a_terminal(kept: Database) -> None:
    """Typed unseen; two that differ are refused, two that agree are taken."""
    environment = {**os.environ, "HEIMDALLR_DATA_DIR": str(kept.url.database).rsplit("/", 2)[0]}
    for second, code in ((b"something else here\n", 1), (b"correct horse battery\n", 0)):
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "heimdallr", "user", "add", "carl", "--ask"],
            stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True,
        ) as process:  # fmt: skip
            os.close(theirs)
            shown = b""
            for prompt, line in ((b"Password: ", b"correct horse battery\n"), (b"more: ", second)):
                while prompt not in shown:
                    shown += os.read(ours, 1024)
                os.write(ours, line)
            assert process.wait(60) == code
        os.close(ours)
        assert b"correct" not in shown
    assert matches("correct horse battery", _user(kept, "carl").password_hash)


def test_root_does_not_touch_another_users_database(
    kept: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that root makes beside the database would shut the service out."""
    _run("user", "add", "anna", "--role", "admin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    if os.getuid() == 0:
        os.chown(str(kept.url.database), 65534, -1)
    result = _run("user", "list")
    assert isinstance(result.exception, ConfigurationError)
    assert "root" in str(result.exception)
