"""The commands as a person types them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from dicom_series import SeriesOnDisk
from store_cases import CASE_ID, add_study, make_identity, make_results, write_case
from tiny_networks import as_trained, install_tiny, tiny_plans

from heimdallr.cli.commands.process import _known
from heimdallr.config import Settings
from heimdallr.segmentation.tasks import task
from heimdallr.store.database import open_database
from heimdallr.store.layout import made_folders
from heimdallr.store.migrate import upgrade
from heimdallr.store.models import StudyState


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEIMDALLR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TOTALSEG_HOME_DIR", str(tmp_path / "totalsegmentator"))
    monkeypatch.setenv("COLUMNS", "200")


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heimdallr", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_config_lists_values_and_their_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """`config` says what is set, from where, and which names nobody knows; secrets stay hidden."""
    monkeypatch.setenv("HEIMDALLR_DICOM_PORT", "11113")
    monkeypatch.setenv("HEIMDALLR_DICOM_PROT", "1")
    monkeypatch.setenv("TOTALSEGMENTATOR_LICENSE", "aca_SECRET")
    done = _run("config", "--json")
    rows = {row["name"]: row for row in json.loads(done.stdout)["settings"]}
    assert rows["HEIMDALLR_DICOM_PORT"]["value"] == "11113"
    assert rows["HEIMDALLR_DICOM_PORT"]["source"] == "environment"
    assert json.loads(done.stdout)["unknown"] == {"HEIMDALLR_DICOM_PROT": "HEIMDALLR_DICOM_PORT"}
    assert "aca_SECRET" not in done.stdout + done.stderr
    assert "aca_SECRET" not in _run("config").stdout


def test_a_bad_setting_ends_before_anything_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2 and one line that names the variable."""
    monkeypatch.setenv("HEIMDALLR_DICOM_PORT", "seventy")
    done = _run("doctor")
    assert done.returncode == 2
    assert "HEIMDALLR_DICOM_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_sees_a_taken_port_and_the_bundled_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every check has a state, and what is not ok says what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("HEIMDALLR_SERVER_PORT", str(taken.getsockname()[1]))
        done = _run("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert checks["dcm2niix"]["state"] == "ok"
    assert checks["web port"]["state"] == "warning"
    assert "HEIMDALLR_SERVER_PORT" in checks["web port"]["remedy"]
    assert checks["weights total"]["found"] == "bundled — not for clinical use"
    assert all(check["remedy"] for check in checks.values() if check["state"] != "ok")


def test_process_refuses_what_is_not_there(tmp_path: Path) -> None:
    """A path that does not exist is a usage error; an empty folder is a refused study."""
    assert _run("process", str(tmp_path / "nothing")).returncode == 2
    (tmp_path / "empty").mkdir()
    done = _run("process", str(tmp_path / "empty"), "--output", str(tmp_path / "out"), "--json")
    assert done.returncode == 1
    (outcome,) = json.loads(done.stdout)
    assert outcome["state"] == "refused"
    assert "no readable DICOM" in outcome["error"]
    assert "Traceback" not in done.stderr


def test_process_lists_what_it_passed_over(tmp_path: Path) -> None:
    """A disc's read-me beside images that are no volume, in words and as JSON."""
    SeriesOnDisk(modality="CR").write(tmp_path / "disc")
    (tmp_path / "disc" / "README.TXT").write_text("see viewer")
    command = ("process", str(tmp_path / "disc"), "--output", str(tmp_path / "out"))
    (outcome,) = json.loads(_run(*command, "--json").stdout)
    assert outcome["skipped_files"] == {"not a DICOM file": 1}
    assert "passed over: 1 × not a DICOM file" in " ".join(_run(*command).stdout.split())


def test_process_leaves_results_of_the_services_alone(
    tmp_path: Path,
) -> None:
    """Rows, histories and what is owed would be of other numbers than the folder."""
    series = SeriesOnDisk()
    series.write(tmp_path / "disc")
    settings = Settings(data_dir=tmp_path / "data")
    folders = made_folders(settings)
    database = open_database(settings)
    upgrade(database)
    identity = make_identity(uid=series.study_uid)
    results = write_case(folders.output, make_results(), identity) / "resultados.json"
    with database.write() as session:
        add_study(session, series.study_uid, state=StudyState.DONE, case_id=CASE_ID)
    before = results.read_bytes()
    done = _run("process", str(tmp_path / "disc"), "--json")
    (outcome,) = json.loads(done.stdout)
    assert (done.returncode, outcome["state"]) == (1, "refused")
    assert "--output" in outcome["error"]
    assert results.read_bytes() == before
    assert [one.name for one in folders.output.iterdir()] == [CASE_ID]
    assert _known(settings, folders.output)(series.study_uid)
    assert not _known(settings, folders.output)("1.2.3")
    assert not _known(settings, tmp_path / "cases")(series.study_uid)
    database.close()


def test_weights_are_listed_with_their_origin() -> None:
    """The bundled weights are shown as what they are; --all shows what could be installed."""
    rows = {row["task"]: row for row in json.loads(_run("weights", "list", "--json").stdout)}
    assert rows["total_fast"]["state"] == "bundled"
    everything = json.loads(_run("weights", "list", "--all", "--json").stdout)
    assert {"total", "lung_vessels"} <= {row["task"] for row in everything}


def test_weights_are_installed_from_a_zip_and_verified(tmp_path: Path) -> None:
    """A ZIP in the released layout is installed; a file changed afterwards is found out."""
    bundled = json.loads(_run("weights", "list", "--json").stdout)
    folder = next(Path(row["folders"][0]) for row in bundled if row["task"] == "total_fast")
    archive = tmp_path / "weights.zip"
    with zipfile.ZipFile(archive, "w") as content:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                content.write(file, file.relative_to(folder.parent.parent))
    assert "Dataset297" in _run("weights", "install", str(archive)).stdout
    assert _run("weights", "verify", "total_fast").returncode == 0

    installed = next((tmp_path / "data" / "weights").rglob("checkpoint_final.pth"))
    installed.write_bytes(installed.read_bytes()[:-1000])
    done = _run("weights", "verify", "total_fast")
    assert done.returncode == 1
    assert "has changed since it was installed" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    """Exit code 1 and what to do."""
    (tmp_path / "weights.zip").write_text("no zip")
    done = _run("weights", "install", str(tmp_path / "weights.zip"))
    assert done.returncode == 1
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr


def test_networks_of_others_are_installed_with_their_licence(tmp_path: Path) -> None:
    """The command says whose they are; a list says it again."""
    boa = as_trained(task("boa_body_regions"))
    install_tiny(tmp_path / "made", boa, tiny_plans((6.0, 6.0, 6.0), features=(4, 4)))
    done = _run("weights", "install", str(tmp_path / "made"))
    assert done.returncode == 0
    assert "Dataset542_BCA_inference\n  BOA, Apache-2.0, https://github.com/UMEssen" in done.stdout
    rows = {row["task"]: row for row in json.loads(_run("weights", "list", "--json").stdout)}
    assert rows["boa_body_regions"]["state"] == "other"
    assert rows["boa_body_regions"]["collection"]["credit"].startswith("Haubold 2023")
    assert rows["total_fast"]["collection"] is None
    assert "Apache-2.0" in _run("weights", "list").stdout
    assert _run("weights", "verify", "boa_body_regions").returncode == 0


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("wrong folder", "use the ZIP or the dataset folder as its makers release it"),
        ("incomplete fold", "copy the whole folder again"),
        ("unknown dataset", "keep the folder's name as released"),
        ("not run", "docs/segmentation.md lists the networks that are run"),
    ],
)
def test_weights_that_cannot_be_used_say_what_to_do(tmp_path: Path, spoil: str, said: str) -> None:
    """Exit code 1, one error, nothing installed."""
    boa = as_trained(task("boa_body_regions"))
    install_tiny(tmp_path / "made", boa, tiny_plans((6.0, 6.0, 6.0), features=(4, 4)))
    folder = tmp_path / "made" / boa.models[0].dataset
    if spoil == "wrong folder":
        folder = next(folder.glob("*__*__*"))
    elif spoil == "incomplete fold":
        next(folder.rglob("fold_1/checkpoint_final.pth")).unlink()
    else:
        name = {"unknown dataset": "Dataset199_mine", "not run": "Dataset002_PUMA"}[spoil]
        folder = folder.rename(folder.with_name(name))
    done = _run("weights", "install", str(folder))
    assert done.returncode == 1
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "data" / "weights").glob("Dataset*"))
