"""The language model: scored and sampled from, in batches."""
