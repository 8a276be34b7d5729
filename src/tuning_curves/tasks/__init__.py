"""What is read, how it is windowed, the head, the loss and the metrics: one file or folder a task."""
