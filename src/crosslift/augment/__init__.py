"""Augmented views of a text: code-switching, adversarial replacements, and the candidates that they draw on."""
