"""Benchmarks: each file is one, run by `./deck bench NAME`. docs/performance.md has their results."""
