"""Measured points, reference bands and computed curves that ship with bandg (read through ``bandg.resources``)."""
