"""`heimdallr doctor` about device and ports: it says what the services would come upon."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from heimdallr.cli.commands import doctor
from heimdallr.cli.commands.up import summary
from heimdallr.cli.ports import bound, with_ports
from heimdallr.config import Settings
from heimdallr.domain.errors import ConfigurationError
from heimdallr.segmentation.networks import predictors

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.cli.diagnosis.check import Check

NOBODYS = "192.0.2.1"
"""An address of no machine (RFC 5737)."""


def _ports(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in doctor.port_checks(settings)}


def test_the_library_that_is_named_is_the_one_that_runs() -> None:
    """A department that chose PyTorch reads of PyTorch."""
    check = doctor.device_check(Settings(device="cpu", backend="torch"))
    assert check.state == "ok"
    assert check.found.startswith("cpu: ")
    assert check.found.endswith(" cores, torch f32")


def test_a_gpu_beyond_the_last_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker would not start with it, whatever other GPUs there are."""
    monkeypatch.setattr(predictors, "count_gpus", lambda: 1)
    check = doctor.device_check(Settings(device="cuda:3"))
    assert (check.state, check.found) == ("problem", "device cuda:3 is not available")
    assert check.remedy == "set the device to 'auto' or 'cpu'"


def test_a_port_on_an_ipv6_address_is_free_until_somebody_listens() -> None:
    """It is asked as the web server would ask for it."""
    try:
        port = bound("::1", 0)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    settings = Settings(server_host="::1", server_port=port)
    found = _ports(settings)["web port"]
    assert (found.state, found.found) == ("ok", f"::1, port {port} is free")
    with socket.create_server(("::1", port), family=socket.AF_INET6):
        found = _ports(settings)["web port"]
    assert (found.state, found.found) == ("warning", f"::1, port {port}: Address already in use")
    assert found.remedy == "heimdallr is running already, or set HEIMDALLR_SERVER_PORT"


def test_an_address_of_another_machine_is_said() -> None:
    """Neither is the port free, nor is anybody running there; `up` says so too."""
    settings = Settings(dicom_host=NOBODYS, server_port=bound("127.0.0.1", 0))
    found = _ports(settings)["DICOM port"]
    assert found.state == "warning"
    assert found.found == f"{NOBODYS}, port 11112: Cannot assign requested address"
    assert found.remedy == "set HEIMDALLR_DICOM_HOST or HEIMDALLR_DICOM_PORT"
    with pytest.raises(ConfigurationError, match=f"{NOBODYS}:11112 cannot") as refused:
        with_ports(settings, None, None)
    assert refused.value.remedy.startswith("set HEIMDALLR_DICOM_HOST")


def test_a_peer_that_is_none_is_a_problem() -> None:
    """The listener would not start with it."""
    found = _ports(Settings(dicom_peers="everyone"))["DICOM port"]
    assert found.state == "problem"
    assert found.found.startswith("HEIMDALLR_DICOM_PEERS: 'everyone' is not an address")
    assert found.remedy


def test_what_up_says_is_where_the_listener_is(tmp_path: Path) -> None:
    """A peer with an IPv6 address makes it listen to both kinds."""
    told = summary(Settings(data_dir=tmp_path, dicom_peers="2001:db8::/32"))
    assert "HEIMDALLR at [::]:11112" in told
