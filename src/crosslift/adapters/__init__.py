"""TODO adapters."""
