"""Commands are loaded when they are asked for, and help knows them without loading any."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer import Context
from typer.main import get_command
from typer.testing import CliRunner

from heimdallr.cli import commands, service
from heimdallr.cli.app import app
from heimdallr.cli.command_tree import COMMANDS, CommandTree
from heimdallr.cli.service import Asked
from heimdallr.config import Settings
from heimdallr.imaging.volume import save_nifti
from heimdallr.workflow.stages import make_engine

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {"torch", "numpy", "scipy", "nibabel", "pydicom", "openvino", "sqlalchemy", "fastapi"}
NOT_FOR_A_CT = {
    *("torch", "nnunetv2", "batchgenerators", "acvl_utils", "dynamic_network_architectures"),
    *("SimpleITK", "blosc2", "skimage", "totalsegmentator.python_api"),
    *("sqlalchemy", "fastapi", "dbos", "pynetdicom"),
}
_LIST_MODULES = """
import sys
from heimdallr.cli import main
sys.argv = ["heimdallr", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("MODULES", *sys.modules)
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_of_a_command_what_it_says_itself(name: str) -> None:
    """The summary in the list of commands is the beginning of the command's own help."""
    tree = get_command(app)
    command = CommandTree().get_command(Context(tree), name)
    assert command
    assert command.help
    assert command.name == name
    assert command.help.split("\n\n")[0].replace("\n", " ") == COMMANDS[name].summary


def test_every_module_is_a_command() -> None:
    """None is forgotten in the list."""
    there = {module.name for module in pkgutil.iter_modules(commands.__path__)}
    assert there == {entry.where.partition(":")[0] for entry in COMMANDS.values()}


@pytest.mark.parametrize(
    "words", [["--version"], ["--help"], ["config"], ["upload", "--help"]], ids=" ".join
)
def test_small_commands_load_nothing_heavy(words: list[str]) -> None:
    """A version is told without a network library, an array or a database."""
    done = subprocess.run(
        [sys.executable, "-c", _LIST_MODULES, *words], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.rpartition("MODULES")[2].split()
    assert HEAVY.isdisjoint(loaded)


def test_a_ct_is_processed_without_what_trains_and_builds_networks(tmp_path: Path) -> None:
    """Networks that were converted before run in OpenVINO; a phase is read by its regressors.

    Counted, not timed: PyTorch alone takes longer to import than a small CT to segment.
    """
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("HEIMDALLR_")},
        "HEIMDALLR_DATA_DIR": str(tmp_path),
        "HEIMDALLR_DEVICE": "cpu",
        "TOTALSEG_HOME_DIR": str(tmp_path / "none"),
    }
    engine = make_engine(Settings(data_dir=tmp_path, device="cpu"))
    for task in ("total_fast", "tissue_types"):
        engine.load(task)
    body = np.full((40, 36, 30), -1000, np.int16)
    body[5:35, 5:31] = 40
    save_nifti(tmp_path / "body.nii.gz", body, np.diag([8.0, 8.0, 8.0, 1.0]))
    words = ["process", str(tmp_path / "body.nii.gz"), "--modality", "CT", "--output"]
    program = f"{_LIST_MODULES}".replace(
        'print("MODULES"',
        "from heimdallr.analyses.contrast_phase import predict_phase\n"
        "predict_phase({'aorta': 150.0})\n"
        'print("MODULES"',
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words, str(tmp_path / "out")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert list((tmp_path / "out").glob("*/resultados.json"))
    loaded = done.stdout.rpartition("MODULES")[2].split()
    assert {"openvino", "xgboost"} <= set(loaded)
    assert NOT_FOR_A_CT.isdisjoint(loaded)


def test_the_listener_needs_no_networks() -> None:
    """What receives starts without what segments."""
    done = subprocess.run(
        [sys.executable, "-c", _LIST_MODULES, "listen", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = done.stdout.rpartition("MODULES")[2].split()
    assert {"torch", "openvino", "fastapi"}.isdisjoint(loaded)


def test_what_is_said_before_a_services_name_reaches_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`heimdallr --verbose --log-json work` logs more, and in JSON."""
    seen: list[dict[str, object]] = []
    monkeypatch.setattr("heimdallr.logs.configure", lambda **how: seen.append(how))
    monkeypatch.setattr("heimdallr.cli.service.keep_others_out", lambda: None)
    monkeypatch.setattr("heimdallr.cli.service.stop_on_signals", lambda: None)
    monkeypatch.setattr("heimdallr.cli.service.asked", Asked())
    monkeypatch.setattr("heimdallr.cli.app.asked", service.asked)
    assert CliRunner().invoke(app, ["--verbose", "--log-json", "config"]).exit_code == 0
    service.begin("worker")
    assert seen[-1] == {"service": "worker", "level": "debug", "json_lines": True}
