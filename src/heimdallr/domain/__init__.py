"""Studies, measurements, anatomy, errors: what the whole system talks about."""
