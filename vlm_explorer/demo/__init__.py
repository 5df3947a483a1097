"""The synthetic demonstration study, and the training of the bundled encoder."""
