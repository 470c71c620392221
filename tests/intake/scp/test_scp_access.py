"""Who may connect."""

from __future__ import annotations

import pytest

from heimdallr.config import Settings
from heimdallr.domain.errors import ConfigurationError
from heimdallr.intake.scp.access import Access, Peer, access, plain_address


def _access(**changes: object) -> Access:
    return access(Settings.model_validate(changes))


def test_closed_by_default() -> None:
    """Without a word in the settings only this machine may connect."""
    rules = _access()
    assert rules.may_connect("127.0.0.1")
    assert rules.may_connect("::1")
    assert not rules.may_connect("10.1.2.3")


def test_peers_are_addresses_networks_titles_and_everyone() -> None:
    """Each form lets in what it says, and nothing else."""
    rules = _access(dicom_peers="10.1.2.3, 10.2.0.0/16,PACS@10.3.0.1,2001:db8::/32")
    assert rules.may_connect("10.1.2.3")
    assert rules.may_connect("10.2.200.1")
    assert rules.may_connect("10.3.0.1")
    assert rules.may_connect("2001:db8::5")
    assert not rules.may_connect("10.1.2.4")
    assert not rules.may_connect("127.0.0.1")
    assert _access(dicom_peers="*").may_connect("203.0.113.9")
    assert _access(dicom_peers="*").may_connect("2001:db8::5")


def test_a_title_at_an_address_holds_there_only() -> None:
    """`PACS@10.3.0.1` lets PACS call from there, and nobody else from there."""
    rules = _access(dicom_peers="PACS@10.3.0.1,10.1.2.3")
    assert rules.refuse(Peer("PACS", "HEIMDALLR", "10.3.0.1")) is None
    assert rules.refuse(Peer("OTHER", "HEIMDALLR", "10.1.2.3")) is None
    refusal = rules.refuse(Peer("OTHER", "HEIMDALLR", "10.3.0.1"))
    assert refusal is not None
    assert (refusal.result, refusal.source, refusal.reason) == (1, 1, 3)


@pytest.mark.parametrize(
    ("rule", "refusals", "doubts"), [("off", 0, 0), ("warn", 0, 1), ("enforce", 1, 0)]
)
def test_rules_on_titles(rule: str, refusals: int, doubts: int) -> None:
    """Off says nothing, warn says it, enforce rejects with the reason of the standard."""
    called = _access(called_ae=rule, calling_ae="off")
    calling = _access(called_ae="off", calling_ae=rule, calling_ae_titles="CT1")
    wrong = Peer("CT2", "ANOTHER", "127.0.0.1")
    for rules, reason in ((called, 7), (calling, 3)):
        refusal = rules.refuse(wrong)
        assert (refusal is not None) == refusals
        assert refusal is None or refusal.reason == reason
        assert len(rules.doubts(wrong)) == doubts
        assert rules.refuse(Peer("CT1", "HEIMDALLR", "127.0.0.1")) is None
        assert not rules.doubts(Peer("CT1", "HEIMDALLR", "127.0.0.1"))


def test_a_title_for_urgent_studies_is_ours() -> None:
    """Senders may call us by the title that makes studies urgent."""
    rules = _access(called_ae="enforce", stat_ae_titles="HEIMDALLR_STAT")
    assert rules.refuse(Peer("CT1", "HEIMDALLR_STAT", "127.0.0.1")) is None


def test_titles_that_are_none_are_rejected() -> None:
    """Control characters never get into a log or a file."""
    for title in ("", "A\nB", "A\\B", "Ä"):
        assert _access().refuse(Peer(title, "HEIMDALLR", "127.0.0.1")) is not None


@pytest.mark.parametrize("peers", ["pacs.example", "10.1.2.300", "PACS@nowhere", "10.0.0.0/40"])
def test_a_peer_that_cannot_be_read_is_named(peers: str) -> None:
    """The operator is told which word is wrong."""
    with pytest.raises(ConfigurationError, match=peers):
        _access(dicom_peers=peers)


def test_ipv4_over_ipv6_sockets_is_ipv4() -> None:
    """Rules are written for the address people know."""
    assert plain_address("::ffff:10.1.2.3") == "10.1.2.3"
    assert plain_address("fe80::1%eth0") == "fe80::1"
