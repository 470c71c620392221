"""Settings are typed, bounded, documented, and keep secrets to themselves."""

from __future__ import annotations

import pytest

from heimdallr.config import Settings, describe, load_settings, unknown_names
from heimdallr.domain.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for row in describe(Settings.model_construct()):
        monkeypatch.delenv(row.name, raising=False)
    monkeypatch.delenv("TOTALSEGMENTATOR_LICENSE", raising=False)


def test_defaults_are_the_documents() -> None:
    """The founding document's ports, AE title and limits hold when nothing is set."""
    settings = load_settings()
    assert (settings.server_port, settings.dicom_port) == (8001, 11112)
    assert (settings.ae_title, settings.max_parallel_cases) == ("HEIMDALLR", 3)
    assert settings.server_host == "127.0.0.1"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HEIMDALLR_DICOM_PORT", "0"),
        ("HEIMDALLR_DICOM_PORT", "eleven"),
        ("HEIMDALLR_DEVICE", "tpu"),
        ("HEIMDALLR_AE_TITLE", "SEVENTEEN LETTERS"),
        ("HEIMDALLR_MAX_PARALLEL_CASES", "0"),
        ("HEIMDALLR_PHASE_ORDER", "native,sideways"),
    ],
)
def test_a_bad_value_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """A value out of bounds is refused with the name of the variable that holds it."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=variable):
        load_settings()


def test_a_list_is_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """The phase order is written as words with commas."""
    monkeypatch.setenv("HEIMDALLR_PHASE_ORDER", "venous, native")
    assert load_settings().phase_order == ("venous", "native")


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The licence number appears in no listing, no repr and no error."""
    monkeypatch.setenv("TOTALSEGMENTATOR_LICENSE", "aca_SECRET")
    settings = load_settings()
    assert settings.totalsegmentator_license is not None
    rows = {row.name: row for row in describe(settings)}
    licence = rows["HEIMDALLR_TOTALSEGMENTATOR_LICENSE"]
    assert (licence.value, licence.source) == ("(set, hidden)", "environment")
    assert "aca_SECRET" not in repr(settings) + str(rows)


def test_every_setting_says_what_it_is_for() -> None:
    """No setting without a description."""
    assert all(row.description for row in describe(load_settings()))


def test_a_misspelt_name_is_reported() -> None:
    """An unknown HEIMDALLR_ variable is named, with the one that was probably meant."""
    found = unknown_names({"HEIMDALLR_DICOM_PROT": "1", "HEIMDALLR_DEVICE": "cpu", "PATH": "/"})
    assert found == {"HEIMDALLR_DICOM_PROT": "HEIMDALLR_DICOM_PORT"}
