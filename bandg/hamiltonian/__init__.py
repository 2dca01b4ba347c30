"""Sites, groups, blocks and moments: matrices of any lattice of sites, independent of the material."""
