"""When a call of a model fails: what an error says, whether and when it is worth asking again."""
