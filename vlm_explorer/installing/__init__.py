"""How an encoder gets onto this machine: fetched from its hub, or imported from a file."""
