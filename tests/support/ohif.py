"""A real viewer: OHIF's built application before an Orthanc, both from one address, for a test.

The application is the folder ``dist`` of the npm package ``@ohif/app`` (50 MB; nothing else of npm
is needed). ``HEIMDALLR_TEST_OHIF`` names it::

    npm pack @ohif/app@3.13.2 && tar xzf ohif-app-3.13.2.tgz
    export HEIMDALLR_TEST_OHIF=$PWD/package/dist
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from orthanc import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orthanc import Orthanc

OHIF = "HEIMDALLR_TEST_OHIF"
_DICOMWEB = "/dicom-web"
_KEPT_HEADERS = ("Accept", "Content-Type", "Host")


@contextmanager
def served_ohif(orthanc: Orthanc) -> Iterator[str]:
    """Serve the viewer and, below the same address, the archive's DICOMweb; the address."""
    folder = os.environ.get(OHIF, "")
    if not (Path(folder) / "index.html").is_file():
        pytest.skip(f"{OHIF} does not name the folder dist of npm's @ohif/app")
    handler = partial(_Viewer, orthanc, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Viewer(SimpleHTTPRequestHandler):
    """The viewer's files, its configuration, and what it asks of the archive."""

    def __init__(self, orthanc: Orthanc, *connection: object, directory: str) -> None:
        self._orthanc = orthanc
        super().__init__(*connection, directory=directory)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer: the archive, the configuration, a file, or the application for any page of it."""
        if self.path.startswith(_DICOMWEB):
            self._ask_archive()
        elif self.path == "/app-config.js":
            self._answer(200, "text/javascript", _configuration().encode())
        else:
            if not Path(self.translate_path(self.path)).is_file():
                self.path = "/index.html"
            super().do_GET()

    def log_message(self, *_told: object) -> None:
        """Nothing: a page asks for hundreds of files."""

    def _ask_archive(self) -> None:
        credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        # The archive writes addresses of its own by the Host it was asked for.
        headers = {name: self.headers[name] for name in _KEPT_HEADERS if name in self.headers}
        connection = http.client.HTTPConnection(self._orthanc.host, self._orthanc.http_port)
        connection.request(
            "GET", self.path, headers=headers | {"Authorization": f"Basic {credentials}"}
        )
        answer = connection.getresponse()
        self._answer(answer.status, answer.headers["Content-Type"], answer.read())
        connection.close()

    def _answer(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _configuration() -> str:
    """The viewer's configuration: one archive, and nothing is asked before something is shown."""
    archive = {
        "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
        "sourceName": "archive",
        "configuration": {
            "friendlyName": "archive",
            "name": "archive",
            "wadoUriRoot": _DICOMWEB,
            "qidoRoot": _DICOMWEB,
            "wadoRoot": _DICOMWEB,
            "qidoSupportsIncludeField": False,
            "imageRendering": "wadors",
            "thumbnailRendering": "wadors",
            "supportsWildcard": True,
            "singlepart": "bulkdata,video",
            "bulkDataURI": {"enabled": True},
        },
    }
    told = {
        "name": "test",
        "routerBasename": None,
        "extensions": [],
        "modes": [],
        "showStudyList": True,
        "showWarningMessageForCrossOrigin": False,
        "showCPUFallbackMessage": False,
        "maxNumberOfWebWorkers": 1,
        "investigationalUseDialog": {"option": "never"},
        "disableConfirmationPrompts": True,
        "defaultDataSourceName": "archive",
        "dataSources": [archive],
    }
    return f"window.config = {json.dumps(told)};"
