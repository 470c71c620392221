"""An address that is told by POST; whoever gets it can check that it is from here, and only once.

Headers beside the body:

* ``X-Heimdallr-Delivery``: the same whenever the same is sent again; who has seen it answers 200.
* ``X-Heimdallr-Timestamp``: seconds since 1970, when it was signed.
* ``X-Heimdallr-Signature``: ``sha256=`` and the HMAC-SHA-256 of ``<timestamp>.<body>`` under the
  secret of the destination, in hexadecimal digits.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from heimdallr.clock import utc_now
from heimdallr.delivery.senders.web import NoAnswerError, web_peer
from heimdallr.delivery.sending import Answer, Check, Fate
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from heimdallr.delivery.destinations import Webhook
    from heimdallr.delivery.senders.own_node import OwnNode
    from heimdallr.delivery.senders.web import WebPeer
    from heimdallr.delivery.sending import Item


class WebhookSender:
    """Tells one address; see :class:`heimdallr.delivery.sending.Sender`.

    Args:
        webhook: the address.
        secret: signs the body; empty: it is not signed.
        own: our side.
        now: tells the time.
    """

    def __init__(
        self, webhook: Webhook, secret: str, own: OwnNode, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._webhook, self._secret, self._own, self._now = webhook, secret, own, now

    def send(self, items: Sequence[Item]) -> Iterator[tuple[str, Answer]]:
        """Post items, most urgent first; key and answer of each, as soon as it is known."""
        try:
            with web_peer(self._webhook, "", self._own.patience) as web:
                for item in items:
                    yield item.key, self._post(web, item)
        except NoAnswerError as error:
            yield from ((item.key, error.answer) for item in items)

    def test(self) -> Sequence[Check]:
        """Ask the address for its headers only: whether anything is done there shows a delivery."""
        try:
            with web_peer(self._webhook, "", self._own.patience) as web:
                reply = web.exchange("HEAD")
                if reply.status == 405:  # noqa: PLR2004 - it takes POST only, which is enough
                    told = Statement("peer_answers", {"address": web.url})
                    return [Check("reachable", ok=True, told=told), self._signature()]
                return [web.reachable(reply), self._signature()]
        except NoAnswerError as error:
            told = error.answer.why or Statement("webhook_unsigned")
            return [Check("reachable", ok=False, told=told)]

    def _signature(self) -> Check:
        if self._secret:
            return Check("signature", ok=True, told=Statement("webhook_signed"))
        return Check("signature", ok=None, told=Statement("webhook_unsigned"))

    def _post(self, web: WebPeer, item: Item) -> Answer:
        try:
            body = item.path.read_bytes()
            reply = web.exchange(
                "POST", content=body, size_bytes=len(body), headers=self._headers(item, body)
            )
        except NoAnswerError as error:
            return error.answer
        except OSError:
            return Answer(Fate.LATER, Statement("own_file_unreadable"))
        return web.judge(reply)

    def _headers(self, item: Item, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._now().timestamp()))
        headers = {
            "Content-Type": item.media_type,
            "X-Heimdallr-Delivery": f"{item.key}-{hashlib.sha256(body).hexdigest()[:16]}",
            "X-Heimdallr-Timestamp": timestamp,
        }
        if self._secret:
            headers["X-Heimdallr-Signature"] = signature(self._secret, timestamp, body)
        return headers


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What stands in ``X-Heimdallr-Signature``."""
    signed = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
