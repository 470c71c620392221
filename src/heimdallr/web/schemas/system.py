"""The state of the system: queue, peers, quarantine, workers, alerts, settings."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from heimdallr.store.models import StudyState
from heimdallr.web.schemas.common import Schema

AlertCode = Literal[
    "disk_low", "no_recorder", "no_worker", "waiting_long", "failures", "quarantine",
    "no_deliverer", "undelivered", "peers_rejected", "clock_doubted", "weights_bundled",
    "rules_broken",
]  # fmt: skip
AlertSeverity = Literal["critical", "warning", "note"]


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

    id: int = Field(examples=[3])
    study_id: int | None = Field(
        description="the study that lacks it; null where the file does not say, or there is none",
        examples=[17],
    )
    reason: str = Field(examples=["pixel data is shorter than the image"])
    size_bytes: int = Field(examples=[262144])
    calling_ae: str = Field(examples=["CT1"])
    peer_address: str = Field(examples=["192.0.2.17"])
    received_at: AwareDatetime = Field(examples=["2026-02-01T10:12:44Z"])


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


class Gpu(Schema):
    """A graphics processor."""

    name: str = Field(examples=["NVIDIA H200"])
    memory_bytes: int = Field(examples=[150_754_820_096])


class Hardware(Schema):
    """What a worker computes with."""

    device: str = Field(examples=["cuda:0"], description="what `auto` came to: cpu or cuda:N")
    backend: Literal["openvino", "torch"] = Field(examples=["torch"])
    precision: Literal["f32", "f16", "bf16"] = Field(examples=["f32"])
    processor: str = Field(examples=["AMD EPYC 9354"])
    cores: int = Field(examples=[16], description="that the process may use")
    memory_bytes: int = Field(examples=[137_438_953_472], description="of the machine")
    gpus: list[Gpu] = Field(description="that networks run on; empty where they run on the CPU")


class CurrentRunOut(Schema):
    """A run that a worker has taken up."""

    study_id: int = Field(examples=[17])
    revision: int = Field(examples=[1])
    attempt: int = Field(examples=[1])
    state: StudyState = Field(examples=["segmenting"])
    progress: float = Field(ge=0, le=1, examples=[0.42])
    started_at: AwareDatetime | None = Field(examples=["2026-02-01T10:12:44Z"])


class WorkerOut(Schema):
    """A process that works on studies."""

    name: str = Field(examples=["radiology-1-4711-9f3c21aa"], description="new at every start")
    host: str = Field(examples=["radiology-1"])
    pid: int = Field(examples=[4711])
    version: str = Field(examples=["0.1.0"])
    started_at: AwareDatetime = Field(examples=["2026-02-01T08:00:00Z"])
    last_seen_at: AwareDatetime = Field(
        examples=["2026-02-01T10:12:44Z"], description="it gives a sign of life every 10 s"
    )
    alive: bool = Field(description="seen within the last minute")
    parallel: int = Field(examples=[2], description="runs it works on at a time")
    hardware: Hardware | None = Field(description="null until it has looked, right after its start")
    runs: list[CurrentRunOut]


class Workers(Schema):
    """The workers, the living first; one that died is shown for an hour."""

    workers: list[WorkerOut]
    alive: int = Field(examples=[1])


class AlertOut(Schema):
    """Something that somebody should look at."""

    code: AlertCode = Field(examples=["waiting_long"], description="stable; for translation")
    severity: AlertSeverity = Field(
        examples=["warning"], description="critical: the work stands still"
    )
    message: str = Field(examples=["the oldest waiting study has waited for 22 minutes"])
    values: dict[str, int | float | str] = Field(
        examples=[{"minutes": 22}], description="what the message holds"
    )


class Intake(Schema):
    """What takes images in."""

    alive: bool = Field(
        description="the recorder, which the listener keeps, was seen within the last minute"
    )
    last_seen_at: AwareDatetime | None = Field(description="of the recorder's signs of life")
    last_peer_at: AwareDatetime | None = Field(description="a DICOM system called")
    last_store_at: AwareDatetime | None = Field(description="a DICOM system sent an image")
    last_study_at: AwareDatetime | None = Field(description="the newest study began to arrive")


class System(Schema):
    """An installation."""

    version: str = Field(examples=["0.1.0"])
    python: str = Field(examples=["3.11.7"])
    packages: dict[str, str] = Field(examples=[{"pydicom": "3.0.1", "torch": "2.8.0"}])
    database: Literal["sqlite", "postgresql"] = Field(examples=["postgresql"])
    device: str = Field(description="as configured: auto, cpu, cuda, cuda:N", examples=["auto"])
    backend: str = Field(examples=["auto"])
    resolution: str = Field(examples=["full"])
    auth: Literal["on", "off"] = Field(examples=["on"])
    tls: bool = Field(examples=[True])
    weights: list[WeightsOut]
    disk: Disk
    intake: Intake
    workers_alive: int = Field(examples=[1])
    alerts: list[AlertOut] = Field(description="what somebody should look at, the worst first")


class SettingOut(Schema):
    """A setting."""

    name: str = Field(examples=["HEIMDALLR_DICOM_PORT"])
    value: str = Field(examples=["11112"])
    source: Literal["environment", "default"] = Field(examples=["default"])
    description: str = Field(examples=["port of the DICOM listener"])


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

    status: Literal["ok"] = Field("ok", examples=["ok"])
