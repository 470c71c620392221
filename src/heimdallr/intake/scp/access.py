"""Who may connect: addresses first, then AE titles.

Closed by default: without ``HEIMDALLR_DICOM_PEERS`` only this machine may. AE titles are no
secret and prove nothing, they catch mistakes; addresses and TLS certificates keep people out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from heimdallr.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from heimdallr.config import Rule, Settings

Network = IPv4Network | IPv6Network

_AE_TITLE = re.compile(r"[ -\[\]-~]{1,16}")
_LOOPBACK = ("127.0.0.0/8", "::1/128")
_EVERYONE = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an association is rejected: PS3.8 table 9-21, and in words.

    Attributes:
        result: 1 permanent, 2 transient.
        source: 1 service user, 2 service provider (ACSE), 3 service provider (presentation).
        reason: depends on the source.
        words: for the log and the dashboard.
    """

    result: int
    source: int
    reason: int
    words: str

    def pdu(self) -> bytes:
        """The A-ASSOCIATE-RJ PDU that says so."""
        return bytes((3, 0, 0, 0, 0, 4, 0, self.result, self.source, self.reason))


CONGESTED = Refusal(2, 3, 1, "too many associations at a time")


@dataclass(frozen=True, slots=True)
class Peer:
    """Who calls: the titles of its association request, and where from."""

    calling_ae: str
    called_ae: str
    address: str


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one listener."""

    networks: tuple[Network, ...]
    titled: tuple[tuple[str, Network], ...]
    called_rule: Rule
    calling_rule: Rule
    own_titles: frozenset[str]
    known_titles: frozenset[str]

    def may_connect(self, address: str) -> bool:
        """Whether a connection from this address is listened to at all."""
        return self._within(address, self.networks) or self._within(
            address, [network for _, network in self.titled]
        )

    def refuse(self, peer: Peer) -> Refusal | None:
        """Why the peer's association is rejected; ``None``: it is not."""
        if not (_AE_TITLE.fullmatch(peer.calling_ae) and _AE_TITLE.fullmatch(peer.called_ae)):
            return Refusal(1, 1, 1, "an AE title that is none")
        if self.called_rule == "enforce" and peer.called_ae not in self.own_titles:
            return Refusal(1, 1, 7, "called by an AE title that is not ours")
        named_here = [network for title, network in self.titled if title == peer.calling_ae]
        if not self._within(peer.address, (*self.networks, *named_here)):
            return Refusal(1, 1, 3, "this AE title may not call from this address")
        if self.calling_rule == "enforce" and peer.calling_ae not in self.known_titles:
            return Refusal(1, 1, 3, "its AE title is not listed")
        return None

    def doubts(self, peer: Peer) -> list[str]:
        """What is let pass, and said."""
        found = []
        if self.called_rule == "warn" and peer.called_ae not in self.own_titles:
            found.append("called by an AE title that is not ours")
        if self.calling_rule == "warn" and peer.calling_ae not in self.known_titles:
            found.append("its AE title is not listed")
        return found

    @property
    def has_ipv6(self) -> bool:
        """Whether a peer beyond this machine is named by an IPv6 address."""
        return any(
            network.version == 6 and not network.is_loopback  # noqa: PLR2004
            for network in (*self.networks, *(network for _, network in self.titled))
        )

    @staticmethod
    def _within(address: str, networks: tuple[Network, ...] | list[Network]) -> bool:
        host = ip_address(address)
        return any(host.version == network.version and host in network for network in networks)


def access(settings: Settings) -> Access:
    """The rules these settings make.

    Raises:
        ConfigurationError: a peer is not an address, a network, ``AET@address`` or ``*``.
    """
    networks: list[Network] = []
    titled: list[tuple[str, Network]] = []
    for word in settings.dicom_peers or _LOOPBACK:
        title, at, place = word.rpartition("@")
        for network in _EVERYONE if place == "*" else (place,):
            if at and _AE_TITLE.fullmatch(title):
                titled.append((title, _network(network, word)))
            else:
                networks.append(_network(word if at else network, word))
    return Access(
        networks=tuple(networks),
        titled=tuple(titled),
        called_rule=settings.called_ae,
        calling_rule=settings.calling_ae,
        own_titles=frozenset({settings.ae_title, *settings.stat_ae_titles}),
        known_titles=frozenset({*settings.calling_ae_titles, *(title for title, _ in titled)}),
    )


def listening_address(settings: Settings) -> str:
    """The address the listener binds: closed to other machines until peers are named.

    Raises:
        ConfigurationError: a peer is not an address, a network, ``AET@address`` or ``*``.
    """
    if settings.dicom_host is not None:
        return settings.dicom_host
    if not settings.dicom_peers:
        return "127.0.0.1"
    return "::" if access(settings).has_ipv6 else "0.0.0.0"  # noqa: S104 - peers are checked


def plain_address(address: str) -> str:
    """An address as people write it: IPv4 also where it came over an IPv6 socket."""
    host = ip_address(address.partition("%")[0])
    mapped = host.ipv4_mapped if isinstance(host, IPv6Address) else None
    return str(mapped or host)


def _network(text: str, word: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        msg = f"HEIMDALLR_DICOM_PEERS: {word!r} is not an address, a network, AET@address or *"
        raise ConfigurationError(msg, remedy="see `heimdallr config`") from None
