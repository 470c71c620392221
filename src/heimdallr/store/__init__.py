"""What Heimdallr remembers: the database, and the folders of the data folder."""
