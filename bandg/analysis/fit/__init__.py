"""Parameter sets fitted to bulk bands and bulk properties."""
