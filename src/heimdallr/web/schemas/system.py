"""How the system is."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from heimdallr.store.models import StudyState
from heimdallr.web.schemas.common import Schema


class Queue(Schema):
    """How the work stands."""

    by_state: dict[StudyState, int] = Field(examples=[{"done": 412, "segmenting": 1}])
    waiting: int = Field(description="runs that wait for a worker")
    running: int = Field(description="runs a worker holds")
    parallel: int = Field(description="how many one worker holds at most")
    oldest_waiting_s: float | None
    stage_seconds: dict[str, float] = Field(
        description="median of the newest runs that ended well", examples=[{"segment": 41.2}]
    )
    done_24h: int
    failed_24h: int


class QuarantinedFile(Schema):
    """A received file that is no usable image."""

    id: int
    reason: str
    size_bytes: int
    calling_ae: str
    peer_address: str
    received_at: AwareDatetime


class Quarantine(Schema):
    """A page of such files, newest first."""

    files: list[QuarantinedFile]
    next: int | None = Field(description="`before` of the next page; null on the last one")


class PeerOut(Schema):
    """A DICOM system that has called."""

    ae_title: str
    address: str
    last_seen_at: AwareDatetime
    last_echo_at: AwareDatetime | None
    last_store_at: AwareDatetime | None
    last_rejection_at: AwareDatetime | None
    last_rejection: str


class Peers(Schema):
    """Who has called, and how this listener is reached."""

    ae_title: str = Field(examples=["HEIMDALLR"])
    port: int = Field(examples=[11112])
    peers: list[PeerOut] = Field(description="the latest first")


class WeightsOut(Schema):
    """What would segment a task."""

    task: str
    origin: Literal["official", "bundled", "other", "missing"] = Field(
        description="bundled: not for clinical use"
    )
    licence_required: bool


class Disk(Schema):
    """Room for data."""

    total_bytes: int
    free_bytes: int
    reserve_bytes: int
    receiving: bool = Field(description="false: nothing more is taken in until there is room")


class System(Schema):
    """An installation."""

    version: str
    python: str
    packages: dict[str, str]
    database: Literal["sqlite", "postgresql"]
    device: str = Field(description="as configured: auto, cpu, cuda, cuda:N")
    backend: str
    resolution: str
    auth: Literal["on", "off"]
    tls: bool
    weights: list[WeightsOut]
    disk: Disk


class SettingOut(Schema):
    """A setting."""

    name: str
    value: str
    source: Literal["environment", "default"]
    description: str


class SettingsOut(Schema):
    """All of them."""

    settings: list[SettingOut]


class Check(Schema):
    """One thing the service needs."""

    name: str = Field(examples=["database"])
    ok: bool


class Readiness(Schema):
    """Whether the service can do its work."""

    status: Literal["ready", "not_ready"]
    checks: list[Check]


class Health(Schema):
    """The process is alive."""

    status: Literal["ok"] = "ok"
