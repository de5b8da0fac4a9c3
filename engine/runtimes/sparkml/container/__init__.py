"""What the container does with a request, without HTTP. Parts import each other by relative names only, so that a
model server finds this package beside its program.
"""
