"""Runs jobs, caches their results, and collects them in one dataset."""
