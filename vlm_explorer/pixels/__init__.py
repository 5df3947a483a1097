"""Files to arrays: decoding, modality LUT and window, rendering, thumbnails."""
