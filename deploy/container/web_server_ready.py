"""Exit 0 where this container's web server says that it can serve (`/readyz`)."""

from __future__ import annotations

import os
import ssl
import sys
from urllib.error import URLError
from urllib.request import urlopen

scheme = "https" if os.environ.get("HEIMDALLR_SERVER_CERTIFICATE") else "http"
port = os.environ.get("HEIMDALLR_SERVER_PORT", "8001")
itself = ssl.create_default_context()
itself.check_hostname, itself.verify_mode = False, ssl.CERT_NONE  # its certificate names the host
try:
    # Its own address, and no other scheme.
    urlopen(f"{scheme}://127.0.0.1:{port}/readyz", timeout=8, context=itself).close()  # noqa: S310
except URLError as error:
    sys.exit(f"the web server is not ready: {error}")
