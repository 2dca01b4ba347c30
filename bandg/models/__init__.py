"""Models: each turns parameters and a crystal into levels."""
