"""What a proposal of a task may be, and what the curriculum is shown to make one."""
