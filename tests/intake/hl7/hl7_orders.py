"""HL7 messages as a RIS sends them."""

from __future__ import annotations


def order(
    *observations: str,
    kind: str = "ORM^O01^ORM_O01",
    patient: str = "P-77^^^HOSPITAL^MR",
    character_set: str = "UNICODE UTF-8",
    processing: str = "P",
    version: str = "2.5.1",
    visit: str = "PV1|1|O",
) -> bytes:
    """A message with these OBX segments (from OBX-2 on)."""
    header = ["MSH", "^~\\&", "RIS", "HOSPITAL", "HEIMDALLR", "RAD", "20260201080000-0300", ""]
    header += [kind, "RIS001", processing, version, *[""] * 5, character_set]
    lines = [
        "|".join(header),
        f"PID|1||{patient}||SILVA^MARIA JOSÉ||19600102|F",
        visit,
        "ORC|NW|PL-1|FI-1",
        "OBR|1|PL-1|FI-1|TCABD^TC de abdome^99HOSP||||||||||||||123456",
        *(f"OBX|{number}|{rest}" for number, rest in enumerate(observations, 1)),
    ]
    codec = "latin-1" if character_set == "8859/1" else "utf-8"
    return ("\r".join(lines) + "\r").encode(codec)


def admission(
    event: str,
    patient_class: str,
    *,
    at: str,
    visit: str = "V-9",
    patient: str = "P-77^^^HOSPITAL^MR",
    account: str = "",
    began: str = "",
    ended: str = "",
) -> bytes:
    """An ADT message, ``A01`` say; times as HL7 writes them."""
    lines = [
        f"MSH|^~\\&|ADT|HOSPITAL|HEIMDALLR|RAD|20260201200000||ADT^{event}|A-1|P|2.5.1",
        f"EVN|{event}|{at}",
        f"PID|1||{patient}||SILVA^MARIA||19600102|F{'|' * 10}{account}",
        f"PV1|1|{patient_class}{'|' * 17}{visit}{'|' * 25}{began}|{ended}",
    ]
    return ("\r".join(lines) + "\r").encode()


HEIGHT = "NM|8302-2^Body height^LN||162|cm^centimetre^UCUM|||||F|||20260131"
WEIGHT = "NM|29463-7^Body weight^LN||70,5|kg|||||F|||202601311200"
