"""Content types that the encoders know."""

JSON = "application/json"
CSV = "text/csv"
OCTET_STREAM = "application/octet-stream"
ANY = "*/*"
NPY = "application/x-npy"
#: Bodies of these types are text for scripts.
UTF8_TYPES = [JSON, CSV]
