"""The likelihoods: one module a family, each with its value, gradient and Hessian on weighted tuples, and what it says of a history."""
