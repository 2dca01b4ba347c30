"""Asks runs and compares with data: curves, sensitivity, inference, mechanisms, fits."""
