"""What `heimdallr demo` is made of: a whole system to show, and measured against true."""
