"""What a case's results say on paper: the rows of its values, the report of one page, its PDF."""
