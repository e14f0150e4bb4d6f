"""The command line. `fieldcraft.cli.main` is its door; heavy imports happen inside the commands."""
