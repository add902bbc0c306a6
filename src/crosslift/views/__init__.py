"""Other views of an example: the same sentence with some words in another language, at random or at worst."""
