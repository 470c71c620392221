"""Every setting: its type, bounds, default and meaning, and where its value came from.

Settings are read from the environment, prefix ``HEIMDALLR_``, and nowhere else. A name nobody
knows is reported rather than ignored (:func:`unknown_names`): a misspelt setting is otherwise
silent. ``heimdallr config`` prints the table; secrets are never printed.

What stands here is all there is of a setting: ``tools/settings_pages.py`` makes the operator's
tables and ``deploy/heimdallr.env`` of it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from heimdallr.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationInfo

PREFIX = "HEIMDALLR_"
Phase = Literal["native", "venous", "arterial", "delayed", "unknown"]
Rule = Literal["off", "warn", "enforce"]


def _words(value: object) -> object:
    """Text separated by commas as its words."""
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
Phases = Annotated[tuple[Phase, ...], NoDecode, BeforeValidator(_words)]

_NEVER_EMPTY = frozenset({"data_dir", "database_url", "server_host"})
"""Where an empty value would silently mean another place; something was to be filled in."""


@dataclass(frozen=True, slots=True)
class Section:
    """Heading under which a setting and those that follow it are listed."""

    title: str


class Settings(BaseSettings):
    """The configuration of one Heimdallr process; frozen once read.

    A description is one clause in an operator's words; ``; default: …`` at its end tells what
    holds where the value is ``None``.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="forbid",  # of what is passed; of the environment see unknown_names
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,  # it may be a secret
    )

    data_dir: Annotated[Path, Section("Where things are")] = Field(
        Path("data"), description="folder of everything Heimdallr keeps"
    )
    weights_dir: Path | None = Field(
        None, description="folder of network weights; default: weights/ in the data folder"
    )

    device: Annotated[str, Section("Segmentation")] = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda|cuda:\d+)$",
        description="where networks run: auto, cpu, cuda or cuda:N",
    )
    backend: Literal["auto", "openvino", "torch"] = Field(
        "auto", description="what runs them; auto: OpenVINO on a CPU, PyTorch on a GPU"
    )
    resolution: Literal["fast", "full"] = Field(
        "fast", description="whole-body networks at 3 mm (fast) or 1.5 mm (full)"
    )
    crop_to_body: bool = Field(
        default=False,
        description="run the networks on the patient's bounding box, not on couch and air: about"
        " half the time at 1.5 mm, labels differ from TotalSegmentator's at borders",
    )
    threads: int = Field(0, ge=0, le=256, description="CPU threads for one case; 0: all cores")
    totalsegmentator_license: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices(
            "HEIMDALLR_TOTALSEGMENTATOR_LICENSE", "TOTALSEGMENTATOR_LICENSE"
        ),
        description="licence number for TotalSegmentator's licensed tasks; without: skipped",
    )

    phase_order: Annotated[Phases, Section("Preparation")] = Field(
        ("native", "venous", "arterial", "unknown", "delayed"),
        min_length=1,
        description="which CT contrast phase to prefer, best first, separated by commas",
    )

    rules_file: Annotated[Path | None, Section("Findings")] = Field(
        None,
        description="changes to the rules of findings; default: rules.toml in the data folder",
    )

    max_parallel_cases: Annotated[int, Section("Work")] = Field(
        3, ge=1, le=64, description="cases worked on at a time"
    )
    stage_attempts: int = Field(
        3, ge=1, le=10, description="how often a stage is tried before the case fails"
    )
    stage_backoff: float = Field(
        2.0, ge=0, le=600, description="seconds before the second try of a stage; doubles each time"
    )
    max_recoveries: int = Field(
        3, ge=1, le=20, description="how many dead workers a case may leave behind before it fails"
    )

    database_url: Annotated[SecretStr | None, Section("Database")] = Field(
        None, description="URL of the database; default: SQLite, state/heimdallr.db"
    )

    object_store: Annotated[str, Section("Workers without this data folder")] = Field(
        "",
        description="where images and results wait for those who work on them, s3://bucket/prefix; "
        "empty: workers share the data folder",
    )

    server_host: Annotated[str, Section("Web server")] = Field(
        "127.0.0.1", description="address the web server listens on"
    )
    server_port: int = Field(8001, ge=1, le=65535, description="port of the web server")
    server_certificate: Path | None = Field(
        None, description="PEM certificate chain: the web server then speaks HTTPS only"
    )
    server_key: Path | None = Field(None, description="PEM private key of the certificate")
    auth: Literal["on", "off"] = Field(
        "on", description="access control; off only where the server listens on loopback"
    )
    session_hours: float = Field(
        12, gt=0, le=720, description="hours a sign-in lasts at most; half of it when idle"
    )
    trusted_proxies: Words = Field(
        (), description="addresses of reverse proxies whose X-Forwarded headers are believed"
    )
    allowed_hosts: Words = Field(
        (), description="names the server answers to; none: its own address and localhost"
    )

    max_upload_gb: Annotated[float, Section("Uploads")] = Field(
        20, gt=0, le=1000, description="largest ZIP taken, in GB"
    )
    max_upload_files: int = Field(
        100_000, ge=1, le=10_000_000, description="most files in an uploaded ZIP"
    )
    watch_dir: Path | None = Field(
        None, description="folder watched for ZIPs and study folders; none: not watched"
    )

    ae_title: Annotated[str, Section("DICOM listener")] = Field(
        "HEIMDALLR",
        pattern=r"^[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])?$",
        description="DICOM application entity title of the listener, 1 to 16 characters",
    )
    dicom_port: int = Field(11112, ge=1, le=65535, description="port of the DICOM listener")
    dicom_host: str | None = Field(
        None,
        description="address the listener binds; default: every one when peers are named, "
        "else 127.0.0.1",
    )
    dicom_peers: Words = Field(
        (),
        description="who may connect: addresses, networks (10.1.0.0/16), AET@address, or *; "
        "none: this machine only",
    )
    called_ae: Rule = Field(
        "warn", description="a called AE title that is not ours: off, warn or enforce"
    )
    calling_ae: Rule = Field(
        "off", description="a calling AE title that is not listed: off, warn or enforce"
    )
    calling_ae_titles: Words = Field((), description="calling AE titles that are known")
    stat_ae_titles: Words = Field(
        (), description="AE titles, calling or called, whose studies are STAT"
    )
    max_associations: int = Field(64, ge=1, le=1000, description="associations open at a time")
    max_associations_per_peer: int = Field(
        32, ge=1, le=1000, description="associations of one address open at a time"
    )
    acse_timeout: float = Field(
        10, gt=0, le=600, description="seconds for TLS handshake and association request"
    )
    network_timeout: float = Field(
        30, gt=0, le=3600, description="seconds a peer may be silent within a message"
    )
    dimse_timeout: float = Field(
        60, gt=0, le=3600, description="seconds a peer may be silent between messages"
    )
    association_hours: float = Field(
        12, gt=0, le=168, description="hours an association may last altogether"
    )
    max_pdu: int = Field(131_072, ge=4096, le=4_194_304, description="largest PDU, in bytes")
    max_object_gb: float = Field(8, gt=0, le=64, description="largest DICOM object, in GB")
    receive_sync: bool = Field(
        default=True, description="fsync every image before its sender is told that it is safe"
    )
    direct_data_path: bool = Field(
        default=True,
        description="stream images from the socket to their file; off: pynetdicom's own way, "
        "which holds each object in memory whole, up to HEIMDALLR_MAX_OBJECT_GB per association",
    )
    dicom_certificate: Path | None = Field(
        None, description="PEM certificate chain: the DICOM listener then speaks TLS only"
    )
    dicom_key: Path | None = Field(None, description="PEM private key of that certificate")
    dicom_client_ca: Path | None = Field(
        None, description="PEM authorities; peers must then show a certificate of theirs"
    )
    disk_reserve_gb: float = Field(
        5, ge=0, le=100_000, description="free space below which nothing more is received, in GB"
    )

    hl7_port: Annotated[int | None, Section("HL7 listener")] = Field(
        None,
        ge=1,
        le=65535,
        description="port on which orders and admissions are taken over MLLP, for height, "
        "weight and patient class; default: none are",
    )
    hl7_host: str | None = Field(
        None,
        description="address it binds; default: every one when peers are named, else 127.0.0.1",
    )
    hl7_peers: Words = Field(
        (),
        description="who may send: addresses, networks (10.1.0.0/16) or *; none: this machine only",
    )
    hl7_tls: bool = Field(
        default=False,
        description="speak TLS only, with the DICOM listener's certificate and authorities",
    )

    idle_seconds: Annotated[float, Section("When a study is complete")] = Field(
        30, gt=0, le=86_400, description="seconds without a new image until a study is complete"
    )
    scan_seconds: float = Field(
        5, gt=0, le=600, description="seconds between two looks for complete studies"
    )
    early_start: bool = Field(
        default=True,
        description="start sooner when the sender has released and no image number is missing",
    )

    upload_url: Annotated[str, Section("Handing studies over to another server")] = Field(
        "http://127.0.0.1:8001/upload",
        pattern=r"^https?://.+",
        repr=False,
        description="where complete studies go; this machine's own server: handed over in place",
    )
    upload_token: SecretStr | None = Field(None, description="API token for that server")
    upload_timeout: float = Field(120, gt=0, le=86_400, description="seconds for one transfer")
    upload_retries: int = Field(3, ge=0, le=100, description="further tries after the first")
    upload_backoff: float = Field(
        5, gt=0, le=3600, description="seconds before the second try; doubles each time"
    )

    archive_token: Annotated[SecretStr | None, Section("Getting studies from an archive")] = Field(
        None, description="bearer token, or password, for a DICOMweb archive"
    )
    priors_from: str = Field(
        "",
        max_length=300,
        description="archive that earlier CT and MR studies of a patient are fetched from when one "
        "arrives: AET@host:port, a DICOMweb address or a destination; none: not fetched",
    )
    sizes_from: str = Field(
        "",
        max_length=64,
        description="FHIR destination that is asked for height and weight where images do not tell "
        "them; none: not asked",
    )
    priors_get: bool = Field(
        default=False, description="fetch them with C-GET; off: C-MOVE to our own listener"
    )
    priors_max: int = Field(3, ge=1, le=50, description="how many of them, the newest")
    priors_years: float = Field(10, gt=0, le=150, description="how old they may be, in years")
    priors_hours: str = Field(
        "",
        pattern=r"^(([01]\d|2[0-3])-([01]\d|2[0-3]))?$",
        description="hours of the day in which they are fetched, local time, like 19-06; none: at "
        "once",
    )
    delivery_days: Annotated[float, Section("Delivering results")] = Field(
        3, gt=0, le=365, description="days of trying after which what could not be sent is given up"
    )
    send_unverified: bool = Field(
        default=True,
        description="results nobody has verified are sent by rules; false: they wait for a person",
    )

    incoming_dir: Annotated[Path | None, Section("Folders, below the data folder by default")] = (
        Field(None, description="received DICOM; default: incoming/")
    )
    sent_dir: Path | None = Field(None, description="studies handed over; default: sent/")
    failed_dir: Path | None = Field(None, description="inputs that failed; default: failed/")
    state_dir: Path | None = Field(None, description="databases and locks; default: state/")

    keep_originals_days: Annotated[float, Section("Retention")] = Field(
        0, ge=0, le=36_500, description="days original DICOM is kept; 0: for ever"
    )
    keep_volumes_days: float = Field(
        0, ge=0, le=36_500, description="days converted volumes are kept; 0: for ever"
    )
    keep_masks_days: float = Field(
        0, ge=0, le=36_500, description="days masks are kept; 0: for ever"
    )
    keep_results_days: float = Field(
        0, ge=0, le=36_500, description="days results are kept; 0: for ever"
    )
    keep_sweep_percent: float = Field(
        1,
        gt=0,
        le=100,
        description="of how many of all studies one hourly sweep removes something by age, in "
        "percent; of one at least",
    )
    keep_free_gb: float = Field(
        0,
        ge=0,
        le=100_000,
        description="when less is free, originals, volumes and masks of the oldest go first; "
        "0: never",
    )

    log_format: Annotated[Literal["text", "json"], Section("Logs")] = Field(
        "text", description="one line each: text or JSON"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least urgent event that is logged"
    )

    @field_validator("*", mode="before")
    @classmethod
    def _left_empty(cls, value: object, info: ValidationInfo) -> object:
        """A setting that may be none and is left empty is none; an empty path were this folder."""
        name = info.field_name or ""
        if not isinstance(value, str) or value.strip():
            return value
        if name in _NEVER_EMPTY:
            msg = "it is empty; give it a value, or leave it out for its default"
            raise ValueError(msg)
        return None if cls.model_fields[name].default is None else value

    @field_validator("object_store")
    @classmethod
    def _bucket(cls, value: str) -> str:
        """Refused without being repeated, as below: a person may have put a secret into it."""
        kind, _, where = value.partition("://")
        if value and not (kind and where and "@" not in where):
            msg = "it is no place like s3://bucket/prefix; credentials stand in AWS_… variables"
            raise ValueError(msg)
        return value

    @field_validator("upload_url")
    @classmethod
    def _address(cls, value: str) -> str:
        """Refused without being repeated: a parser that stumbles quotes a password's parts."""
        try:
            parts = urlsplit(value)
            if parts.hostname and (parts.port is None or parts.port):
                return value
        except ValueError:
            pass
        msg = "it is no address of a server, like https://heimdallr.example:8001/upload"
        raise ValueError(msg) from None

    @property
    def weights_folder(self) -> Path:
        """The configured weights folder, or ``weights/`` in the data folder."""
        return self.weights_dir or self.data_dir / "weights"

    @property
    def rules_path(self) -> Path:
        """The configured file of rules, or ``rules.toml`` in the data folder."""
        return self.rules_file or self.data_dir / "rules.toml"

    @property
    def hands_over_in_place(self) -> bool:
        """Whether complete studies stay here, for this machine's own worker."""
        url = urlsplit(self.upload_url)
        local = url.hostname in {"localhost", "127.0.0.1", "::1", self.server_host}
        return local and (url.port or 80) in {self.server_port, 8001}


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of ``heimdallr config``."""

    section: str
    name: str
    value: str
    source: Literal["environment", "default"]
    description: str


def without_secrets(url: str) -> str:
    """An address as it may be kept and shown: no user, no password, no query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        ConfigurationError: a value is malformed or out of bounds; names the variable, never a
            secret's value.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "?"
        variable = name if name.startswith(("HEIMDALLR_", "TOTALSEG")) else PREFIX + name
        msg = f"{variable}: {first['msg'].removeprefix('Value error, ')}"
        raise ConfigurationError(msg, remedy="see `heimdallr config`") from None


def describe(settings: Settings, environment: Mapping[str, str] = os.environ) -> list[Setting]:
    """Every setting with its value and where it came from; secrets show only that they are set."""
    rows, section = [], ""
    for name, field in Settings.model_fields.items():
        section = next((one.title for one in field.metadata if isinstance(one, Section)), section)
        value = getattr(settings, name)
        variables = _variables(name)
        rows.append(
            Setting(
                section=section,
                name=variables[0],
                value=_shown(value),
                source="environment" if any(v in environment for v in variables) else "default",
                description=field.description or "",
            )
        )
    return rows


def _shown(value: object) -> str:
    """A setting's value without what is secret in it; that there is something is said."""
    if isinstance(value, SecretStr):
        return "(set, hidden)"
    if isinstance(value, tuple):
        return ",".join(value)
    text = "" if value is None else str(value)
    if "://" in text and (plain := without_secrets(text)) != text:
        return f"{plain} (user, password or query hidden)"
    return text


def unknown_names(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """``HEIMDALLR_*`` variables that no setting reads → the name that was probably meant, or ''."""
    known = {variable for name in Settings.model_fields for variable in _variables(name)}
    known |= {"HEIMDALLR_TEST_DATA", "HEIMDALLR_TEST_CASES", "HEIMDALLR_TEST_PHANTOM"}
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    return {name: next(iter(get_close_matches(name, known, 1)), "") for name in unknown}


def _variables(name: str) -> list[str]:
    """Environment variables that set one field, the preferred one first."""
    alias = Settings.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [PREFIX + name.upper()]
