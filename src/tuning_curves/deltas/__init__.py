"""What a training has changed, kept as a file: answers from it, and whole checkpoints of it."""
