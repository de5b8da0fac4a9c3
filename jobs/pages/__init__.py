"""The pages: each view fetches with the access check, calls one verb, responds."""
