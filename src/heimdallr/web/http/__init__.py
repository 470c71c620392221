"""What surrounds every request: connections, limits, compression, problems, HEAD, metrics."""
