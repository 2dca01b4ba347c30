"""What each parameter does to g: derivatives, screening and variance-based indices."""
