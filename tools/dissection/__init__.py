"""One pass over a data source for all units of the chosen layers."""
