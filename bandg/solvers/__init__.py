"""Interior eigenpairs of sparse matrices. It knows matrices alone."""
