"""Sparse empirical tight binding: orbitals, Slater-Koster integrals, bulk bands and nanocrystals."""
