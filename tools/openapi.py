"""Write the API's description, of which the dashboard's client is made.

python tools/openapi.py frontend/openapi.json
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from heimdallr.config import Settings
from heimdallr.store.database import open_database
from heimdallr.web.app import create_app


def main() -> None:
    """Describe the application over a database that nobody will ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    target: Path = parser.parse_args().target
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        database = open_database(settings)
        text = json.dumps(create_app(settings, database).openapi(), indent=1)
        database.close()
    if not target.exists() or target.read_text() != text:
        target.write_text(text)


if __name__ == "__main__":
    main()
