"""What fine-tuning methods build on: the method contract, batches, and augmented or perturbed inputs."""
