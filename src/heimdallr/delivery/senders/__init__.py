"""One module per kind of peer; each says of every item what became of it."""
