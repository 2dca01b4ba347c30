"""Symbolic k.p around R: the 8-band Hamiltonian, what follows from it, and confined envelope states."""
