"""Pre-trained encoders: fetched, verified, fed without padding, their frozen part cached."""
