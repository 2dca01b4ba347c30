"""Posteriors of parameters and evidences of models, given measured g-factors."""
