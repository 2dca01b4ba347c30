"""Which emulated nanocrystals fit one measured sample, by posterior probability."""
