"""Figures with what they are compared to, measured side by side in one run."""
