"""The one training loop, what it asks of a method, and the streams that feed it."""
