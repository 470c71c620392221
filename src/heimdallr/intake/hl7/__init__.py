"""HL7 messages of orders and admissions: who will come, of which class, how tall and heavy.

Off unless a port is set. ``facts`` and ``visits`` read one message, ``answering`` says AA, AE or AR
to it, ``server`` has the sockets.
"""
