"""Extractive question answering in the layout of SQuAD v1.1."""
