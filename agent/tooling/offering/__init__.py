"""What of its tools a model is offered: made to fit its provider, few enough, the rest found by search."""
