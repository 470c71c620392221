"""Sends bundles to a FHIR R4 server as transactions (FHIR R4, RESTful API, 3.1.0.11).

Before a bundle goes out, the server is asked for the report it would replace: one that a person has
signed or amended since is left alone.

What an answer means beside what all web peers say: 409 is how servers tell of two transactions at a
time, so later; 412, several resources answer to one of our identifiers, which a person must mend;
a success is one only as a *transaction-response* whose every entry succeeded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from heimdallr.delivery.senders.web import NoAnswerError, web_peer
from heimdallr.delivery.senders.words_of_peers import said
from heimdallr.delivery.sending import Answer, Check, Fate
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heimdallr.delivery.destinations import FhirServer
    from heimdallr.delivery.senders.own_node import OwnNode
    from heimdallr.delivery.senders.web import Reply, WebPeer
    from heimdallr.delivery.sending import Item

_MEDIA_TYPE = "application/fhir+json"
_ACCEPT = {"Accept": _MEDIA_TYPE}
_POST = _ACCEPT | {"Content-Type": _MEDIA_TYPE, "Prefer": "return=minimal"}
_UNSIGNED = frozenset({"registered", "partial", "preliminary"})
_CONFLICT, _PRECONDITION_FAILED = 409, 412
_R4 = "4.0."


class _Tolerant(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Text(_Tolerant):
    text: str = ""


class _Issue(_Tolerant):
    severity: str = ""
    code: str = ""
    details: _Text = _Text()
    diagnostics: str = ""


class _Request(_Tolerant):
    url: str = ""


class _Response(_Tolerant):
    status: str = ""


class _Interaction(_Tolerant):
    code: str = ""


class _Rest(_Tolerant):
    mode: str = ""
    interaction: list[_Interaction] = []


class _Entry(_Tolerant):
    request: _Request = _Request()
    response: _Response = _Response()
    resource: _Resource | None = None


class _Resource(_Tolerant):
    """What is read of any resource: an outcome, a bundle, a report, a capability statement."""

    kind: str = Field("", alias="resourceType")
    type: str = ""
    status: str = ""
    fhir_version: str = Field("", alias="fhirVersion")
    issue: list[_Issue] = []
    entry: list[_Entry] = []
    rest: list[_Rest] = []


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
        bundle = item.path.read_bytes()
        signed = _signed_already(web, bundle)
        if signed is not None:
            return signed
        return _meaning(
            web, web.exchange("POST", headers=_POST, content=bundle, size_bytes=len(bundle))
        )
    except NoAnswerError as error:
        return error.answer
    except OSError:
        return Answer(Fate.LATER, Statement("own_file_unreadable"))


def _signed_already(web: WebPeer, bundle: bytes) -> Answer | None:
    """Why the report must not be replaced: somebody made more of it than a preliminary one."""
    urls = (one.request.url for one in _read(bundle).entry)
    url = next((one for one in urls if one.startswith("DiagnosticReport?")), "")
    if not url:
        return None
    reply = web.exchange("GET", f"/{url}", headers=_ACCEPT)
    found = _read(reply.body)
    if not reply.is_success:
        return _refusal(web, reply, found)
    if found.kind != "Bundle":
        return Answer(Fate.REFUSED, Statement("no_fhir_server"))
    reports = [one.resource for one in found.entry if one.resource]
    statuses = [one.status for one in reports if one.kind == "DiagnosticReport"]
    signed = next((status for status in statuses if status not in _UNSIGNED), None)
    if signed is None:
        return None
    return Answer(Fate.REFUSED, Statement("report_signed_already", {"status": signed[:40]}))


def _meaning(web: WebPeer, reply: Reply) -> Answer:
    resource = _read(reply.body)
    if not reply.is_success:
        return _refusal(web, reply, resource)
    if resource.type != "transaction-response":
        return Answer(Fate.REFUSED, Statement("no_fhir_server"))
    statuses = [one.response.status for one in resource.entry]
    failed = [status for status in statuses if not status.startswith("2")]
    if not failed:
        return Answer(Fate.SENT)
    told = Statement("transaction_in_part", {"count": len(failed), "status": failed[0][:40]})
    return Answer(Fate.REFUSED, told)


def _refusal(web: WebPeer, reply: Reply, outcome: _Resource) -> Answer:
    """What the server says in its OperationOutcome, and what to do about the usual ones."""
    judged, words = web.judge(reply), said(_words(outcome))
    if not outcome.issue or web.trouble(reply) is not None:
        return judged
    if reply.status == _PRECONDITION_FAILED:
        return Answer(Fate.REFUSED, Statement("fhir_several_match", {"said": words}))
    status = str(reply.status)
    if judged.fate is Fate.LATER or reply.status == _CONFLICT:
        why = Statement("web_failed", {"status": status, "said": words})
        return Answer(Fate.LATER, why, reply.retry_after_s)
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
