"""The training engine: from a cell to its record. Needs torch, transformers and numpy only."""
