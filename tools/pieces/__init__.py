"""Single organs in small volumes, with known truth, for testing one measurement at a time."""
