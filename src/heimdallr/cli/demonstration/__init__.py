"""What `heimdallr demo` is made of: a whole system, and a comparison with the truth."""
