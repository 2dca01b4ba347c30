"""What was measured or computed elsewhere."""
