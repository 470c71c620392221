"""The stages strung together: prepare, segment, analyze, publish."""
