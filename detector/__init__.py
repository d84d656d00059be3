"""The detection core: IQ blocks in, detections out.

Pure functions on arrays around one stateful thing, :class:`detector.pipeline.Pipeline`. Nothing in this package reads a
file, a clock or the environment, writes a log, or decodes what a phone says or who it is.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
