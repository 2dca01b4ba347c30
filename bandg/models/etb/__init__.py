"""Empirical tight binding: bulk bands and nanocrystals."""
