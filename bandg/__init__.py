"""Band structure and g-factors of perovskite nanocrystals, from parameter sets that carry their sources."""

__version__ = "0.1.0"
