"""One module per subcommand, named as the command is."""
