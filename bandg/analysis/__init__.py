"""Curves, sensitivity, inference, mechanisms and fits: comparisons of computed results with data."""
