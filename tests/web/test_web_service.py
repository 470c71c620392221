"""The service around the application: health, figures, faults, TLS, starting and stopping."""

from __future__ import annotations

import re
import signal
import ssl
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import httpx
import pytest
from waiting import free_port, wait_for_port
from web_service import Service, served, service_in

from heimdallr.config import Settings
from heimdallr.domain.errors import ConfigurationError
from heimdallr.store.models import StudyState
from heimdallr.web.http import telemetry
from heimdallr.web.service import run_web

if TYPE_CHECKING:
    from pathlib import Path


def figures(service: Service) -> dict[str, float]:
    """What Prometheus reads."""
    text = service.client.get("/metrics").text
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def test_health_and_readiness(service: Service) -> None:
    """Alive and ready, in words for a supervisor."""
    assert service.client.get("/healthz").json() == {"status": "ok"}
    ready = service.client.get("/readyz")
    assert ready.status_code == 200
    assert {check["name"]: check["ok"] for check in ready.json()["checks"]} == {
        "database": True, "migrations": True, "disk": True,
    }  # fmt: skip


def test_a_full_disk_is_not_ready(tmp_path: Path) -> None:
    """Below the reserve nothing is received, and whoever watches is told."""
    service = service_in(tmp_path, disk_reserve_gb=99_999)
    ready = service.client.get("/readyz")
    assert ready.status_code == 503
    assert [check["name"] for check in ready.json()["checks"] if not check["ok"]] == ["disk"]
    assert service.client.get("/healthz").status_code == 200
    service.database.close()


def test_a_database_that_is_away(tmp_path: Path) -> None:
    """503 that says to come back; not ready; alive all the same; well again when it is back."""
    service = service_in(tmp_path)
    state = service.folders.state
    service.database.close()
    state.rename(state.with_name("away"))
    answer = service.client.get("/api/v1/studies")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage")
    assert answer.headers["retry-after"]
    assert service.client.get("/readyz").status_code == 503
    assert service.client.get("/healthz").status_code == 200
    state.with_name("away").rename(state)
    assert service.client.get("/api/v1/studies").status_code == 200
    service.database.close()


def test_figures(service: Service) -> None:
    """Studies by state, the queue and its age, stage times, requests, the disk."""
    service.add_done()
    service.add("1.9", StudyState.QUEUED)
    service.client.get("/api/v1/studies/1")
    found = figures(service)
    assert found['heimdallr_studies{state="done"}'] == 1
    assert found['heimdallr_studies{state="failed"}'] == 0
    assert found["heimdallr_instances"] == 1
    assert found["heimdallr_queue_length"] == 0
    assert found['heimdallr_stage_seconds{quantile="0.5",stage="segment"}'] == 40
    assert found["heimdallr_disk_free_bytes"] > 0
    request = 'method="GET",route="/api/v1/studies/{study_id}",status="200"'
    assert found[f"heimdallr_http_requests_total{{{request}}}"] == 1


def test_what_takes_every_study_is_not_summed_at_every_scrape(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """States are of now, images and bytes of some minutes ago."""
    monkeypatch.setattr(telemetry, "_CACHED_S", 0.0)
    service.add_done()
    assert figures(service)["heimdallr_instances"] == 1
    service.add_done("1.9", "SouzaA_20260201_123456")
    found = figures(service)
    assert found['heimdallr_studies{state="done"}'] == 2
    assert found["heimdallr_instances"] == 1
    monkeypatch.setattr(telemetry, "_SUMMED_S", 0.0)
    assert figures(service)["heimdallr_instances"] == 2


def test_figures_name_no_case(service: Service) -> None:
    """A case ID holds initials; routes are counted by their template."""
    service.add_done()
    service.client.get("/api/patients/SilvaMJ_20260201_123456/results")
    assert "Silva" not in service.client.get("/metrics").text


def test_a_fault_is_answered_without_its_text(
    service: Service, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An exception may quote a header: neither the client nor the log gets to read it."""

    def broken(*_: object, **__: object) -> None:
        message = "SILVA^MARIA"
        raise ValueError(message)

    monkeypatch.setattr("heimdallr.web.api.worklist.worklist", broken)
    from heimdallr import logs  # noqa: PLC0415 - as a service does

    logs.configure(service="web", json_lines=True)
    answer = service.client.get("/api/v1/studies")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    shown = capfd.readouterr()
    assert "SILVA" not in answer.text + shown.out + shown.err


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("PATCH", "/api/v1/studies", 405), ("GET", "/upload", 405)],
)
def test_what_no_route_answers(service: Service, method: str, path: str, status: int) -> None:
    """Problems there, too."""
    answer = service.client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_search_words_are_not_logged(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    """What people search for is a patient's name; nor are addresses with case IDs logged."""
    service.add_done()
    service.client.get("/api/v1/studies", params={"search": "silva"})
    service.client.get("/api/patients/SilvaMJ_20260201_123456/results")
    shown = capsys.readouterr()
    assert "silva" not in (shown.out + shown.err).lower()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    command = (
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
        f"-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {chain}"
    )
    try:
        subprocess.run(command.split(), check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return chain, key


def test_tls(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    """With a certificate only HTTPS is spoken."""
    chain, key = certificate
    service = service_in(tmp_path, server_certificate=chain, server_key=key)
    with served(service) as address:
        secure = address.replace("http:", "https:")
        answer = httpx.get(f"{secure}/healthz", verify=ssl.create_default_context(cafile=chain))
        assert answer.status_code == 200
        assert answer.headers["strict-transport-security"]
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{address}/healthz")
    service.database.close()


def test_half_a_configuration_of_tls_is_refused(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    """Rather than serving in the clear what was meant to be encrypted."""
    settings = Settings(data_dir=tmp_path / "data", server_certificate=certificate[0])
    with pytest.raises(ConfigurationError, match="key"):
        run_web(settings, threading.Event())


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """`heimdallr serve`: answers, and ends with 0 on SIGTERM; a taken port is an error."""
    port = free_port()
    environment = {
        "PATH": "/usr/bin:/bin",
        "HEIMDALLR_DATA_DIR": str(tmp_path / "data"),
        "HEIMDALLR_SERVER_PORT": str(port),
        "HEIMDALLR_AUTH": "off",
    }
    command = [sys.executable, "-m", "heimdallr", "serve"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        wait_for_port(port)
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code in (200, 503)
        second = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert second.returncode == 1
        assert re.search(rb"cannot listen on 127.0.0.1", second.stderr)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
