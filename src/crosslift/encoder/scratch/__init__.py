"""TODO scratch."""
