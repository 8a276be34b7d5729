"""Tasks: what is read, how it is windowed, the head, the loss and the metrics."""
