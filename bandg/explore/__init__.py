"""The page that shows emulated curves beside measured points, with sliders: one HTML file."""
