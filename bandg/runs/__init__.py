"""Runs jobs that it does not understand, keeps their results, and puts them into one dataset."""
