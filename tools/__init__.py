"""The instruments a researcher, human or model, looks at a unit with."""
