"""Merging the weights of several models into one, and the merged model's card."""
