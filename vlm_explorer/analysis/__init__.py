"""Arrays in, arrays out: products and top-k, zero-shot labels, projections, groups."""
