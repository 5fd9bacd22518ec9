"""The networks under study: pictures go in, activation maps of named layers come out."""
