"""The registry of fine-tuning methods: one file a method, a `crosslift.finetune.bases.method.FinetuneMethod`."""
