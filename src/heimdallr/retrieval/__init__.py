"""Getting studies from archives, and facts of the patient from the record, when asked to."""
