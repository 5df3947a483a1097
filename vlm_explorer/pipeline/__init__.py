"""Indexing: scan, decode, encode, store; resumable."""
