"""What every part of bandg uses: errors, text, units, files, cache. It imports nothing else of bandg."""
