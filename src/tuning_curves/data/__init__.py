"""Fetch data, check it, and draw subsets of it."""
