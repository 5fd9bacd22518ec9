"""Neurons whose behaviour is known, as targets that the tools cannot tell from a network."""
