"""What is on disk: the scan of folders, headers, the study tree, caption tables."""
