"""The drawn world: pictures made by code, so that what they show is known exactly. It knows no network."""
