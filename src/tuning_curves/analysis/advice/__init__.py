"""Advice from a study's own runs: what to take at a number of labels, and what more would bring.

`arms` has the runs by method and budget, `choice` says which of them may be the best, `doubling`
what twice as many labels bring, `curve_models` and `target` how many a score needs, `words` puts it
into sentences, and `advise` puts it together: for the command, and for the explorer to look up.
"""
