"""What the TensorFlow Serving container does: the serving API, and the service in front of it.

Modules import one another relatively, so that the server finds them beside serve.py and tests find them in the engine.
"""
