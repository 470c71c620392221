"""The DICOM listener's C-STORE and C-ECHO SCP.

::

    server.py       sockets: accepting and refusing connections, TLS, stopping
    admission.py    limits on connections and associations at a time (no sockets)
    access.py       which addresses and AE titles may connect (no sockets)
    contexts.py     which SOP classes and transfer syntaxes are accepted
    upper_layer.py  pynetdicom's upper layer with limits, and without polling
    direct.py       C-STORE straight from the socket to the file
    inflow.py       read-ahead buffer for the bytes of one connection
    fault.py        the error that aborts an association
    commands.py     DIMSE command sets of C-STORE
    storing.py      writes objects to the spool and decides their status
    presence.py     when each peer was last heard of, for "is my PACS connected?"

pynetdicom keeps negotiation, release and every message but C-STORE. The database is never in the
way of receiving.
"""
