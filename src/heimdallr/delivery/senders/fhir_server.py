"""Sends bundles to a FHIR R4 server as transactions (FHIR R4, RESTful API, 3.1.0.11).

Before a bundle goes out, the server is asked for the report it would replace: one that a person has
signed or amended since is left alone. Then for the study: of one that an earlier bundle made for
another patient, whose images they were said to be, the patient is corrected.

What an answer means beside what all web peers say: 409 is how servers tell of two transactions at a
time, so later; 412, several resources answer to one of our identifiers, which a person must mend;
a success is one only as a *transaction-response* that tells of every entry, and of each that it
succeeded.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from heimdallr.delivery.senders.web import NoAnswerError, web_peer
from heimdallr.delivery.senders.words_of_peers import said
from heimdallr.delivery.sending import Answer, Check, Fate
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from heimdallr.delivery.destinations import FhirServer
    from heimdallr.delivery.senders.own_node import OwnNode
    from heimdallr.delivery.senders.web import Reply, WebPeer
    from heimdallr.delivery.sending import Item
    from heimdallr.domain.statements import Value

_MEDIA_TYPE = "application/fhir+json"
_ACCEPT = {"Accept": _MEDIA_TYPE}
_POST = _ACCEPT | {"Content-Type": _MEDIA_TYPE, "Prefer": "return=minimal"}
_UNSIGNED = frozenset({"registered", "partial", "preliminary"})
_OURS = frozenset({"final", "corrected"})
"""What we make of a report ourselves, once a person has verified it here."""
_CONFLICT, _PRECONDITION_FAILED = 409, 412
_R4 = "4.0."
_STUDY, _PATIENT = "ImagingStudy", "Patient"
_ONE_PATIENT = re.compile(r"Patient/[A-Za-z0-9.-]{1,64}")
"""What a reference to a patient ends with, or its version follows."""
_LONGEST_ANSWER = 16 << 20
"""A report with its PDF, or every resource of a bundle sent back. Chosen, not measured: some times
a large case with its report; half would do as well, twice would only let a wrong address send more.
"""


def _as_text(told: object) -> str:
    """A text; of what is none, nothing: in other resources ``type`` is a structure."""
    return str(told) if isinstance(told, str | int) else ""


def _as_items(told: object) -> list[object]:
    """The items of a list; of what is none, nothing."""
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def _as_item(told: object) -> object:
    """An item; of what is none, an empty one."""
    return told if isinstance(told, dict) else {}


_Word = Annotated[str, BeforeValidator(_as_text)]
_Items = BeforeValidator(_as_items)
_Item = BeforeValidator(_as_item)


class _Tolerant(BaseModel):
    """What a server may send beside what is read here, or in its place, costs nothing else."""

    model_config = ConfigDict(extra="ignore")


class _Text(_Tolerant):
    text: _Word = ""


class _Issue(_Tolerant):
    severity: _Word = ""
    code: _Word = ""
    details: Annotated[_Text, _Item] = _Text()
    diagnostics: _Word = ""


class _Request(_Tolerant):
    url: _Word = ""
    if_none_exist: _Word = Field("", alias="ifNoneExist")


class _Response(_Tolerant):
    status: _Word = ""


class _Interaction(_Tolerant):
    code: _Word = ""


class _Rest(_Tolerant):
    mode: _Word = ""
    interaction: Annotated[list[_Interaction], _Items] = []


class _Entry(_Tolerant):
    request: Annotated[_Request, _Item] = _Request()
    response: Annotated[_Response, _Item] = _Response()
    resource: Annotated[_Resource, _Item] | None = None


class _Tag(_Tolerant):
    system: _Word = ""
    code: _Word = ""


class _Meta(_Tolerant):
    tag: Annotated[list[_Tag], _Items] = []


class _Identifier(_Tolerant):
    system: _Word = ""
    value: _Word = ""


class _Reference(_Tolerant):
    reference: _Word = ""
    identifier: Annotated[_Identifier, _Item] = _Identifier()


class _Entity(_Tolerant):
    role: _Word = ""
    what: Annotated[_Reference, _Item] = _Reference()


class _Resource(_Tolerant):
    """What is read of any resource: an outcome, a bundle, a report, a study, capabilities."""

    kind: _Word = Field("", alias="resourceType")
    id: _Word = ""
    meta: Annotated[_Meta, _Item] = _Meta()
    entity: Annotated[list[_Entity], _Items] = []
    subject: Annotated[_Reference, _Item] = _Reference()
    type: _Word = ""
    status: _Word = ""
    fhir_version: _Word = Field("", alias="fhirVersion")
    issue: Annotated[list[_Issue], _Items] = []
    entry: Annotated[list[_Entry], _Items] = []
    rest: Annotated[list[_Rest], _Items] = []


_NOTHING = _Resource(resourceType="")


class FhirServerSender:
    """Sends to one FHIR server; see :class:`heimdallr.delivery.sending.Sender`.

    Args:
        server: where it is.
        secret: its bearer token, or the password of ``server.user``.
        own: our side.
    """

    def __init__(self, server: FhirServer, secret: str, own: OwnNode) -> None:
        self._server, self._secret, self._own = server, secret, own

    def send(self, items: Sequence[Item]) -> Iterator[tuple[str, Answer]]:
        """Post each bundle; the first that must wait ends it, the others were not tried."""
        try:
            with web_peer(self._server, self._secret, self._own.patience) as web:
                for item in items:
                    answer = _sent(web, item)
                    yield item.key, answer
                    if answer.fate is Fate.LATER:
                        return
        except NoAnswerError as error:
            yield from ((item.key, error.answer) for item in items)

    def test(self) -> Sequence[Check]:
        """Read the server's capability statement; nothing is written there."""
        try:
            with web_peer(self._server, self._secret, self._own.patience) as web:
                reply = web.exchange("GET", "/metadata", headers=_ACCEPT)
                reached = web.reachable(reply)
        except NoAnswerError as error:
            told = error.answer.why or Statement("no_fhir_server")
            return [Check("reachable", ok=False, told=told)]
        return [reached, *_capabilities(_read(reply.body))] if reached.ok else [reached]


def _sent(web: WebPeer, item: Item) -> Answer:
    try:
        bundle = _fit(web, item.path.read_bytes())
        if isinstance(bundle, Answer):
            return replace(bundle, may_have_arrived=False)  # nothing was sent
        reply = web.exchange(
            "POST",
            headers=_POST,
            content=bundle,
            size_bytes=len(bundle),
            longest_answer=_longest(bundle),
        )
        if reply.is_success and reply.is_cut:
            return _too_long(web, reply)
        return _meaning(web, reply, asked=len(_read(bundle).entry))
    except NoAnswerError as error:
        return error.answer
    except OSError:
        return Answer(Fate.LATER, Statement("own_file_unreadable"))


def _fit(web: WebPeer, bundle: bytes) -> bytes | Answer:
    """A bundle as it is to go, or why it must not, or that the server cannot be asked."""
    try:
        return _signed_already(web, bundle) or _moved(web, bundle)
    except NoAnswerError as error:
        return error.answer


def _signed_already(web: WebPeer, bundle: bytes) -> Answer | None:
    """Why the report must not be replaced: somebody made more of it than a preliminary one.

    One that we made final ourselves is replaced by one that a person has verified as well.
    """
    sending = _read(bundle)
    urls = (one.request.url for one in sending.entry)
    url = next((one for one in urls if one.startswith("DiagnosticReport?")), "")
    if not url:
        return None
    reply = web.exchange("GET", f"/{url}", headers=_ACCEPT, longest_answer=_longest(bundle))
    if reply.is_success and reply.is_cut:
        return _too_long(web, reply)
    found = _read(reply.body)
    if not reply.is_success:
        return _refusal(web, reply, found)
    if found.kind != "Bundle":
        return Answer(Fate.REFUSED, Statement("no_fhir_server"))
    ours = _names_of(sending)
    signed = (one for one in _reports(found) if one.status not in _UNSIGNED)
    other = next((one for one in signed if not _is_ours(one, ours)), None)
    if other is None:
        return None
    return Answer(Fate.REFUSED, Statement("report_signed_already", {"status": other.status[:40]}))


def _moved(web: WebPeer, bundle: bytes) -> bytes:
    """The bundle, which replaces the study where the server has ours under another patient.

    One that another system has told the server of is that system's to correct.
    """
    sending = _read(bundle)
    searches = {
        one.resource.kind: one.request.if_none_exist for one in sending.entry if one.resource
    }
    ours = {tag.system for one in _of_kind(sending, _STUDY) for tag in one.meta.tag}
    studies = _found(web, _STUDY, searches.get(_STUDY, "")) if ours else None
    if not studies or any(ours.isdisjoint(tag.system for tag in one.meta.tag) for one in studies):
        return bundle
    patients = _found(web, _PATIENT, searches.get(_PATIENT, ""))
    if patients is None or all(_is_of(one, {each.id for each in patients}) for one in studies):
        return bundle
    search = searches[_STUDY]
    created = _request({"method": "POST", "url": _STUDY, "ifNoneExist": search})
    return bundle.replace(created, _request({"method": "PUT", "url": f"{_STUDY}?{search}"}))


def _found(web: WebPeer, kind: str, search: str) -> list[_Resource] | None:
    """What the server has; ``None`` where it does not say."""
    reply = web.exchange(
        "GET", f"/{kind}?{search}", headers=_ACCEPT, longest_answer=_LONGEST_ANSWER
    )
    found = _read(reply.body)
    is_told = reply.is_success and not reply.is_cut and found.kind == "Bundle"
    return _of_kind(found, kind) if is_told else None


def _is_of(study: _Resource, patients: Collection[str]) -> bool:
    """Whether a study is one of these patients', or does not say by reference whose it is."""
    named = _ONE_PATIENT.search(study.subject.reference)
    return named is None or named[0].removeprefix(f"{_PATIENT}/") in patients


def _request(told: dict[str, str]) -> bytes:
    """The request of an entry as bundles have it: they are JSON without blanks."""
    return f'"request":{json.dumps(told, separators=(",", ":"))}'.encode()


def _longest(bundle: bytes) -> int:
    """How much of an answer is read: a server may send back what it was sent, and add to it."""
    return max(_LONGEST_ANSWER, 4 * len(bundle))


def _too_long(web: WebPeer, reply: Reply) -> Answer:
    """What an answer means that was not read to its end: nothing is known of what was sent."""
    told: dict[str, Value] = {"address": web.url, "megabytes": round(len(reply.body) / 1e6)}
    return Answer(Fate.LATER, Statement("web_answer_too_long", told), may_have_arrived=True)


def _reports(bundle: _Resource) -> list[_Resource]:
    return _of_kind(bundle, "DiagnosticReport")


def _of_kind(bundle: _Resource, kind: str) -> list[_Resource]:
    resources = (one.resource for one in bundle.entry)
    return [one for one in resources if one and one.kind == kind]


def _names_of(bundle: _Resource) -> set[tuple[str, str]]:
    """What a bundle of verified results, and those it corrects, are called; of others nothing."""
    tags = {(one.system, one.code) for each in _reports(bundle) for one in each.meta.tag}
    entities = (one for each in bundle.entry if each.resource for one in each.resource.entity)
    corrected = (one.what.identifier for one in entities if one.role == "revision")
    return tags | {(one.system, one.value) for one in corrected} if tags else set()


def _is_ours(report: _Resource, ours: set[tuple[str, str]]) -> bool:
    tags = {(one.system, one.code) for one in report.meta.tag}
    return report.status in _OURS and not tags.isdisjoint(ours)


def _meaning(web: WebPeer, reply: Reply, *, asked: int) -> Answer:
    resource = _read(reply.body)
    if not reply.is_success:
        return _refusal(web, reply, resource)
    if resource.type != "transaction-response":
        return Answer(Fate.REFUSED, Statement("no_fhir_server"), may_have_arrived=True)
    statuses = [one.response.status for one in resource.entry]
    failed = [status for status in statuses if not status.startswith("2")]
    if failed:
        told = Statement("transaction_in_part", {"count": len(failed), "status": failed[0][:40]})
        return Answer(Fate.REFUSED, told, may_have_arrived=True)
    if len(statuses) < asked:
        told = Statement("transaction_untold", {"count": len(statuses), "asked": asked})
        return Answer(Fate.REFUSED, told, may_have_arrived=True)
    return Answer(Fate.SENT)


def _refusal(web: WebPeer, reply: Reply, outcome: _Resource) -> Answer:
    """What the server says in its OperationOutcome, and what to do about the usual ones."""
    judged = web.judge(reply)
    if web.trouble(reply) is not None:
        return judged
    words = said(_words(outcome)) if outcome.issue else reply.words
    if reply.status == _PRECONDITION_FAILED:
        return Answer(Fate.REFUSED, Statement("fhir_several_match", {"said": words}))
    status = str(reply.status)
    if judged.fate is Fate.LATER or reply.status == _CONFLICT:
        why = Statement("web_failed", {"status": status, "said": words})
        return replace(judged, fate=Fate.LATER, why=why, not_before_s=reply.retry_after_s)
    return Answer(Fate.REFUSED, Statement("web_refused", {"status": status, "said": words}))


def _words(outcome: _Resource) -> str:
    """What went wrong; remarks beside it are left out."""
    serious = [one for one in outcome.issue if one.severity in {"fatal", "error"}]
    return "; ".join(
        one.details.text or one.diagnostics or one.code for one in serious or outcome.issue
    )


def _capabilities(resource: _Resource) -> list[Check]:
    if resource.kind != "CapabilityStatement":
        return [Check("metadata", ok=False, told=Statement("no_fhir_server"))]
    version = resource.fhir_version[:20] or "?"
    told = Statement("fhir_version", {"version": version})
    metadata = Check("metadata", ok=version.startswith(_R4), told=told)
    servers = (one for one in resource.rest if one.mode == "server")
    codes = {each.code for one in servers for each in one.interaction}
    if not codes:
        return [metadata, Check("transaction", ok=None, told=Statement("transaction_not_told"))]
    if "transaction" in codes:
        return [metadata, Check("transaction", ok=True, told=Statement("transaction_taken"))]
    return [metadata, Check("transaction", ok=False, told=Statement("transaction_not_taken"))]


def _read(content: bytes) -> _Resource:
    """What is read of a resource; nothing of what is none."""
    try:
        return _Resource.model_validate_json(content)
    except ValidationError:
        return _NOTHING
