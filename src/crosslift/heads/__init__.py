"""Task models: an encoder with a head, the heads, and the input settings saved with them."""
