"""From "the study is complete" to "its networks run", on an idle system: `heimdallr up` as it is.

    python benchmarks/start_delay.py [--studies 20]

Sends the synthetic trunk CT (ten series, 899 images) again and again over C-STORE, each time as a
new study and only when the one before is done. The delay is what lies between the instant the study
was declared complete and the first look (every 50 ms) that finds it beyond preparation: queueing,
series selection and conversion are all in it. A study that was taken for complete before the last
image was sent, because the sender paused, is not counted: its first run had to be stopped.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path

from pydicom import dcmread
from pydicom.uid import generate_uid

from heimdallr.cli.demonstration.system import DemoSystem, running_system
from heimdallr.cli.uploading.following import FINAL
from heimdallr.config import load_settings
from heimdallr.phantom.studies import write_demo_studies

AIM_S = 2.0
_LOOK_S = 0.05
_BEFORE = {"receiving", "queued", "preparing"}


def renamed(source: Path, folder: Path) -> Path:
    """A copy of a study as another one: new UIDs, the same images."""
    uids: dict[str, str] = {}
    folder.mkdir()
    for number, path in enumerate(sorted(source.rglob("*.dcm"))):
        image = dcmread(path)
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            image[keyword].value = uids.setdefault(image[keyword].value, generate_uid())
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        image.save_as(folder / f"{number:04d}.dcm")
    return folder


def delay_s(system: DemoSystem, number: int) -> float | None:
    """Seconds from complete to segmenting of the study of this number, followed to its end.

    ``None`` when it was complete more than once.
    """
    found = None
    while True:
        answer = system.client.get(f"/api/v1/studies/{number}")
        seen = time.time()
        if answer.status_code == 200:
            study = answer.json()
            if found is None and study["state"] not in _BEFORE:
                queued = datetime.fromisoformat(study["runs"][0]["queued_at"])
                found = seen - queued.timestamp()
            if study["state"] in FINAL:
                if study["state"] != "done" or found is None:
                    message = f"the study is {study['state']}: {study['error']}"
                    raise SystemExit(message)
                return found if len(study["runs"]) == 1 else None
        time.sleep(_LOOK_S)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=20)
    count = parser.parse_args().studies
    with tempfile.TemporaryDirectory(prefix="heimdallr-bench-") as name:
        work = Path(name)
        (work / "studies").mkdir()
        trunk = next(
            one for one in write_demo_studies(work / "studies", 7) if one.kind == "trunk_ct"
        )
        delays = []
        with running_system(work / "data", load_settings()) as system:
            for number in range(1, count + 1):
                system.send(renamed(trunk.dicom, work / f"{number}"))
                delay = delay_s(system, number)
                if delay is None:
                    print(f"study {number}: the sender paused, not counted", flush=True)
                    continue
                delays.append(delay)
                print(f"study {number}: {delay:.2f} s", flush=True)
    ordered = sorted(delays)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    print(f"median {statistics.median(delays):.2f} s, p95 {p95:.2f} s (aim: below {AIM_S:.0f} s)")


if __name__ == "__main__":
    main()
