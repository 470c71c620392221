"""What `heimdallr doctor` looks at."""
