"""Jobs to be: presets, options, preflight, and the submission of a job."""
