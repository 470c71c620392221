"""Every setting: its type, bounds, default and meaning, and where its value came from.

Settings are read from the environment, prefix ``HEIMDALLR_``, and nowhere else. A name nobody
knows is reported rather than ignored (:func:`unknown_names`): a misspelt setting is otherwise
silent. ``heimdallr config`` prints the table; secrets are never printed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from heimdallr.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "HEIMDALLR_"
Phase = Literal["native", "venous", "arterial", "delayed", "unknown"]


class Settings(BaseSettings):
    """The configuration of one Heimdallr process; frozen once read."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    # Where things are
    data_dir: Path = Field(Path("data"), description="folder of everything Heimdallr keeps")
    weights_dir: Path | None = Field(
        None, description="folder of network weights; default: weights/ in the data folder"
    )

    # Segmentation
    device: str = Field(
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
    threads: int = Field(0, ge=0, le=256, description="CPU threads for one case; 0: all cores")
    totalsegmentator_license: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices(
            "HEIMDALLR_TOTALSEGMENTATOR_LICENSE", "TOTALSEGMENTATOR_LICENSE"
        ),
        description="licence number for TotalSegmentator's licensed tasks; without: skipped",
    )

    # Preparation
    phase_order: Annotated[tuple[Phase, ...], NoDecode] = Field(
        ("native", "venous", "arterial", "unknown", "delayed"),
        description="which CT contrast phase to prefer, best first, separated by commas",
    )

    # Work
    max_parallel_cases: int = Field(3, ge=1, le=64, description="cases worked on at a time")

    # Services
    server_host: str = Field("127.0.0.1", description="address the web server listens on")
    server_port: int = Field(8001, ge=1, le=65535, description="port of the web server")
    ae_title: str = Field(
        "HEIMDALLR",
        pattern=r"^[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])?$",
        description="DICOM application entity title of the listener, 1 to 16 characters",
    )
    dicom_port: int = Field(11112, ge=1, le=65535, description="port of the DICOM listener")

    @field_validator("phase_order", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(word.strip() for word in value.split(",")) if isinstance(value, str) else value

    @property
    def weights_folder(self) -> Path:
        """The configured weights folder, or ``weights/`` in the data folder."""
        return self.weights_dir or self.data_dir / "weights"


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of ``heimdallr config``."""

    name: str
    value: str
    source: Literal["environment", "default"]
    description: str


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
        msg = f"{variable}: {first['msg']}"
        raise ConfigurationError(msg, remedy="see `heimdallr config`") from None


def describe(settings: Settings, environment: Mapping[str, str] = os.environ) -> list[Setting]:
    """Every setting with its value and where it came from; secrets show only that they are set."""
    rows = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            shown = "(set, hidden)"
        elif isinstance(value, tuple):
            shown = ",".join(value)
        else:
            shown = "" if value is None else str(value)
        variables = _variables(name)
        rows.append(
            Setting(
                name=variables[0],
                value=shown,
                source="environment" if any(v in environment for v in variables) else "default",
                description=field.description or "",
            )
        )
    return rows


def unknown_names(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """``HEIMDALLR_*`` variables that no setting reads → the name that was probably meant, or ''."""
    known = {variable for name in Settings.model_fields for variable in _variables(name)}
    known |= {"HEIMDALLR_TEST_DATA"}
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    return {name: next(iter(get_close_matches(name, known, 1)), "") for name in unknown}


def _variables(name: str) -> list[str]:
    """Environment variables that set one field, the preferred one first."""
    alias = Settings.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [PREFIX + name.upper()]
