"""Many points to one picture: transforms, rasteriser, picking, label placement. No Qt here."""
