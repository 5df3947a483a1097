"""The commands of `vlm-explorer`, one a module; none imports Qt or torch by itself at the start."""
