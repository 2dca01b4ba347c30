"""The public functions `compute`, `bulk` and so on: they turn words into jobs."""
