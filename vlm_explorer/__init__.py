"""Explore medical images and words in one embedding space. Research use, not for diagnosis."""
