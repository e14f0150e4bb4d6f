"""The definitions of benchmarks, one world each; none needs its world's package to be imported."""
