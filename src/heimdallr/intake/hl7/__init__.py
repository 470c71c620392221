"""HL7 messages of orders and admissions: who will come, and how tall and heavy they are.

Off unless a port is set. ``facts`` reads one message, ``answering`` says AA, AE or AR to it,
``server`` has the sockets.
"""
