"""What keeps the store small, whole and restorable: retention, deletion, backup, rebuilding."""
