#!/usr/bin/env bash
# pynetdicom says "aborted" of an association whose contexts the peer refused, and of a peer that is not there.
#
# What a good engineer would guess: Association.is_aborted means that an A-ABORT was sent or received (DICOM PS3.8
# 7.3, 7.4); a peer that takes none of the presentation contexts counts as rejected; and where nobody listens, no
# association was begun that could be aborted.
#
# What happens (pynetdicom 3.0.4 from PyPI): the peer answers A-ASSOCIATE-AC with every context refused, pynetdicom
# itself sends the abort, and is_aborted is true, is_rejected false. Where nobody listens it is the same. What tells
# them apart is not the state but Association.rejected_contexts: filled in the first case, empty in the second. A
# program that prints "the archive aborted" sends the administrator to the wrong machine. Seen:
#
#   contexts refused by the peer: aborted=True rejected=False rejected_contexts=1
#   nobody listens: aborted=True rejected=False rejected_contexts=0
#   called AE title unknown: aborted=False rejected=True rejected_contexts=0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pynetdicom==3.0.4 pydicom==3.0.1 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage, Verification


def outcome(port: int, called: str = "ARCHIVE") -> tuple[bool, bool, int]:
    sender = AE()
    sender.add_requested_context(CTImageStorage)
    found = sender.associate("127.0.0.1", port, ae_title=called)
    return found.is_aborted, found.is_rejected, len(found.rejected_contexts)


archive = AE("ARCHIVE")
archive.require_called_aet = True
archive.add_supported_context(Verification)
server = archive.start_server(("127.0.0.1", 0), block=False)
port = server.server_address[1]
refused, unknown = outcome(port), outcome(port, "ELSEWHERE")
server.shutdown()
absent = outcome(port)

told = {"contexts refused by the peer": refused, "nobody listens": absent,
        "called AE title unknown": unknown}
for name, (aborted, rejected, contexts) in told.items():
    print(f"{name}: aborted={aborted} rejected={rejected} rejected_contexts={contexts}")
if told != {"contexts refused by the peer": (True, False, 1), "nobody listens": (True, False, 0),
            "called AE title unknown": (False, True, 0)}:
    raise SystemExit("this version does otherwise: the finding is out of date")
PYTHON
