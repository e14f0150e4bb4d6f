"""The offline model, which needs no API key: a chat model, and its rule-based programmer."""
