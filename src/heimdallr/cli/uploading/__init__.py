"""What `heimdallr upload` is made of: packing folders, sending, following a study to its end."""
