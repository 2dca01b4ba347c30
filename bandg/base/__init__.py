"""Tools that every part of bandg uses: errors, text, units, files, cache. They import nothing else of bandg."""
