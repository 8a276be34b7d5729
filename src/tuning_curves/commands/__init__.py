"""One file a subcommand of `tuning-curves`: `add_parser` declares it, `run` does it."""
