"""Pixels and words to unit vectors in one space: registry, model folders, towers."""
