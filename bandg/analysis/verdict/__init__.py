"""Predictions from bulk knowledge alone beside the measured g-factors, and what they are worth."""
