"""Atoms and lattices: shapes, distortions, structures from files."""
