"""The training engine: from a run to its record. Needs torch, transformers and numpy only."""
