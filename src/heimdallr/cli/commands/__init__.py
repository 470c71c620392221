"""One module per subcommand, named as the command is; each loads what it needs when it runs."""
