"""Parameter sets: names, schema, loading, defensible ranges."""
