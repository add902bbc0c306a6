"""Bases of fine-tuning methods: the method contract, batches, views, perturbations and contrasts."""
