"""Moving in from another help desk: what its export or its API tells, as records of this house."""
