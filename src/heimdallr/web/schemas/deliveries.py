"""Destinations, rules, and what was or is to be sent."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import AwareDatetime, Field

from heimdallr.delivery.destinations import Peer
from heimdallr.delivery.directory import NAME
from heimdallr.delivery.kinds import Kind
from heimdallr.delivery.rules import Conditions
from heimdallr.domain.statements import Language
from heimdallr.publishing.schema import CodedStatement
from heimdallr.store.delivery_tables import DeliveryState, When
from heimdallr.web.schemas.common import MAX_ID, Message, Schema

Name = Annotated[str, Field(pattern=NAME, max_length=64, examples=["pacs"])]
NamePath = Annotated[
    str, Path(pattern=NAME, max_length=64, description="name, as it was given", examples=["pacs"])
]
DeliveryId = Annotated[int, Path(ge=1, le=MAX_ID, description="number of the delivery")]
Kinds = Annotated[
    tuple[Kind, ...],
    Field(max_length=20, description="empty: what is usual", examples=[["seg", "sr"]]),
]
KindOfPeer = Literal["dicom", "dicomweb", "fhir", "hl7", "webhook", "folder"]
_PEER: dict[str, Any] = {"kind": "dicom", "ae_title": "ARCHIVE", "host": "pacs.example"}
_TEXT = r"^[^\x00-\x1f\x7f]*$"


class DestinationIn(Message):
    """A destination as it is to be."""

    name: Name
    peer: Peer = Field(examples=[_PEER], description="how it is reached")
    secret: str | None = Field(
        None,
        max_length=4000,
        pattern=_TEXT,
        repr=False,
        description="password, token or key; it is never shown. Null: as it is; empty: none",
    )
    language: Language = Field("en", description="of the words in what is sent")
    objects: Kinds = ()
    enabled: bool = Field(default=True, description="false: what is owed to it waits")


class DestinationOut(Schema):
    """A destination; of its secret only whether there is one."""

    name: str = Field(examples=["pacs"])
    peer: Peer = Field(examples=[_PEER])
    has_secret: bool
    language: Language = Field(examples=["en"])
    objects: list[Kind] = Field(description="as chosen; empty: what is usual")
    usual: list[Kind] = Field(
        description="what it gets where nobody chooses", examples=[["seg", "sr", "pdf"]]
    )
    takes: list[Kind] = Field(description="what it can be sent")
    enabled: bool
    created_at: AwareDatetime
    created_by: str = Field(examples=["user:anna"])
    changed_at: AwareDatetime
    changed_by: str = Field(examples=["user:anna"])


class PeerKind(Schema):
    """A kind of destination there can be."""

    kind: KindOfPeer
    takes: list[Kind] = Field(description="what it can be sent", examples=[["seg", "sr", "pdf"]])
    usual: list[Kind] = Field(
        description="what it gets where nobody chooses", examples=[["seg", "sr", "pdf"]]
    )


class Destinations(Schema):
    """All of them, by name, and of which kinds they can be."""

    destinations: list[DestinationOut]
    kinds: list[PeerKind]


class RuleIn(Message):
    """A rule as it is to be."""

    name: Name
    destination: Name
    when: When = Field(
        description="results are there; a person has acknowledged the findings; a person has "
        "verified the results; it has failed",
        examples=["results"],
    )
    conditions: Conditions = Field(
        default=Conditions(),
        description="all must hold; what is left out holds always",
        examples=[{"modalities": ["CT"], "least_severity": "critical"}],
    )
    objects: Kinds = ()
    position: int = Field(0, ge=0, le=10_000, description="the order they are asked in")
    enabled: bool = True


class RuleOut(RuleIn):
    """A rule."""

    created_at: AwareDatetime
    created_by: str = Field(examples=["user:anna"])
    changed_at: AwareDatetime
    changed_by: str = Field(examples=["user:anna"])


class Rules(Schema):
    """All of them, in their order."""

    rules: list[RuleOut]


class CheckOut(Schema):
    """One line of what a test found."""

    name: str = Field(examples=["c_echo"])
    ok: bool | None = Field(description="null: the destination leaves it open")
    told: CodedStatement
    text: str = Field(examples=["it answers"], description="the same in English")


class Checks(Schema):
    """What a test of a destination found; nothing was left there."""

    ok: bool = Field(description="whether nothing failed")
    checks: list[CheckOut]


class DeliveryOut(Schema):
    """An object for a destination, and how far it got."""

    id: int = Field(examples=[31])
    study_id: int = Field(examples=[17])
    destination: str = Field(examples=["pacs"])
    revision: int = Field(examples=[1])
    kind: Kind = Field(examples=["seg"])
    part: int = Field(description="from 1; a kind may be several objects", examples=[1])
    cause: str = Field(examples=["rule:all CT", "user:anna"])
    state: DeliveryState = Field(examples=["sent"])
    attempts: int
    next_try_at: AwareDatetime | None
    reason: CodedStatement | None = Field(description="why it has not arrived (yet)")
    reason_text: str | None = Field(description="the same in English")
    sop_class_uid: str = Field(description="of a DICOM object")
    sop_instance_uid: str = Field(description="of a DICOM object")
    created_at: AwareDatetime
    changed_at: AwareDatetime
    sent_at: AwareDatetime | None


class StudyDeliveries(Schema):
    """All of a study, newest first."""

    deliveries: list[DeliveryOut]
    undecided_rules: list[str] = Field(
        description="rules in force that would hold, were the patient's class known",
        examples=[["inpatients to the ward"]],
    )
    awaits_verification: bool = Field(
        description="nothing of these results is sent by itself before a person verifies them"
    )


class Deliveries(Schema):
    """A page of them, newest first."""

    deliveries: list[DeliveryOut]
    next: int | None = Field(description="`before` of the next page; null on the last one")


class SendOrder(Message):
    """Send objects of a study; what was sent goes again, as the same objects."""

    destination: Name
    objects: Kinds = ()


class DestinationState(Schema):
    """How it stands with a destination."""

    name: str = Field(examples=["pacs"])
    kind: KindOfPeer
    enabled: bool
    usual: list[Kind] = Field(examples=[["seg", "sr", "pdf"]])
    takes: list[Kind] = Field(examples=[["seg", "sr", "pdf"]])
    waiting: int = Field(description="objects that are owed")
    sending: int = Field(description="of those, the ones being sent")
    failed_24h: int = Field(description="refused or given up")
    sent_24h: int
    oldest_waiting_s: float | None
    last_sent_at: AwareDatetime | None


class DeliverySummary(Schema):
    """How it stands with all of them."""

    deliverers_alive: int = Field(examples=[1])
    undecided: int = Field(description="news that no rule has been asked about", examples=[0])
    awaiting_verification: int = Field(
        description="studies of which nothing is sent before a person verifies them", examples=[0]
    )
    destinations: list[DestinationState]
