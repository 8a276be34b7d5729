"""The report: figures, tables for reading, the numbers of the prose, and the paper.

Everything here is made from the tables of the analysis, the study and `paper/`; records are never
read.
"""
