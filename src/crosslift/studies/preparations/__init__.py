"""What makes files that recipes need: a file each, with a function `prepare` that returns values for recipes."""
