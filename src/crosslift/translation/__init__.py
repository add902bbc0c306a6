"""Translation of examples: the texts that are translated, and the models that translate them."""
