"""One page to look at the results of studies: its data (`data`), and how it is put together."""
