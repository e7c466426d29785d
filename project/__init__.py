"""The example project: real flights data, patched and unpatched."""
