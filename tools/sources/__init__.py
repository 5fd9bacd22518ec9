"""Where the pictures of a data set come from."""
