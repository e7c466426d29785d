"""Generated rows, generated patches and generated later writes: what undo has to keep to, whatever they are."""
