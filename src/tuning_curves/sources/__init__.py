"""Where encoders and questions come from."""
