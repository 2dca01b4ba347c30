"""Sites, groups, blocks and moments: matrices of any lattice of sites. It knows no material."""
