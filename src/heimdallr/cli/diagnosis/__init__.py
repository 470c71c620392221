"""The checks of `heimdallr doctor` that open the database or the data folder."""
