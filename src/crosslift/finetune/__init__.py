"""Fine-tuning methods, one file each: how a task is learned from source-language labels."""
