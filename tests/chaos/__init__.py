"""Whole processes of the product under kills without warning, and the check that nothing was lost or done twice."""
