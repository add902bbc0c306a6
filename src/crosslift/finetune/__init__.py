"""The registry of fine-tuning methods: one file per method, a `crosslift.finetune.bases.method.FinetuneMethod`."""
