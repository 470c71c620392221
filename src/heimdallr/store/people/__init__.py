"""Who may come in: accounts and passwords, sign-in and sessions, tokens of programs."""
