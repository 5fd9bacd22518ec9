"""What separates two units: `lettvin compare`."""
