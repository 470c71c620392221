"""`heimdallr destination`, as an administrator types it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url, select
from typer.testing import CliRunner, Result

from heimdallr.cli.app import app
from heimdallr.delivery import peers
from heimdallr.delivery.sending import Check
from heimdallr.domain.errors import DestinationError
from heimdallr.domain.statements import Statement
from heimdallr.store.database import Database
from heimdallr.store.delivery_tables import DestinationSecret
from heimdallr.store.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PACS = (
    "destination",
    "add",
    "pacs",
    "dicom",
    "--set",
    "ae_title=ARCHIVE",
    "--set",
    "host=10.1.2.3",
)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The database of an empty data folder."""
    monkeypatch.setenv("HEIMDALLR_DATA_DIR", str(tmp_path))
    database = Database(make_url(f"sqlite:///{tmp_path / 'state' / 'heimdallr.db'}"))
    yield database
    database.close()


def _run(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=typed, catch_exceptions=True)


def test_a_destination_and_its_rule_from_the_first_to_the_last_command(kept: Database) -> None:
    """Added, listed, switched off and on, removed; every step is in the trail."""
    made = _run(*PACS, "--set", "port=11112", "--set", "commitment=true", "--object", "seg")
    assert made.exit_code == 0, made.output
    rule = ("destination", "rule", "add", "ct", "pacs", "--modality", "CT", "--severity", "note")
    assert _run(*rule, "--patient-class", "inpatient").exit_code == 0
    (row,) = json.loads(_run("destination", "list", "--json").stdout)
    assert (row["peer"]["port"], row["peer"]["commitment"]) == (11112, True)
    assert (row["objects"], row["secret"], row["enabled"]) == (["seg"], False, True)
    (shown,) = json.loads(_run("destination", "rule", "list", "--json").stdout)
    assert shown["conditions"] == {
        "modalities": ["CT"], "least_severity": "note", "patient_classes": ["inpatient"],
    }  # fmt: skip
    assert "ct: results → pacs" in _run("destination", "rule", "list").stdout
    assert _run("destination", "disable", "PACS").exit_code == 0
    assert "pacs" in _run("destination", "list").stdout
    for words in (("rule", "remove", "ct"), ("enable", "pacs"), ("remove", "pacs")):
        assert _run("destination", *words).exit_code == 0
    with kept.read() as session:
        trail = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [one.action for one in trail] == [
        "destination.create", "delivery_rule.create", "destination.change",
        "delivery_rule.remove", "destination.change", "destination.remove",
    ]  # fmt: skip


def test_a_secret_is_read_from_a_file_or_asked_for(kept: Database, tmp_path: Path) -> None:
    """It stands on no command line and is shown by no command."""
    (tmp_path / "token").write_text("first secret\n")
    fhir = ("fhir", "--set", "url=https://fhir.example/r4")
    _run("destination", "add", "one", *fhir, "--secret-file", str(tmp_path / "token"))
    _run("destination", "add", "two", *fhir, "--ask", typed="second secret\n")
    with kept.read() as session:
        found = session.scalars(select(DestinationSecret.secret)).all()
    assert found == ["first secret", "second secret"]
    assert "secret" not in _run("destination", "list").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*PACS, "--set", "port=99999"), "port"),
        ((*PACS, "--set", "aet=X"), "aet"),
        ((*PACS, "--object", "fax"), "what it gets"),
        ((*PACS, "--object", "hl7"), "cannot be sent: hl7"),
        ((*PACS, "--language", "fr"), "en, pt"),
        ((*PACS, "--secret-file", "/nowhere"), "cannot be read"),
        (("destination", "add", "x", "fax", "--set", "host=a"), "kind"),
        (("destination", "add", "x", "folder", "--set", "path=here"), "begins with /"),
        (("destination", "add", "x", "fhir", "--set", "url=https://u:hunter2@h/"), "url"),
        (("destination", "test", "nobody"), "there is no destination nobody"),
        (("destination", "rule", "add", "r", "nobody"), "there is no destination nobody"),
        (("destination", "rule", "add", "r", "pacs", "--severity", "bad"), "least_severity"),
        (("destination", "rule", "add", "r", "pacs", "--patient-class", "I"), "patient_classes"),
        (("destination", "rule", "add", "r", "pacs", "--modality", "ct"), "CT, MR"),
        (("destination", "rule", "add", "r", "pacs", "--region", "chest"), "thorax"),
        (("destination", "rule", "add", "r", "pacs", "--finding", "Bleed"), "code of a finding"),
        (("destination", "rule", "remove", "r"), "no rule"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(
    kept: Database, words: tuple[str, ...], message: str
) -> None:
    """Which key it is and what it may be; never what was typed for it."""
    del kept
    done = _run(*words)
    assert isinstance(done.exception, DestinationError)
    assert message in str(done.exception)
    assert "\n" not in str(done.exception)
    assert "hunter2" not in str(done.exception)


class Tried:
    """A sender that was asked whether it works."""

    def __init__(self, *, ok: bool) -> None:
        self._ok = ok

    def test(self) -> Sequence[Check]:
        """One line."""
        return [Check("reachable", ok=self._ok, told=Statement("delivery_not_tried"))]


@pytest.mark.parametrize(("ok", "code", "word"), [(True, 0, "ok"), (False, 1, "problem")])
def test_a_test_says_what_it_found(
    kept: Database, monkeypatch: pytest.MonkeyPatch, *, ok: bool, code: int, word: str
) -> None:
    """The exit code is for scripts."""
    del kept
    _run(*PACS)
    monkeypatch.setattr(peers, "senders", lambda _settings: lambda _peer, _secret: Tried(ok=ok))
    done = _run("destination", "test", "pacs")
    assert (done.exit_code, done.stdout.split()[:2]) == (code, [word, "reachable:"])
