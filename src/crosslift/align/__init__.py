"""Alignment objectives, one file each: how translations are made similar, or words predicted across them."""
