"""What the pages ask of the database; nothing here changes a row of the study's results."""
