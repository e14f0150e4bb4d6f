"""Fine-tuning on an annotated corpus."""
