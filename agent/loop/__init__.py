"""What the loop of `fieldcraft.agent.explorer` consists of: its parts, the attempts at a task, the world."""
