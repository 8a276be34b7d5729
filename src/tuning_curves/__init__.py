"""Tuning curves: with n labelled examples, which part of a pre-trained encoder should you tune?"""

__version__ = "1.0.0"
