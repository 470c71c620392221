#!/usr/bin/env bash
# hl7v2-fhir-bridge answers AA to a result and makes no Observation of its numbers.
#
# What a good engineer would guess: a bridge from ORU^R01 to FHIR makes an Observation of an OBX of
# type NM, the commonest of all, or answers AE where it cannot.
#
# What happens (hl7v2-fhir-bridge 0.1.0 from PyPI): the message is accepted (AA). Of two OBX, a text
# and a number, the text reaches the bundle's report, the number is nowhere in it; a warning stands
# in an ERR segment behind the AA, which few senders read. Seen:
#
#   MSA AA
#   warned: OBX value type 'NM' is not mapped (kept in provenance only)
#   bundle: Patient ServiceRequest DiagnosticReport Provenance
#   the text is in it: True, the number is in it: False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet hl7v2-fhir-bridge==0.1.0 2>/dev/null
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import json
import socket
import sys
from pathlib import Path

from v2fhir.bridge import Bridge
from v2fhir.config import Config
from v2fhir.mllp import MLLPServer, ServerThread, bridge_handler

MESSAGE = "\r".join((
    r"MSH|^~\&|SENDER|RADIOLOGY|RECEIVER|RECORD|20260101120000||ORU^R01^ORU_R01|1|P|2.5.1"
    "||||||UNICODE UTF-8",
    "PID|1||4711^^^HOSPITAL^MR||DOE^JANE||19600101|F",
    "OBR|1|P1|F1|CTABD^CT abdomen^L|||20260101110000" + 17 * "|" + "CT|P",
    "OBX|1|NM|VOL^volume of the liver^L||1432.5|cm3^^UCUM|||||P",
    "OBX|2|TX|IMP^impression^L||liver of usual size||||||P",
    "",
)).encode()

bundles = Path(sys.argv[1]) / "bundles"
server = ServerThread(
    MLLPServer(bridge_handler(Bridge(Config(out_dir=str(bundles)))), "127.0.0.1", 0)
).start()
with socket.create_connection(("127.0.0.1", server.port), 10) as peer:
    peer.sendall(b"\x0b" + MESSAGE + b"\x1c\r")
    answer = b""
    while not answer.endswith(b"\x1c\r"):
        answer += peer.recv(65536)
server.stop()
segments = [one.split("|") for one in answer.decode().strip("\x0b\x1c\r").split("\r")]
code = next(one[1] for one in segments if one[0] == "MSA")
print("MSA", code)
for one in segments:
    if one[0] == "ERR" and "NM" in one[-1]:
        print("warned:", one[-1])
made = [json.loads(path.read_text("utf-8")) for path in bundles.glob("*")]
print("bundle:", *(entry["resource"]["resourceType"] for one in made for entry in one["entry"]))
text = json.dumps(made)
print(f"the text is in it: {'usual size' in text}, the number is in it: {'1432.5' in text}")
if code != "AA" or not made or "1432.5" in text:
    raise SystemExit("the number arrives, or is refused: the finding is out of date")
PYTHON
