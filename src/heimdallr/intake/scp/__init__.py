"""The DICOM listener's C-STORE and C-ECHO SCP.

::

    server.py       sockets: who gets in, how many at a time, TLS, stopping
    admission.py    how many connections and associations at a time (no sockets)
    access.py       which addresses and AE titles may connect (no sockets)
    contexts.py     which SOP classes and transfer syntaxes are accepted
    upper_layer.py  pynetdicom's upper layer, made to wait, to cap and to give up
    direct.py       C-STORE straight from the socket to the file
    inflow.py       the bytes of one connection, read ahead
    fault.py        what ends an association from our side
    commands.py     DIMSE command sets of C-STORE
    storing.py      from bytes to a durable file of the spool, and the status that says so
    presence.py     when each peer was last heard of, for "is my PACS connected?"

pynetdicom keeps negotiation, release and every message but C-STORE. The database is never in the
way of receiving.
"""
