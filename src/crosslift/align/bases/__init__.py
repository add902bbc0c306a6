"""Bases of alignment objectives: contrastive losses, masking, linked pairs, frozen copies, decoders."""
