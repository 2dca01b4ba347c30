"""k.p theory: the symbolic Hamiltonian, its laws, and the 8-band envelope model."""
