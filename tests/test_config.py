"""Settings are typed, bounded, documented, and keep secrets to themselves."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from heimdallr.config import Settings, describe, load_settings, unknown_names
from heimdallr.domain.errors import ConfigurationError
from heimdallr.store.database import database_url
from heimdallr.store.layout import data_folders


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
        ("HEIMDALLR_PHASE_ORDER", ""),
        ("HEIMDALLR_DATA_DIR", ""),
        ("HEIMDALLR_DATABASE_URL", ""),
        ("HEIMDALLR_SERVER_HOST", " "),
        ("HEIMDALLR_OBJECT_STORE", "radiology/heimdallr"),
        ("HEIMDALLR_OBJECT_STORE", "s3://KEY:SECRET@radiology"),
    ],
)
def test_a_bad_value_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """A value out of bounds is refused with the name of the variable that holds it."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=variable):
        load_settings()


_MAY_BE_NONE = sorted(
    name
    for name, field in Settings.model_fields.items()
    if field.default is None and name != "database_url"
)


@pytest.mark.parametrize("name", _MAY_BE_NONE)
def test_what_is_left_empty_has_its_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """An empty folder is none, not the one the service was started in; so for all that may be."""
    monkeypatch.setenv(f"HEIMDALLR_{name.upper()}", "")
    assert getattr(load_settings(), name) is None


def test_an_empty_folder_is_where_it_is_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch folder would be the data folder, the database another one."""
    for name in ("WEIGHTS", "WATCH", "INCOMING", "STATE"):
        monkeypatch.setenv(f"HEIMDALLR_{name}_DIR", "")
    settings = load_settings()
    assert settings.watch_dir is None
    assert settings.weights_folder == settings.data_dir / "weights"
    folders = data_folders(settings)
    assert (folders.incoming, folders.state) == (folders.root / "incoming", folders.root / "state")
    assert database_url(settings).database == str(folders.state / "heimdallr.db")


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


@pytest.mark.parametrize(
    "name",
    [
        "totalsegmentator_license",
        "HEIMDALLR_TOTALSEGMENTATOR_LICENSE",
        "TOTALSEGMENTATOR_LICENSE",
    ],
)
def test_a_setting_is_given_by_any_of_its_names(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """In code the field's own name counts too, before what the environment says."""
    monkeypatch.setenv("TOTALSEGMENTATOR_LICENSE", "of the environment")
    licence = Settings.model_validate({name: "given"}).totalsegmentator_license
    assert licence is not None
    assert licence.get_secret_value() == "given"


def test_a_setting_that_does_not_exist_is_refused() -> None:
    """Its name is told, its value is not: it may be a secret. An ignored one lets a test hang."""
    with pytest.raises(ValidationError, match=r"licence_number\n.*not permitted") as refused:
        Settings.model_validate({"licence_number": "aca_SECRET"})
    assert "aca_SECRET" not in str(refused.value)


def test_a_strangers_variable_keeps_nothing_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    """HEIMDALLR_ names that no setting reads are reported, not refused."""
    monkeypatch.setenv("HEIMDALLR_DICOM_PROT", "104")
    assert load_settings().dicom_port == 11112
    assert "HEIMDALLR_DICOM_PROT" in unknown_names()


def test_a_bad_secret_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes settings in code sees no value in the error either."""
    monkeypatch.setenv("HEIMDALLR_SERVER_PORT", "postgresql://u:SECRET@h/d")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize("secret", ["anna:geheim@", "geheim@", "anna:ge%40heim@"])
def test_a_password_in_an_address_is_never_shown(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    """Nor a key in its query; the rest of the address is, and that something is hidden."""
    url = f"https://{secret}other.example:8443/upload?key=geheim"
    monkeypatch.setenv("HEIMDALLR_UPLOAD_URL", url)
    settings = load_settings()
    rows = {row.name: row.value for row in describe(settings)}
    assert settings.upload_url == url
    shown = "https://other.example:8443/upload (user, password or query hidden)"
    assert rows["HEIMDALLR_UPLOAD_URL"] == shown
    assert "heim" not in repr(settings) + str(rows).replace("heimdallr", "")
    monkeypatch.setenv("HEIMDALLR_UPLOAD_URL", "https://other.example/upload")
    rows = {row.name: row.value for row in describe(load_settings())}
    assert rows["HEIMDALLR_UPLOAD_URL"] == "https://other.example/upload"


@pytest.mark.parametrize(
    "url", ["https://anna:ge/heim@other.example/upload", "https://[geheim/upload", "http://:0/"]
)
def test_an_address_that_cannot_be_read_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """A password with a slash in it looks like a port, and parsers quote what they cannot read."""
    monkeypatch.setenv("HEIMDALLR_UPLOAD_URL", url)
    with pytest.raises(ConfigurationError, match="HEIMDALLR_UPLOAD_URL") as refused:
        load_settings()
    assert "heim" not in str(refused.value).lower().replace("heimdallr", "")


def test_every_setting_says_what_it_is_for() -> None:
    """No setting without a description."""
    assert all(row.description for row in describe(load_settings()))


def test_a_misspelt_name_is_reported() -> None:
    """An unknown HEIMDALLR_ variable is named, with the one that was probably meant."""
    found = unknown_names({"HEIMDALLR_DICOM_PROT": "1", "HEIMDALLR_DEVICE": "cpu", "PATH": "/"})
    assert found == {"HEIMDALLR_DICOM_PROT": "HEIMDALLR_DICOM_PORT"}
