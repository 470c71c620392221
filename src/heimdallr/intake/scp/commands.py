"""DIMSE command sets of C-STORE (PS3.7 sections 6.3.1, 9.3.1).

A command set is always Implicit VR Little Endian without nesting: a dozen elements of known
form. Reading and writing these few here, for every image, takes a hundredth of the time a
general DICOM reader needs.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
MISMATCH = 0xA900
"""Data set does not match SOP class; ours for every UID that is not one, too."""
NOT_UNDERSTOOD = 0xC000

_UID = re.compile(r"[0-9.]{1,64}")
_ELEMENT = struct.Struct("<HHI")
_AFFECTED_SOP_CLASS, _COMMAND, _MESSAGE_ID, _DATA_SET_TYPE, _AFFECTED_SOP_INSTANCE = (
    0x0002, 0x0100, 0x0110, 0x0800, 0x1000,
)  # fmt: skip
_C_STORE_RQ, _NO_DATA_SET = 0x0001, 0x0101


@dataclass(frozen=True, slots=True)
class StoreCommand:
    """A C-STORE request, as far as storing needs it. UIDs are as the peer wrote them: unchecked."""

    message_id: int
    sop_class_uid: str
    sop_instance_uid: str
    has_data_set: bool


def is_uid(text: str) -> bool:
    """Whether the text is made of a UID's characters; every UID that becomes a name passes here.

    Leading zeros are let through: devices that write them exist, and they harm nobody.
    """
    return _UID.fullmatch(text) is not None


def read_store_command(encoded: bytes) -> StoreCommand | None:
    """Read a command set; ``None`` when it is not a C-STORE request, or cannot be read."""
    values: dict[int, bytes] = {}
    at = 0
    while at + _ELEMENT.size <= len(encoded):
        group, element, length = _ELEMENT.unpack_from(encoded, at)
        at += _ELEMENT.size
        if group != 0 or at + length > len(encoded):
            return None
        values[element] = encoded[at : at + length]
        at += length
    if at != len(encoded) or _us(values.get(_COMMAND)) != _C_STORE_RQ:
        return None
    message_id, data_set_type = _us(values.get(_MESSAGE_ID)), _us(values.get(_DATA_SET_TYPE))
    if message_id is None or data_set_type is None:
        return None
    return StoreCommand(
        message_id,
        _ui(values.get(_AFFECTED_SOP_CLASS)),
        _ui(values.get(_AFFECTED_SOP_INSTANCE)),
        data_set_type != _NO_DATA_SET,
    )


def store_response(command: StoreCommand, context_id: int, status: int) -> bytes:
    """A C-STORE response as a whole P-DATA-TF PDU (PS3.8 section 9.3.5).

    UIDs that are none are left out of it, rather than repeated.
    """
    body = b""
    if is_uid(command.sop_class_uid):
        body += _element(_AFFECTED_SOP_CLASS, _padded(command.sop_class_uid))
    body += _element(_COMMAND, b"\x01\x80")
    body += _element(0x0120, struct.pack("<H", command.message_id))
    body += _element(_DATA_SET_TYPE, b"\x01\x01")
    body += _element(0x0900, struct.pack("<H", status))
    if is_uid(command.sop_instance_uid):
        body += _element(_AFFECTED_SOP_INSTANCE, _padded(command.sop_instance_uid))
    encoded = _element(0x0000, struct.pack("<I", len(body))) + body
    last_command_fragment = 3
    value = struct.pack(">IBB", len(encoded) + 2, context_id, last_command_fragment) + encoded
    return struct.pack(">BBI", 4, 0, len(value)) + value


def _element(number: int, value: bytes) -> bytes:
    return _ELEMENT.pack(0, number, len(value)) + value


def _padded(uid: str) -> bytes:
    return (uid + "\0" * (len(uid) % 2)).encode("ascii")


def _us(value: bytes | None) -> int | None:
    return int.from_bytes(value, "little") if value is not None and len(value) == 2 else None  # noqa: PLR2004


def _ui(value: bytes | None) -> str:
    return (value or b"").rstrip(b"\0 ").decode("ascii", "replace")
