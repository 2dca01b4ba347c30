"""Fits of tight-binding sets to bands: jobs, residuals with exact derivatives, solution, errors and report."""
