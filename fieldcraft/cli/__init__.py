"""The command line. Its entry point is `fieldcraft.cli.main`; commands import heavy modules when they run."""
