"""Examples in another language: which texts of an example are translated, and the models that translate them."""
