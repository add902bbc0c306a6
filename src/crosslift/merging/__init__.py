"""Merging of the weights of several models, and the card of the merged model."""
