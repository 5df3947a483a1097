"""What moved a score: attention and occlusion maps, laid back onto the scan."""
