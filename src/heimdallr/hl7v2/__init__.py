"""HL7 version 2: how messages are written, read, framed and answered; nothing of what they say."""
