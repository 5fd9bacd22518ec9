"""What is measured, each with the command that reproduces it."""
