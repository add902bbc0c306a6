"""What alignment objectives build on: contrastive losses, masking, linked pairs, frozen copies, decoders."""
