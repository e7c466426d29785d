"""The projects whose migrations ``python -m benchmarks.lint_corpus`` reads, pinned."""
