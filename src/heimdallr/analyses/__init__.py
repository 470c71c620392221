"""One short pure module per analysis, behind one Protocol and an explicit registry."""
