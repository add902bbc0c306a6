"""Task models: an encoder with a head, the heads themselves, and the settings that are saved with them."""
