"""The window: QtWidgets and pyqtgraph. No logic; colours come from the theme alone."""
