"""What is kept beside a run's journal and can be built again from it."""
