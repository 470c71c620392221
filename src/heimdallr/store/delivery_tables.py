"""The tables of what leaves the house: where to, by which rule, and how far it got.

``delivery_news`` is written in the transaction in which a run ends or a person acknowledges;
whoever delivers turns it into rows of ``outbox`` (:mod:`heimdallr.delivery.outbox`), one for each
object and destination. Only :mod:`heimdallr.store.work.owed` and that module change a state.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from heimdallr.store.base import Base
from heimdallr.store.columns import Json, Label, words


class DeliveryState(str, Enum):
    """What became of an object at a destination."""

    WAITING = "waiting"
    """To be sent, now or when its next try is due."""
    SENDING = "sending"
    """A deliverer has it in its hands."""
    SENT = "sent"
    """The destination has taken it."""
    COMMITTED = "committed"
    """The destination has said that it keeps it."""
    REFUSED = "refused"
    """The destination said no and would say so again, or it cannot be made."""
    GIVEN_UP = "given_up"
    """It could not be sent for too long."""
    SUPERSEDED = "superseded"
    """Newer results came before it had gone out."""
    CANCELLED = "cancelled"
    """A person, or a change of the study or destination, has called it off."""


OPEN_STATES = (DeliveryState.WAITING, DeliveryState.SENDING)
"""It is still owed."""
FAILED_STATES = (DeliveryState.REFUSED, DeliveryState.GIVEN_UP)
"""It did not arrive, and a person should know."""


class When(str, Enum):
    """What makes a rule look at a study."""

    RESULTS = "results"
    """Its results are there."""
    ACKNOWLEDGED = "acknowledged"
    """A person has acknowledged every finding, or read results without findings."""
    VERIFIED = "verified"
    """A person has verified the results."""
    FAILED = "failed"
    """It could not be measured: for those who wait to be told."""


class Destination(Base):
    """Something results are sent to.

    Attributes:
        kind: of ``peer``.
        peer: what :mod:`heimdallr.delivery.destinations` says of its kind.
        language: of the words in what is sent.
        objects: the kinds it gets where a rule or a person names none.
        enabled: off: what is owed to it waits.
    """

    __tablename__ = "destinations"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    peer: Mapped[Json] = mapped_column(default=dict)
    language: Mapped[str] = mapped_column(String(8), default="en")
    objects: Mapped[Json] = mapped_column(default=list)
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(Label(80), default="")
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(Label(80), default="")


class DestinationSecret(Base):
    """The password, token or key of a destination; read by whoever sends, and by nobody else."""

    __tablename__ = "destination_secrets"
    destination_fk: Mapped[int] = mapped_column(
        ForeignKey("destinations.id", ondelete="CASCADE"), primary_key=True
    )
    secret: Mapped[str] = mapped_column(String(4000))


class DeliveryRule(Base):
    """Which studies go where by themselves.

    Attributes:
        position: the order they are shown in.
        conditions: :class:`heimdallr.delivery.rules.Conditions`; all of them must hold.
        objects: empty: what the destination gets by default.
    """

    __tablename__ = "delivery_rules"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    destination_fk: Mapped[int] = mapped_column(
        ForeignKey("destinations.id", ondelete="CASCADE"), index=True
    )
    when: Mapped[When] = mapped_column(words(When))
    conditions: Mapped[Json] = mapped_column(default=dict)
    objects: Mapped[Json] = mapped_column(default=list)
    position: Mapped[int] = mapped_column(default=0)
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(Label(80), default="")
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(Label(80), default="")


class DeliveryNews(Base):
    """Something happened to a study that rules have not been asked about yet.

    Attributes:
        run: the workflow of the run that ended; empty where a person acknowledged.
        held: nothing follows from it before a person has verified the results.
    """

    __tablename__ = "delivery_news"
    __table_args__ = (UniqueConstraint("study_fk", "what"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_fk: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    what: Mapped[When] = mapped_column(words(When))
    run: Mapped[str] = mapped_column(String(64), default="")
    at: Mapped[datetime]
    held: Mapped[bool] = mapped_column(default=False, server_default=false())


class OutboxRow(Base):
    """One object for one destination.

    Attributes:
        destination_fk: ``None`` once the destination was removed; ``destination`` is its name.
        results_digest: of the results it is made of, and of who verified them
            (:mod:`heimdallr.delivery.case_digest`); newer ones have another.
        kind: of object, as :data:`heimdallr.delivery.kinds.Kind`.
        part: from 1; a kind may be several files, which is known when they are made.
        cause: ``rule:NAME`` or who asked for it.
        by_hand: a person asked for it.
        priority: lower is sooner.
        attempts: how often it was tried; after so many it is given up.
        owed_since: sending it again begins anew.
        next_try_at: not before; ``None``: at once.
        reason: why it is not (yet) sent, as a coded statement; with the peer's own words.
        file: below the outbox folder; empty before it was made, and after it was removed.
        series_instance_uid: of a DICOM object.
        said: what a message reports by name, so that a later one can take it back.
        verified: it says that a person has verified the results.
        transaction_uid: of the storage commitment that was asked for.
        commitment_due_at: when it is asked again; ``None``: nothing is awaited.
        commitment_tries: how often it was asked.
        claimed_by: the deliverer that has it in its hands.
        losses: how often nobody said what became of it: deliverers lost with it in their hands
            since the last answer, and 1 once it may have arrived without an answer that says so.
        called_off: ``state`` and ``reason`` it is to have when it comes back unsent.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("destination_fk", "study_fk", "results_digest", "kind", "part"),
        Index(None, "destination_fk", "state", "priority", "id"),
        Index(None, "study_fk", "id"),
        Index(None, "state"),
        Index(None, "destination_fk", "ended_at"),
        Index(None, "destination_fk", "sent_at"),
        Index(None, "commitment_due_at"),
        Index(None, "transaction_uid"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    study_fk: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    destination_fk: Mapped[int | None] = mapped_column(
        ForeignKey("destinations.id", ondelete="SET NULL")
    )
    destination: Mapped[str] = mapped_column(String(64))
    revision: Mapped[int]
    results_digest: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    part: Mapped[int] = mapped_column(default=1)
    cause: Mapped[str] = mapped_column(Label(80), default="")
    by_hand: Mapped[bool] = mapped_column(default=False)
    state: Mapped[DeliveryState] = mapped_column(
        words(DeliveryState), default=DeliveryState.WAITING
    )
    priority: Mapped[int]
    attempts: Mapped[int] = mapped_column(default=0)
    owed_since: Mapped[datetime]
    next_try_at: Mapped[datetime | None]
    reason: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))
    file: Mapped[str] = mapped_column(String(200), default="")
    media_type: Mapped[str] = mapped_column(String(64), default="")
    sop_class_uid: Mapped[str] = mapped_column(String(64), default="")
    sop_instance_uid: Mapped[str] = mapped_column(String(64), default="")
    series_instance_uid: Mapped[str] = mapped_column(String(64), default="", server_default="")
    said: Mapped[Json] = mapped_column(default=list, server_default="[]")
    verified: Mapped[bool] = mapped_column(default=False, server_default=false())
    transaction_uid: Mapped[str] = mapped_column(String(64), default="")
    commitment_due_at: Mapped[datetime | None]
    commitment_tries: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str] = mapped_column(String(64), default="")
    losses: Mapped[int] = mapped_column(default=0)
    called_off: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
