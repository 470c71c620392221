"""From files on disk to one trustworthy volume per study."""
