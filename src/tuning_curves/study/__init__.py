"""A study: its settings, its runs, their records and where they lie."""
