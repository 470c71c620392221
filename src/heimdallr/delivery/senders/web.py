"""One request to a web peer: with its secret, within a time, to this address and no other.

Certificates are verified, nothing is redirected, and no proxy of the environment is used: what
leaves goes to the host that a person entered. Answers are read up to a bound.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx

from heimdallr.delivery.senders.connection_failures import no_connection
from heimdallr.delivery.senders.own_node import CertificateError, trusting
from heimdallr.delivery.senders.words_of_peers import said
from heimdallr.delivery.sending import Answer, Check, Fate
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from heimdallr.delivery.destinations import DicomWeb, FhirServer, Webhook
    from heimdallr.delivery.senders.own_node import Patience

LONGEST_ANSWER = 1 << 20
_WORDS = ("detail", "Details", "details", "message", "Message", "error", "title")
"""Where servers put what they say in JSON: RFC 9457, Orthanc, dcm4chee, and many more."""
_LATER = {408, 425, 429}
"""Client errors that pass (RFC 9110, 6585, 8470)."""
_SIGN_IN = {401, 403, 407}
_NOTHING_THERE = {404, 405, 410}
_SERVER_ERROR, _UNAVAILABLE = 500, 503
_NOTHING_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
"""There was no connection, over which anything could have gone."""
_LONGEST_WAIT_S = 86400


class NoAnswerError(Exception):
    """No answer came; why stands in ``answer``."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.why.text if answer.why else "")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Reply:
    """What a web peer answered.

    Attributes:
        status: HTTP status.
        media_type: of the body, without parameters.
        body: as much as anybody needs of it.
        retry_after_s: how long it wants to be left alone.
        is_cut: the body goes on, and was read no further.
    """

    status: int
    media_type: str
    body: bytes
    retry_after_s: int | None = None
    is_cut: bool = False

    @property
    def is_success(self) -> bool:
        """Whether it is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110 section 15.3

    @property
    def words(self) -> Statement:
        """What the peer says of itself; of HTML nothing, which says it to people only."""
        if self.media_type.endswith("json"):
            return said(_words_of_json(self.body))
        if self.media_type == "text/plain":
            return said(self.body[:1000].decode("utf-8", "replace"))
        return said("")


class WebPeer:
    """A peer that speaks HTTP; opened by :func:`web_peer`.

    Args:
        url: its address.
        client: with its credentials.
        patience: how long it may take.
    """

    def __init__(self, url: str, client: httpx.Client, patience: Patience) -> None:
        self.url, self._client, self._patience = url.rstrip("/"), client, patience

    def exchange(
        self,
        method: str,
        path: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        content: Iterable[bytes] | bytes | None = None,
        size_bytes: int = 0,
        longest_answer: int = LONGEST_ANSWER,
    ) -> Reply:
        """Send one request and read its answer.

        Args:
            method: of HTTP.
            path: behind the peer's address; with its query.
            headers: beside those of every request.
            content: the body; where it comes in pieces, ``Content-Length`` is among the headers.
            size_bytes: of the body, from which the time limit is made.
            longest_answer: so many bytes of an answer are read.

        Raises:
            NoAnswerError: the peer cannot be reached, or does not answer in time.
            OSError: our own file cannot be read.
        """
        limit_s = self._patience.to_store_s(size_bytes)
        deadline = time.monotonic() + limit_s
        if content is not None and not isinstance(content, bytes):
            content = _hurried(content, deadline)
        try:
            with self._client.stream(
                method, self.url + path, headers=dict(headers or {}), content=content
            ) as answer:
                return _read(answer, deadline, longest_answer)
        except httpx.TimeoutException as error:
            late = _out_of_time(self.url, limit_s)
            raise NoAnswerError(_beside(late, error)) from None
        except httpx.TransportError as error:
            broken = no_connection(root_of(error), self.url)
            raise NoAnswerError(_beside(broken, error)) from None

    def judge(self, reply: Reply) -> Answer:
        """What an answer's status alone says of what was sent (RFC 9110 section 15)."""
        if reply.is_success:
            return Answer(Fate.SENT)
        trouble = self.trouble(reply)
        if trouble is not None:
            return Answer(Fate.REFUSED, trouble)
        status = str(reply.status)
        if reply.status not in _LATER and reply.status < _SERVER_ERROR:
            why = Statement("web_refused", {"status": status, "said": reply.words})
            return Answer(Fate.REFUSED, why)
        why = Statement("web_failed", {"status": status, "said": reply.words})
        left = reply.status >= _SERVER_ERROR and reply.status != _UNAVAILABLE
        return Answer(Fate.LATER, why, reply.retry_after_s, may_have_arrived=left)

    def trouble(self, reply: Reply) -> Statement | None:
        """What is wrong with the address or the credentials that a person entered."""
        status = str(reply.status)
        if reply.status in _SIGN_IN:
            return Statement("web_sign_in_refused", {"address": self.url, "status": status})
        if reply.status in range(300, 400):
            return Statement("web_redirected", {"address": self.url, "status": status})
        if reply.status in _NOTHING_THERE:
            return Statement("web_address_wrong", {"address": self.url, "status": status})
        return None

    def reachable(self, reply: Reply) -> Check:
        """The line of a test that says whether the peer answers, and lets us in."""
        trouble = self.trouble(reply)
        if trouble is None and reply.status >= _SERVER_ERROR:
            status = str(reply.status)
            trouble = Statement("web_failed", {"status": status, "said": reply.words})
        if trouble is not None:
            return Check("reachable", ok=False, told=trouble)
        return Check("reachable", ok=True, told=Statement("peer_answers", {"address": self.url}))


@contextmanager
def web_peer(
    peer: DicomWeb | FhirServer | Webhook, token: str, patience: Patience
) -> Iterator[WebPeer]:
    """Make ready for requests to a peer.

    Args:
        peer: where it is.
        token: bearer token, or the password of ``peer.user``; empty: none is sent.
        patience: how long it may take.

    Raises:
        NoAnswerError: its authorities cannot be read.
    """
    try:
        client = http_client(
            peer, token, httpx.Timeout(patience.answer_s, connect=patience.connect_s)
        )
    except CertificateError as error:
        raise NoAnswerError(Answer(Fate.LATER, error.why)) from None
    with client:
        yield WebPeer(peer.url, client, patience)


def http_client(
    peer: DicomWeb | FhirServer | Webhook, token: str, timeout: httpx.Timeout
) -> httpx.Client:
    """A client for a peer's address; nothing is connected yet.

    Args:
        peer: where it is.
        token: bearer token, or the password of ``peer.user``; empty: none is sent.
        timeout: how long each step may take.

    Raises:
        CertificateError: its authorities cannot be read.
    """
    # What is compressed could unpack to any size.
    headers = {"User-Agent": "Heimdallr", "Accept-Encoding": "identity"}
    if token and not peer.user:
        headers["Authorization"] = f"Bearer {token}"
    return httpx.Client(
        base_url=peer.url.rstrip("/"),
        headers=headers,
        auth=(peer.user, token) if peer.user else None,
        timeout=timeout,
        verify=trusting(peer.ca),
        trust_env=False,
        follow_redirects=False,
    )


def _out_of_time(url: str, limit_s: float) -> Answer:
    why = Statement("web_not_answered", {"address": url, "seconds": round(limit_s)})
    return Answer(Fate.LATER, why)


def _beside(answer: Answer, error: httpx.TransportError) -> Answer:
    """The answer where a request failed so: once there was a connection, it may have arrived."""
    return replace(answer, may_have_arrived=not isinstance(error, _NOTHING_LEFT))


def root_of(error: BaseException) -> OSError:
    """The error of the socket below those of the client."""
    below: BaseException | None = error
    while below is not None:
        if isinstance(below, OSError):
            return below
        below = below.__cause__ or below.__context__
    return OSError(type(error).__name__)


def _hurried(pieces: Iterable[bytes], deadline: float) -> Iterator[bytes]:
    """A body that is given up when its time is over: a slow receiver must not hold us for ever."""
    for piece in pieces:
        if time.monotonic() > deadline:
            msg = "the transfer took too long"
            raise httpx.WriteTimeout(msg)
        yield piece


def _read(answer: httpx.Response, deadline: float, longest: int) -> Reply:
    body = bytearray()
    for piece in answer.iter_raw():
        body += piece
        if len(body) > longest:
            break
        if time.monotonic() > deadline:
            msg = "the answer took too long"
            raise httpx.ReadTimeout(msg)
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().casefold()
    return Reply(
        answer.status_code,
        kind,
        bytes(body[:longest]),
        _seconds(answer.headers.get("Retry-After", "")),
        is_cut=len(body) > longest,
    )


def _seconds(retry_after: str) -> int | None:
    """Retry-After in seconds; one that is a date is passed over, for clocks differ."""
    return (
        min(int(retry_after), _LONGEST_WAIT_S) if re.fullmatch(r"[0-9]{1,9}", retry_after) else None
    )


def _words_of_json(body: bytes) -> str:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(told, dict):
        return ""
    return next((told[key] for key in _WORDS if told.get(key) and isinstance(told[key], str)), "")
