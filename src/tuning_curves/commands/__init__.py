"""The command line: a file a subcommand, where `add_parser` declares it and `run` does it."""
