"""Command sets agree with pynetdicom's reading and writing of them."""

from __future__ import annotations

import struct
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID
from pynetdicom.dimse_messages import C_ECHO_RQ, C_STORE_RQ, DIMSEMessage
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.pdu import P_DATA_TF
from scp_peers import CT, store_command

from heimdallr.intake.scp.commands import (
    StoreCommand,
    is_uid,
    read_store_command,
    store_response,
)


def _encoded(message: DIMSEMessage, primitive: C_STORE | C_ECHO) -> bytes:
    message.primitive_to_message(primitive)
    pdus = list(message.encode_msg(1, 16384))
    return bytes(pdus[0].presentation_data_value_list[0][1])[1:]


def test_a_request_written_by_pynetdicom_is_read() -> None:
    """Message ID, UIDs and whether a data set follows come out as they went in."""
    request = C_STORE()
    request.MessageID, request.Priority = 4711, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = UID(CT), UID("1.2.3")
    request.MoveOriginatorApplicationEntityTitle = "OTHER"
    request.MoveOriginatorMessageID = 3
    request.DataSet = BytesIO(b"\0\0")
    command = read_store_command(_encoded(C_STORE_RQ(), request))
    assert command == StoreCommand(4711, CT, "1.2.3", has_data_set=True)


def test_another_message_is_none_of_ours() -> None:
    """C-ECHO is left to pynetdicom."""
    echo = C_ECHO()
    echo.MessageID, echo.AffectedSOPClassUID = 1, UID("1.2.840.10008.1.1")
    assert read_store_command(_encoded(C_ECHO_RQ(), echo)) is None


def test_a_response_is_read_by_pynetdicom() -> None:
    """All a peer looks at is in it."""
    command = StoreCommand(4711, CT, "1.2.3.40", has_data_set=True)
    pdu = P_DATA_TF()
    pdu.decode(store_response(command, 5, 0xA700))
    message = DIMSEMessage()
    assert message.decode_msg(pdu.to_primitive())
    response = message.message_to_primitive()
    assert isinstance(response, C_STORE)
    assert message.context_id == 5
    assert response.Status == 0xA700
    assert response.MessageIDBeingRespondedTo == 4711
    assert (response.AffectedSOPClassUID, response.AffectedSOPInstanceUID) == (CT, "1.2.3.40")


def test_uids_that_are_none_are_not_repeated() -> None:
    """A response never carries a path or anything else a peer made up."""
    command = StoreCommand(1, "../..", "1.2\n3", has_data_set=True)
    response = store_response(command, 1, 0)
    assert b".." not in response
    assert b"\n" not in response


def test_only_digits_and_dots_make_a_uid() -> None:
    """What may become a name on the disk."""
    assert is_uid("1.2.840.01")
    for text in ("", "../evil", "1.2/3", "1.2\0", "1." * 33, "1.2\n", "¹.²"):
        assert not is_uid(text), text


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(noise: bytes) -> None:
    """Hostile command sets are none, never an error."""
    assert read_store_command(noise) is None or struct.unpack_from("<H", noise)[0] == 0


@given(st.integers(0, 60), st.binary(min_size=1, max_size=4))
def test_no_damage_breaks_the_reader(at: int, damage: bytes) -> None:
    """A request with some bytes overwritten is read or refused, never an error."""
    encoded = bytearray(store_command("1.2.3"))
    encoded[at : at + len(damage)] = damage
    command = read_store_command(bytes(encoded))
    assert command is None or isinstance(command.message_id, int)
