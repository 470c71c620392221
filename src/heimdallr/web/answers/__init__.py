"""What the endpoints' answers are put together from: case folders, files, live changes, tables."""
