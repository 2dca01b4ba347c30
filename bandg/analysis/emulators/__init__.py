"""Nanocrystals as polynomials in a few knobs, size by size, made from computed ones."""
