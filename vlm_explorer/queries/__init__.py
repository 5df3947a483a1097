"""A frozen request, a collection and an encoder to a frozen answer.

The command line, the Python API and the window ask here, so that all three give the same numbers.
"""
